"""Read a Puppetfile by r10k's rules: the options of modules, sources, names of environments, conflicting directories.

Also used to check pinner's own output. The maximum length of the text limits time and memory.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import Final

from pinner.model.errors import Location, Problem
from pinner.model.manifest import Text
from pinner.model.text import quoted
from pinner.puppet.names import check_forge_version
from pinner.puppet.ruby.declarations import Declaration, Literal, RubyPair, Symbol, UnreadableRuby
from pinner.puppet.ruby.evaluate import Evaluated, evaluate_declarations
from pinner.puppet.ruby.expressions import EnvironmentDefault

DEFAULT_MODULEDIR: Final = "modules"
REFS: Final = ("ref", "branch", "tag", "commit", "version")
"""Options of a git module that r10k treats as synonyms; the last one counts."""


class ModuleKind(StrEnum):
    """Where r10k takes a module from; the last two are librarian-puppet's and unknown to r10k."""

    GIT = "git"
    SVN = "svn"
    LOCAL = "local"
    FORGE = "forge"
    TARBALL = "tarball"
    GITHUB_TARBALL = "github_tarball"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a module; the version of a Forge module is an option too, in either notation."""

    name: str
    value: Literal
    place: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PuppetfileModule:
    """A `mod`; `name` is as written (`nova`, `acme/facts`).

    `options` are in file order and have different names. `comment` is written above the module and not read
    back.
    """

    name: str
    kind: ModuleKind
    options: tuple[Option, ...] = ()
    place: Location | None = field(default=None, compare=False)
    comment: str | None = field(default=None, compare=False)

    @property
    def directory(self) -> str:
        """Return the name of the directory in which it is installed: the name without its owner."""
        return self.name.replace("-", "/").rpartition("/")[2]

    @property
    def git(self) -> str | None:
        """Return the URL of a git module."""
        return self._last_text(("git", "source")) if self.kind is ModuleKind.GIT else None

    @property
    def ref(self) -> str | None:
        """Return the ref of a git module, given by any of the options in REFS; None without one."""
        return self._last_text(REFS) if self.kind is ModuleKind.GIT else None

    @property
    def version(self) -> str | None:
        """Return the version of a Forge module."""
        return self.text("version") if self.kind is ModuleKind.FORGE else None

    @property
    def install_path(self) -> str | None:
        """Return the directory, relative to the environment's, that contains the module's own directory.

        r10k appends the module's name: `install_path: hiera` puts `hieradata` at
        `<environment>/hiera/hieradata`, `.` at `<environment>/hieradata`. None means the moduledir. r10k
        purges all other contents of such a directory (except `.`).
        """
        return self.text("install_path")

    def text(self, name: str) -> str | None:
        """Return the value of an option if it is a string."""
        return self._last_text((name,))

    def _last_text(self, names: tuple[str, ...]) -> str | None:
        """Return the last value of all these options, as r10k does with synonyms."""
        values = [option.value for option in self.options if option.name in names]
        return values[-1] if values and isinstance(values[-1], str) else None


@dataclass(frozen=True, slots=True)
class Puppetfile:
    """All modules in file order.

    `forge` is an address that r10k uses only if its own configuration allows it.
    """

    modules: tuple[PuppetfileModule, ...] = ()
    moduledir: str = DEFAULT_MODULEDIR
    forge: str | None = None
    exclusions: tuple[str, ...] = ()


def git_module(
    name: str, git: str, commit: str, *, install_path: str | None = None, comment: str | None = None
) -> PuppetfileModule:
    """Return a module pinned to a commit of a git repository."""
    parent = () if install_path is None else (Option("install_path", install_path),)
    options = (Option("git", git), *parent, Option("ref", commit))
    return PuppetfileModule(name, ModuleKind.GIT, options, comment=comment)


def forge_module(name: str, version: str, *, install_path: str | None = None) -> PuppetfileModule:
    """Return a module (`owner/module`) in one exact version from the Forge."""
    parent = () if install_path is None else (Option("install_path", install_path),)
    options = (Option("version", version), *parent)
    return PuppetfileModule(name, ModuleKind.FORGE, options)


_TITLE: Final = re.compile(r"(?:([A-Za-z0-9_]+)[-/])?([A-Za-z0-9_]+)")
_COMMON: Final = ("type", "install_path", "exclude_spec")
_KNOWN: Final = {
    ModuleKind.GIT: (*_COMMON, *REFS, "git", "source", "default_branch", "default_branch_override"),
    ModuleKind.SVN: (*_COMMON, "svn", "source", "rev", "revision", "version", "username", "password"),
    ModuleKind.LOCAL: (*_COMMON, "local", "version"),
    ModuleKind.FORGE: (*_COMMON, "version", "source"),
    ModuleKind.TARBALL: (*_COMMON, "source", "version", "checksum"),
    ModuleKind.GITHUB_TARBALL: ("github_tarball", "version"),
    ModuleKind.PATH: ("path", "version"),
}
_LIBRARIANS: Final = (ModuleKind.GITHUB_TARBALL, ModuleKind.PATH)
_SYNONYMS: Final = {
    ModuleKind.GIT: (REFS, ("git", "source")),
    ModuleKind.SVN: (("svn", "source"), ("rev", "revision", "version")),
    ModuleKind.TARBALL: (("checksum", "version"),),
}
_NOT_TEXTS: Final = frozenset({"exclude_spec", "local", "type"})


def kind_of(options: Sequence[Option]) -> ModuleKind | None:
    """Return the kind that r10k selects for the options, in its order; None if r10k finds none and fails."""
    value_by_name = {option.name: option.value for option in options}
    named = value_by_name.get("type")
    kind = named.name if isinstance(named, Symbol) else named
    if "git" in value_by_name or kind == "git":
        return ModuleKind.GIT
    if "svn" in value_by_name or kind == "svn":
        return ModuleKind.SVN
    if value_by_name.get("local") not in (None, False) or kind == "local":
        return ModuleKind.LOCAL
    named_kind = next((known for known in (ModuleKind.FORGE, ModuleKind.TARBALL) if kind == known), None)
    return named_kind or next((known for known in _LIBRARIANS if known in value_by_name), None)


def judge_module(module: PuppetfileModule) -> Iterator[Problem]:
    """Yield what r10k refuses, ignores or warns about in a module."""
    title = _TITLE.fullmatch(module.name)
    if title is None:
        yield _problem(
            module, "r10k accepts only names of the form module or owner/module, of letters, digits and _"
        )
    elif module.kind is ModuleKind.FORGE and title[1] is None:
        yield _problem(module, "modules of the Forge are named owner/module")
    if module.kind in _LIBRARIANS:
        yield _problem(module, f":{module.kind} is only for librarian-puppet: r10k does not support it")
    if module.kind is ModuleKind.GIT and module.git is None:
        yield _problem(module, "it has no URL")
    path = module.install_path or "."
    if posixpath.normpath(path).split("/")[0] in {"", ".."}:  # absolute, or above the environment
        yield _problem(module, f"its install_path {quoted(path)} is outside the environment")
    for names in _SYNONYMS.get(module.kind, ()):
        given = [option for option in module.options if option.name in names]
        if len(given) > 1:
            listed = ", ".join(f":{option.name}" for option in given)
            yield _problem(module, f"{listed} are synonyms for r10k: the last one applies", given[-1])
    for option in module.options:
        yield from _judge_option(module, option)


def _judge_option(module: PuppetfileModule, option: Option) -> Iterator[Problem]:
    if option.name not in _KNOWN[module.kind]:
        yield _problem(module, f"r10k has no option {quoted(option.name)} for a {module.kind} module", option)
    elif module.kind is ModuleKind.FORGE and option.name == "version":
        if option.value is None or option.value == Symbol("latest"):
            return
        flaw = (
            check_forge_version(option.value) if isinstance(option.value, str) else "its version is not text"
        )
        if flaw:
            yield _problem(module, flaw, option)
    elif option.name in REFS and option.value == Symbol("control_branch"):
        return
    elif option.name not in _NOT_TEXTS and not isinstance(option.value, str):
        yield _problem(module, f":{option.name} is not text", option)


def _problem(module: PuppetfileModule, message: str, option: Option | None = None) -> Problem:
    place = option.place if option and option.place else module.place
    return Problem(f"module {quoted(module.name)}: {message}", place)


PUPPETFILE: Final = "Puppetfile"
_OTHER: Final = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Naming:
    """How a source names its environments.

    `invalid_branches` is r10k's setting: correct_and_warn, correct or error.
    """

    prefix: str | None = None
    strip: str | None = None
    invalid_branches: str = "correct_and_warn"

    def of_branch(self, branch: str) -> str | None:
        """Return the environment of a branch, None for a branch that r10k skips."""
        name = branch.removeprefix(self.strip or "")
        if self.invalid_branches == "error" and _OTHER.search(name):
            return None
        return self._prefixed(_OTHER.sub("_", name))

    def as_it_is(self, name: str) -> str:
        """Return the environment of that name in a yaml or yamldir source, where r10k corrects nothing."""
        return self._prefixed(name.removeprefix(self.strip or ""))

    def _prefixed(self, name: str) -> str:
        return f"{self.prefix}_{name}" if self.prefix else name


@dataclass(frozen=True, slots=True)
class Source:
    """An entry of `sources:` in r10k.yaml.

    `remote` is the repository of a git source, `config` the file or directory of others. If `has_own_prefix`,
    the prefix of its environments is the source's name (`prefix: true`).
    """

    name: str
    place: Location
    kind: str
    naming: Naming
    has_own_prefix: bool = False
    remote: Text | None = None
    config: Text | None = None
    puppetfile: str = PUPPETFILE
    ignored_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment of a yaml or yamldir source.

    `remote` is the control repository and `ref` the ref to deploy, both None for a `plain` environment, which
    has none. `modules` come from its key of that name and take precedence over those of the Puppetfile.
    """

    name: str
    place: Location
    kind: str
    remote: Text | None = None
    ref: Text | None = None
    modules: tuple[PuppetfileModule, ...] = ()
    moduledir: str | None = None
    puppetfile: str = PUPPETFILE


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
    options = _read_options(statement.pairs, place.path)
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
