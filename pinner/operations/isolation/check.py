"""What `verify` says of Ruby code that differs between environments under one name, in order of danger."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from pinner.git.mirror import Mirror
from pinner.operations.answers import Answers
from pinner.operations.isolation.code import Opener, RubyCode, RubyFile, helpers_of_functions, read_code
from pinner.operations.remotes import Subject
from pinner.project.layout import list_environments
from pinner.project.lock import read_lock
from pinner.project.quoting import join_words, quote
from pinner.puppet.plugins import PluginKind
from pinner.words.findings import Finding, Level
from pinner.words.pins import Lock
from pinner.words.places import Place
from pinner.words.problems import InputError

SHOWN = 5
SHOWN_ENVIRONMENTS = 3
_TYPES_HINT = "have types generated on the server (r10k: generate_types), and each environment has its own"
_HELPERS_HINT = (
    "nothing keeps them apart: pin one commit of the module in all, or serve them from several servers"
)


@dataclass(frozen=True, slots=True)
class Clash:
    """One file of an environment behind whose name other code lies in `others`."""

    file: RubyFile
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One environment: its clashes by path, those helpers among them that functions load here and there."""

    code: RubyCode
    clashes: tuple[Clash, ...]
    loaded: frozenset[str] = frozenset()


def check_isolation(
    subjects: Iterable[Subject], answers: Answers, *, is_detailed: bool
) -> Mapping[str, tuple[Finding, ...]]:
    """Return environment to its findings; two that are both asked for are told of once, with the later one.

    All locked environments of the project count. Helpers that functions load are named, types only counted;
    `is_detailed` names everything, and what could not be looked at because the cache does not have it.
    """
    subjects = tuple(subjects)
    locks = {subject.lock.environment: subject.lock for subject in subjects}
    everything = {**_other_locks(answers, locks), **locks}
    open_mirror = _opener(answers)
    codes = read_code(everything.values(), open_mirror, answers.workspace)
    views = _views(codes, asked=list(locks))
    if any(clash.file.plugin.kind is PluginKind.HELPER for view in views for clash in view.clashes):
        views = _with_loaded(views, helpers_of_functions(codes, open_mirror, answers.workspace))
    places = {subject.lock.environment: Place(subject.wanted.manifest.path) for subject in subjects}
    tell = _details if is_detailed else _summary
    found = {view.code.environment: [*tell(view, places[view.code.environment])] for view in views}
    if is_detailed and found:
        first = next(iter(found))
        found[first] += _gaps(codes, places[first])
    return {name: tuple(findings) for name, findings in found.items()}


def _other_locks(answers: Answers, locks: Mapping[str, Lock]) -> Mapping[str, Lock]:
    """Return the locks of the environments that were not asked for; one that cannot be read is its own story."""
    project = answers.workspace.project
    found: dict[str, Lock] = {}
    for name in list_environments(project).environments:
        if name not in locks:
            with suppress(InputError):
                if lock := read_lock(project, name):
                    found[name] = lock
    return found


def _opener(answers: Answers) -> Opener:
    @cache
    def open_mirror(git: str) -> Mirror | None:
        return answers.mirror(git) or answers.workspace.mirrors.open(git)

    return open_mirror


def _views(codes: Iterable[RubyCode], *, asked: list[str]) -> tuple[View, ...]:
    """Return a view of each environment that was asked for; one with the code of an earlier one adds nothing to tell."""
    codes = tuple(codes)
    by_name = {code.environment: code for code in codes}
    told: set[frozenset[tuple[str, str]]] = set()
    views = []
    for position, name in enumerate(asked):
        code, later = by_name[name], set(asked[position:])
        blobs = frozenset((path, file.blob) for path, file in code.files.items())
        others = [other for other in codes if other.environment not in later and blobs not in told]
        views.append(View(code, tuple(_clashes(code, others))))
        told.add(blobs)
    return tuple(views)


def _clashes(code: RubyCode, others: Iterable[RubyCode]) -> Iterator[Clash]:
    others = sorted(others, key=lambda other: other.environment)
    for path, file in sorted(code.files.items()):
        names = tuple(other.environment for other in others if _differs(file, other.files.get(path)))
        if names:
            yield Clash(file, names)


def _differs(file: RubyFile, other: RubyFile | None) -> bool:
    return other is not None and other.blob != file.blob


def _with_loaded(views: tuple[View, ...], loaded: Mapping[str, frozenset[str]]) -> tuple[View, ...]:
    """Take note of the helpers that functions load in both of two environments: only then two versions can meet."""
    return tuple(
        View(
            view.code,
            view.clashes,
            frozenset(
                clash.file.plugin.path
                for clash in view.clashes
                if clash.file.plugin.path in loaded[view.code.environment]
                and any(clash.file.plugin.path in loaded[other] for other in clash.others)
            ),
        )
        for view in views
    )


def _summary(view: View, place: Place) -> Iterator[Finding]:
    yield from _helpers(view, place)
    types = [clash for clash in view.clashes if clash.file.plugin.kind is PluginKind.TYPE]
    if types:
        modules = len({clash.file.module for clash in types})
        what = f"{_count(len(types), 'native type')} of {_count(modules, 'module')}"
        message = f"{what} {_differ(types)}: on one server, the first that is loaded serves all"
        hint = f"{_TYPES_HINT}; 'pinner verify --isolation' names them"
        yield Finding(Level.INFO, "isolation-types", None, message, hint, place)


def _details(view: View, place: Place) -> Iterator[Finding]:
    for module, clashes in _by_module(view, PluginKind.TYPE):
        message = f"module '{module}': {_named(clashes)} {_differ(clashes)}"
        yield Finding(Level.INFO, "isolation-types", module, message, _TYPES_HINT, place)
    yield from _helpers(view, place)
    hint = "they run on agents, which have one environment each; on the server only if its code calls them"
    for module, clashes in _by_module(view, PluginKind.PROVIDER, PluginKind.HELPER):
        if rest := [clash for clash in clashes if clash.file.plugin.path not in view.loaded]:
            message = f"module '{module}': {_named(rest)} {_differ(rest)}"
            yield Finding(Level.INFO, "isolation-providers", module, message, hint, place)
    for module, clashes in _by_module(view, PluginKind.FUNCTION):
        message = f"module '{module}': {_named(clashes)} {_differ(clashes)}"
        hint = "nothing to do: Puppet keeps functions of each environment apart"
        yield Finding(Level.INFO, "isolation-functions", module, message, hint, place)


def _helpers(view: View, place: Place) -> Iterator[Finding]:
    for module, clashes in _by_module(view, PluginKind.HELPER):
        if loaded := [clash for clash in clashes if clash.file.plugin.path in view.loaded]:
            meets = "functions load it, and on one server one of them serves all"
            message = f"module '{module}': {_named(loaded)} {_differ(loaded)}: {meets}"
            yield Finding(Level.WARNING, "isolation-helpers", module, message, _HELPERS_HINT, place)


def _gaps(codes: tuple[RubyCode, ...], place: Place) -> Iterator[Finding]:
    """Yield what could not be looked at; a module of the Forge only where another environment has not just that one."""
    for code in codes if len(codes) > 1 else ():
        if code.unread:
            message = f"{_count(len(code.unread), 'module')} of {_whose(code)} could not be looked at"
            hint = "run 'pinner verify' once where its remotes can be reached"
            yield Finding(Level.INFO, "isolation-unread", None, message, hint, place)
        others = [other.closed.items() for other in codes]
        if closed := [one for one in code.closed.items() if any(one not in other for other in others)]:
            verb = "comes" if len(closed) == 1 else "come"
            message = f"{_count(len(closed), 'module')} of {_whose(code)} {verb} from the Forge and could not be looked at"
            yield Finding(Level.INFO, "isolation-unread", None, message, None, place)


def _whose(code: RubyCode) -> str:
    return f"environment '{code.environment}'"


def _by_module(view: View, *kinds: PluginKind) -> Iterator[tuple[str, list[Clash]]]:
    found: dict[str, list[Clash]] = {}
    for clash in view.clashes:
        if clash.file.plugin.kind in kinds:
            found.setdefault(clash.file.module, []).append(clash)
    yield from sorted(found.items())


def _named(clashes: list[Clash]) -> str:
    kinds = dict.fromkeys(clash.file.plugin.kind for clash in clashes)
    return join_words([_of_kind(kind, clashes) for kind in kinds], last="and")


def _of_kind(kind: PluginKind, clashes: list[Clash]) -> str:
    names = [quote(clash.file.plugin.name) for clash in clashes if clash.file.plugin.kind is kind]
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    plural = "s" if len(names) > 1 else ""
    return f"the {kind}{plural} {join_words([*names[:SHOWN], *more], last='and')}"


def _differ(clashes: list[Clash]) -> str:
    others = sorted({other for clash in clashes for other in clash.others})
    more = [f"{len(others) - SHOWN_ENVIRONMENTS} more"] if len(others) > SHOWN_ENVIRONMENTS else []
    where = join_words([*others[:SHOWN_ENVIRONMENTS], *more], last="and")
    return f"{'is' if len(clashes) == 1 else 'are'} other code in {where}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
