"""Read a Puppetfile from its declarations, and detect conflicting directories.

Also used to check pinner's own output. The maximum length of the text limits time and memory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.text import quoted
from pinner.puppet.puppetfile.r10k import judge_module, kind_of
from pinner.puppet.puppetfile.values import (
    DEFAULT_MODULEDIR,
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
)
from pinner.puppet.ruby.declarations import Declaration, RubyPair, Symbol, UnreadableRuby
from pinner.puppet.ruby.evaluate import Evaluated, evaluate_declarations
from pinner.puppet.ruby.expressions import EnvironmentDefault

WORDS: Final = frozenset({"mod", "moduledir", "forge", "exclusion"})
_SETTINGS: Final = frozenset({"moduledir", "forge", "exclusion"})
_WORDS: Final = "r10k accepts mod, moduledir, forge and exclusion"
SHOWN: Final = 5
"""Number of modules that a message names."""
_LEFT_OUT: Final = "it is skipped, the rest is read"
_ARGUMENTS: Final = "'mod' takes a module name and either a version or options"


@dataclass(frozen=True, slots=True)
class Setting:
    """A `moduledir`, `forge` or `exclusion` with its only argument."""

    word: str
    value: str
    place: Location


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The problem with something that is missing from the result."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Taken:
    """A default that was taken in place of an environment variable of the run.

    `is_plain` means that the file itself calls it a default: `ENV.fetch('X', 'default')`.
    """

    problem: Problem
    is_plain: bool


Item = PuppetfileModule | Setting | LeftOut | Taken | Problem


def read_declaration(statement: Evaluated, path: str) -> Iterator[Item]:
    """Yield the contents of the statement and every problem with it."""
    place = Location(path, statement.line, statement.column)
    if isinstance(statement, EnvironmentDefault):
        shown = quoted(statement.default) if isinstance(statement.default, str) else "its default"
        what = f"the environment variable {quoted(statement.variable)}"
        message = (
            f"{what} is not read: {shown} is used" if statement.is_fetch else f"{what} may replace {shown}"
        )
        yield Taken(Problem(message, place), is_plain=statement.is_fetch)
    elif isinstance(statement, UnreadableRuby):
        yield _left_out(statement, place)
    elif statement.word == "mod":
        yield from _read_module(statement, place)
    elif statement.word in _SETTINGS:
        values = [argument.value for argument in statement.arguments]
        if len(values) == 1 and isinstance(values[0], str) and not statement.pairs:
            yield Setting(statement.word, values[0], place)
        else:
            yield LeftOut(Problem(f"'{statement.word}' takes one string", place, _LEFT_OUT))
    else:
        yield LeftOut(
            Problem(f"{quoted(statement.word)} is not a declaration of a Puppetfile", place, _WORDS)
        )


def _left_out(statement: UnreadableRuby, place: Location) -> LeftOut:
    hint = _LEFT_OUT
    if statement.is_rest:
        hint = "the rest of the file is not read"
    elif statement.last_line > statement.line:
        hint = f"everything up to line {statement.last_line} is skipped, the rest is read"
    begun, subject = statement.begun, ""
    if begun:
        name = begun.arguments[0].value if begun.word == "mod" and begun.arguments else None
        subject = f"module {quoted(name)}: " if isinstance(name, str) else f"{quoted(begun.word)}: "
    elif len(statement.modules) == 1 and statement.modules[0]:
        subject = f"module {quoted(statement.modules[0])}: "
    return LeftOut(Problem(f"{subject}{statement.reason}{_dependents(statement.modules)}", place, hint))


def _dependents(names: Sequence[str]) -> str:
    """Return the end of a message that lists the modules that depend on one unknown value."""
    named = [name for name in names if name]
    if len(named) < 2:  # noqa: PLR2004 - one needs no list
        return ""
    shown = ", ".join(map(quoted, named[:SHOWN]))
    if len(named) > SHOWN:
        shown += f" and {len(named) - SHOWN} more"
    return f" (for the modules {shown})"


def _read_module(statement: Declaration, place: Location) -> Iterator[Item]:
    name, *versions = [argument.value for argument in statement.arguments] or [None]
    if not isinstance(name, str) or len(versions) > 1:
        yield LeftOut(Problem(_ARGUMENTS, place, _LEFT_OUT))
        return
    version = tuple(Option("version", value, place) for value in versions)
    if not statement.pairs:
        options = version or (Option("version", None, place),)
        yield from _judged(PuppetfileModule(name, ModuleKind.FORGE, options, place))
        return
    yield from _judge_keys(name, statement.pairs, place.path)
    yield from _read_with_options(name, version, statement.pairs, place)


def _read_with_options(
    name: str, version: tuple[Option, ...], pairs: Sequence[RubyPair], place: Location
) -> Iterator[Item]:
    options = _read_options(pairs, place.path)
    kind = kind_of(options)
    if kind is None and version:
        yield LeftOut(Problem(_ARGUMENTS, place, _LEFT_OUT))
        return
    if kind is None:
        message = f"module {quoted(name)}: r10k recognizes no kind of module from these options"
        yield LeftOut(Problem(message, place, _LEFT_OUT))
        return
    if version:
        yield Problem(_ARGUMENTS, place, "only librarian-puppet accepts both")
    yield from _judged(PuppetfileModule(name, kind, (*version, *options), place))


def _judged(module: PuppetfileModule) -> Iterator[Item]:
    yield module
    yield from judge_module(module)


def _judge_keys(name: str, pairs: Sequence[RubyPair], path: str) -> Iterator[Item]:
    seen: set[str] = set()
    for pair in pairs:
        place = Location(path, pair.line, pair.column)
        if not isinstance(pair.key, Symbol):
            message = f"module {quoted(name)}: an option's name must be a symbol such as :git"
            yield LeftOut(Problem(message, place, _LEFT_OUT))
        elif pair.key.name in seen:
            yield Problem(f"module {quoted(name)}: :{pair.key.name} is repeated: the last one counts", place)
        else:
            seen.add(pair.key.name)


def _read_options(pairs: Sequence[RubyPair], path: str) -> tuple[Option, ...]:
    """Return the options; of two with the same name the last one, at its position, as in Ruby."""
    option_by_name: dict[str, Option] = {}
    for pair in pairs:
        if isinstance(pair.key, Symbol):
            option_by_name.pop(pair.key.name, None)
            place = Location(path, pair.line, pair.column)
            option_by_name[pair.key.name] = Option(pair.key.name, pair.value, place)
    return tuple(option_by_name.values())


def path_of(module: PuppetfileModule, moduledir: str) -> str:
    """Return the module's own directory, relative to the environment's."""
    parent = module.install_path or moduledir
    return module.directory if parent == "." else f"{parent}/{module.directory}"


def check_directories(puppetfile: Puppetfile) -> Iterator[Problem]:
    """Yield modules with the same name, which r10k refuses, and nested modules, which it accepts."""
    seen: set[str] = set()
    paths = {path_of(module, puppetfile.moduledir) for module in puppetfile.modules}
    for module in puppetfile.modules:
        if module.directory in seen:
            yield Problem(f"two modules have the directory {quoted(module.directory)}", module.place)
        seen.add(module.directory)
        flaw = _overlap(path_of(module, puppetfile.moduledir), paths, moduledir=puppetfile.moduledir)
        if flaw:
            yield Problem(f"module {quoted(module.name)}: {flaw}", module.place)


def _overlap(path: str, paths: set[str], *, moduledir: str) -> str | None:
    if f"{moduledir}/".startswith(f"{path}/"):
        return f"its directory {quoted(path)} is or contains the moduledir"
    segments = path.split("/")
    ancestors = ("/".join(segments[:length]) for length in range(1, len(segments)))
    inside = next((ancestor for ancestor in ancestors if ancestor in paths), None)
    return (
        f"its directory {quoted(path)} is inside that of another module, {quoted(inside)}" if inside else None
    )


LONGEST: Final = 1_000_000
"""Maximum length, in characters, of a Puppetfile that is read."""
MOST_PROBLEMS: Final = 100
"""Number of problems that are reported in full; only the number of further ones is."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The contents of a Puppetfile, and problems in file order: what cannot be read or is invalid for r10k.

    Without problems, r10k reads the same modules and nothing else. `unread` are the problems with something
    that is missing from `puppetfile`; `assumed` are the problems with values of the run that were read as
    their defaults, and `notes` the defaults that the file itself names so. `moduledirs` are all that the file
    sets; r10k applies each to the modules after it: `moduledir_by_module` has the one of each module.
    """

    puppetfile: Puppetfile
    problems: tuple[Problem, ...] = ()
    unread: tuple[Problem, ...] = ()
    moduledirs: tuple[tuple[Location, str], ...] = ()
    moduledir_by_module: tuple[str, ...] = field(default=(), compare=False)
    assumed: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def read_puppetfile(content: str | bytes, *, path: str = "Puppetfile") -> Reading:
    """Read a Puppetfile; `path` is used only in problems. Nothing raises."""
    if len(content) > LONGEST:
        message = f"the file is longer than {LONGEST} characters"
        refusal = Problem(message, Location(path), "it is not read")
        return Reading(Puppetfile(), (refusal,), (refusal,))
    text, broken = _decode(content, path)
    statements = evaluate_declarations(text, WORDS)
    items = [item for statement in statements for item in read_declaration(statement, path)]
    modules = tuple(item for item in items if isinstance(item, PuppetfileModule))
    settings = [item for item in items if isinstance(item, Setting)]
    unread = [item.problem for item in items if isinstance(item, LeftOut)]
    taken = [item for item in items if isinstance(item, Taken)]
    assumed = [item.problem for item in taken if not item.is_plain]
    problems = [*broken, *unread, *assumed, *(item for item in items if isinstance(item, Problem))]
    problems += [*_judge_directories(modules), *_judge_settings(items)]
    last = {setting.word: setting.value for setting in settings}
    exclusions = tuple(setting.value for setting in settings if setting.word == "exclusion")
    return Reading(
        Puppetfile(modules, last.get("moduledir", DEFAULT_MODULEDIR), last.get("forge"), exclusions),
        _first_problems(problems),
        _first_problems(unread),
        tuple((setting.place, setting.value) for setting in settings if setting.word == "moduledir"),
        tuple(_moduledirs(items)),
        _first_problems(assumed),
        tuple(item.problem for item in taken if item.is_plain),
    )


def _moduledirs(items: Sequence[Item]) -> Iterator[str]:
    """Yield the moduledir of each module: the last one that was set before it."""
    current = DEFAULT_MODULEDIR
    for item in items:
        if isinstance(item, Setting) and item.word == "moduledir":
            current = item.value
        elif isinstance(item, PuppetfileModule):
            yield current


def _decode(content: str | bytes, path: str) -> tuple[str, list[Problem]]:
    if isinstance(content, str):
        return content, []
    try:
        return content.decode(), []
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return content.decode(errors="replace"), [Problem("these bytes are not UTF-8", Location(path, line))]


def _judge_directories(modules: Sequence[PuppetfileModule]) -> Iterator[Problem]:
    """Yield modules with the directory name of an earlier module, in any location: r10k refuses them."""
    first_by_directory: dict[str, PuppetfileModule] = {}
    for module in modules:
        first = first_by_directory.setdefault(module.directory, module)
        if first is not module:
            line = first.place.line if first.place else None
            message = f"module {quoted(module.name)}: '{module.directory}' is already declared in line {line}"
            yield Problem(message, module.place)


def _judge_settings(items: Sequence[Item]) -> Iterator[Problem]:
    """Yield each `moduledir` that r10k applies to only some of the modules."""
    has_module = False
    for item in items:
        has_module = has_module or isinstance(item, PuppetfileModule)
        if isinstance(item, Setting) and item.word == "moduledir" and has_module:
            message = "r10k applies 'moduledir' only to the modules after it, pinner to all: write it first"
            yield Problem(message, item.place)


def _first_problems(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    positions = (
        (problem.place and (problem.place.line or 0, problem.place.column or 0)) or (0, 0)
        for problem in problems
    )
    ordered = [problem for _, problem in sorted(zip(positions, problems, strict=True), key=itemgetter(0))]
    if len(ordered) <= MOST_PROBLEMS:
        return tuple(ordered)
    more = Problem(f"there are {len(ordered) - MOST_PROBLEMS} more problems", ordered[MOST_PROBLEMS].place)
    return (*ordered[:MOST_PROBLEMS], more)
