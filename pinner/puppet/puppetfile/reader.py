"""The reader of Puppetfiles: literals only, nothing run. What is no literal is told with its place, the rest is read.

It also checks our own output. Time and memory are bounded by the longest text that is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pinner.puppet.names import quoted
from pinner.puppet.puppetfile.declared import LeftOut, Setting, read_declaration
from pinner.puppet.puppetfile.values import DEFAULT_MODULEDIR, Puppetfile, PuppetfileModule
from pinner.puppet.ruby.declarations import read_declarations
from pinner.words.places import Place
from pinner.words.problems import Problem

LONGEST: Final = 1_000_000
"""Characters of the longest Puppetfile that is read."""
MOST_PROBLEMS: Final = 100
"""Problems that are told in full; of the others only the number."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and in the file's order what could not be, or is not as r10k wants it.

    Without problems r10k, too, reads these modules and nothing else. `unread` are those of the problems that name
    what is missing in `puppetfile`. `moduledirs` are all there are, each of which r10k applies to the modules after it.
    """

    puppetfile: Puppetfile
    problems: tuple[Problem, ...] = ()
    unread: tuple[Problem, ...] = ()
    moduledirs: tuple[tuple[Place, str], ...] = ()


def read_puppetfile(content: str | bytes, *, path: str = "Puppetfile") -> Reading:
    """Read a Puppetfile; `path` is only named in the problems. Nothing raises."""
    if len(content) > LONGEST:
        message = f"this is longer than {LONGEST} characters: no Puppetfile is"
        refusal = Problem(message, Place(path), "nothing of it is read")
        return Reading(Puppetfile(), (refusal,), (refusal,))
    text, broken = _decode(content, path)
    items = [item for statement in read_declarations(text) for item in read_declaration(statement, path)]
    modules = tuple(item for item in items if isinstance(item, PuppetfileModule))
    settings = [item for item in items if isinstance(item, Setting)]
    unread = [item.problem for item in items if isinstance(item, LeftOut)]
    problems = [*broken, *unread, *(item for item in items if isinstance(item, Problem))]
    problems += [*_judge_directories(modules), *_judge_settings(settings, modules)]
    return Reading(
        _puppetfile(modules, settings),
        _first_problems(problems),
        _first_problems(unread),
        tuple((setting.place, setting.value) for setting in settings if setting.word == "moduledir"),
    )


def _decode(content: str | bytes, path: str) -> tuple[str, list[Problem]]:
    if isinstance(content, str):
        return content, []
    try:
        return content.decode(), []
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return content.decode(errors="replace"), [Problem("these bytes are not UTF-8", Place(path, line))]


def _puppetfile(modules: tuple[PuppetfileModule, ...], settings: Sequence[Setting]) -> Puppetfile:
    last = {setting.word: setting.value for setting in settings}
    exclusions = tuple(setting.value for setting in settings if setting.word == "exclusion")
    return Puppetfile(modules, last.get("moduledir", DEFAULT_MODULEDIR), last.get("forge"), exclusions)


def _judge_directories(modules: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield the modules that have the directory of an earlier one, wherever it is: r10k refuses those."""
    first_by_directory: dict[str, PuppetfileModule] = {}
    for module in modules:
        first = first_by_directory.setdefault(module.directory, module)
        if first is not module:
            line = first.place.line if first.place else None
            message = f"module {quoted(module.name)}: '{module.directory}' is declared in line {line} already"
            yield Problem(message, module.place)


def _judge_settings(settings: Sequence[Setting], modules: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield each `moduledir` that r10k applies to some of the modules only."""
    first_module = min((module.place for module in modules if module.place), default=None)
    for setting in settings:
        if setting.word == "moduledir" and first_module and first_module < setting.place:
            message = "'moduledir' counts only for the modules after it, here for all: write it first"
            yield Problem(message, setting.place)


def _first_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    ordered = sorted(problems, key=_position)
    if len(ordered) <= MOST_PROBLEMS:
        return tuple(ordered)
    more = Problem(f"there are {len(ordered) - MOST_PROBLEMS} more problems", ordered[MOST_PROBLEMS].place)
    return (*ordered[:MOST_PROBLEMS], more)


def _position(problem: Problem) -> tuple[int, int]:
    place = problem.place
    return (place.line or 0, place.column or 0) if place else (0, 0)
