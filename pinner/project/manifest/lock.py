"""Read and write the locks of environments, and read the tags in locks of any format.

The same pins produce the same bytes on every machine: keys are sorted, each field has its own line, and
fields with their default value are omitted, so that a field added by a later version of pinner changes no
lock that does not use it. The file has neither a date nor its own digest, so that parallel branches merge.

The tags of old locks are only compared: they are not passed to git, nor written to a Puppetfile or a lock.
Locks in another format yield no tags.
"""

import json
import marshal
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pinner.model.errors import InputError, Location, Problem
from pinner.model.lock import (
    BRANCH,
    TAG,
    Externals,
    ForgePin,
    GitPin,
    Lock,
    Pin,
    Selector,
    SelectorKind,
    Status,
)
from pinner.model.text import check_git_url, nearest, quoted
from pinner.project.files import Project, decode, line_of_conflict, read_file, select_environments
from pinner.puppet.names import (
    check_branch,
    check_commit,
    check_day,
    check_fact,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_module_name,
    check_moduledir,
    check_release,
    check_tag,
    check_whole_ref,
    judge,
)
from pinner.puppet.versions import check_range

if TYPE_CHECKING:
    from pinner.project.yaml.nodes import NodesRead

FORMAT = 1
"""The value of `pinner_lock` in a lock."""

FIX = "restore the file from git; or delete it, and 'pinner lock' makes a new one"
_MOST_DIGITS = 18
_KEY = re.compile(r'^ *"pinner_lock"', re.MULTILINE)


def load_document(text: str, path: str) -> dict[str, object]:
    """Return the document of a lock in the present format.

    Raises InputError if the text is not JSON, repeats a key, is not a lock, or is a lock in a newer format.
    """
    document = _load(text, path)
    if not isinstance(document, dict) or "pinner_lock" not in document:
        raise InputError(
            Problem("this is not a lock of pinner: 'pinner_lock' is missing", Location(path), FIX)
        )
    number = document.pop("pinner_lock")
    if type(number) is not int or number != FORMAT:
        found = _KEY.search(text)
        place = Location(path, text.count("\n", 0, found.start()) + 1) if found else Location(path)
        if type(number) is int and number > FORMAT:
            message = f"the lock has format {number}; this pinner reads format {FORMAT}"
            hint = "it was written by a newer pinner: update this one"
            raise InputError(Problem(message, place, hint))
        raise InputError(Problem(f"'pinner_lock' must be {FORMAT}", place, FIX))
    return document


def _load(text: str, path: str) -> object:
    try:
        return json.loads(
            text, object_pairs_hook=_refuse_repeated, parse_constant=_refuse_constant, parse_int=_small
        )
    except json.JSONDecodeError as error:
        raise InputError(_explain(error, text, path)) from None
    except RecursionError:
        raise InputError(Problem("values are nested too deep", Location(path), FIX)) from None
    except ValueError as error:
        problems = _with_places(text.encode(), path).problems
        repeated = tuple(problem for problem in problems if "was given before" in problem.message)
        raise InputError(repeated or Problem(str(error), Location(path), FIX)) from None


def _with_places(data: bytes, path: str) -> "NodesRead":
    """Return what the YAML reader, which also reads JSON, finds in a faulty lock: it has the places of keys."""
    from pinner.project.yaml.nodes import read_nodes  # noqa: PLC0415 - loads yaml, for faulty locks only

    return read_nodes(data, path)


def _refuse_repeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is repeated in one object")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{quoted(name)} is not valid JSON")


def _small(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits is too long")
    return int(digits)


def _explain(error: json.JSONDecodeError, text: str, path: str) -> Problem:
    if line := line_of_conflict(text):
        hint = "take either side (git checkout --ours or --theirs), then run 'pinner lock'"
        return Problem("the lock has merge conflict markers", Location(path, line, 1), hint)
    if not text.strip():
        return Problem("the lock is empty", Location(path), FIX)
    place = Location(path, error.lineno, error.colno)
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return Problem("the lock is truncated", place, FIX)
    return Problem(f"the lock is not valid JSON: {error.msg}", place, FIX)


Check = Callable[[str], str | None]
Keys = tuple[str, ...]

BY_HAND = "was the lock edited by hand? restore the file from git"
_MISSING = object()
_BARE_KEY = re.compile(r"[A-Za-z0-9_/-]{1,60}")


@dataclass(frozen=True, slots=True)
class Flaw:
    """A message about the value at the path of keys, from the top of the file."""

    keys: Keys
    message: str
    hint: str = BY_HAND

    def full_message(self) -> str:
        """Return the message after the keys, as far as there are any."""
        at = ".".join(key if _BARE_KEY.fullmatch(key) else quoted(key) for key in self.keys)
        return f"{at}: {self.message}" if at else self.message


@dataclass(slots=True)
class JsonObject:
    """One object of the file; reading a key removes it, so that all remaining keys are unexpected."""

    keys: Keys
    flaws: list[Flaw]
    _values: dict[str, object] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, value: object, keys: Keys, flaws: list[Flaw]) -> "JsonObject":
        """Return the value as an object; if it is not one, return an empty one and add a flaw."""
        if isinstance(value, dict):
            return cls(keys, flaws, dict(value))
        flaws.append(Flaw(keys, "this must be an object"))
        return cls(keys, flaws)

    def has(self, key: str) -> bool:
        """Return whether the key is present and not read yet."""
        return key in self._values

    def data(self, key: str) -> bytes:
        """Return the value of a key that is present, marshalled, and leave it unread."""
        return marshal.dumps(self._values[key], 2)  # type: ignore[arg-type]  # a JSON value

    def text(self, key: str, check: Check) -> str | None:
        """Return a text that passes the check, or None if the key is missing."""
        value = self._take(key)
        return None if value is _MISSING else self._checked(value, (*self.keys, key), check)

    def needed_text(self, key: str, check: Check) -> str:
        """Return a text that passes the check; a missing key is a flaw."""
        if not self.has(key):
            self.flaws.append(Flaw(self.keys, f"the key '{key}' is missing"))
        return self.text(key, check) or ""

    def truth(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key)
        if value is _MISSING:
            return default
        if not isinstance(value, bool):
            self.flaws.append(Flaw((*self.keys, key), "this must be true or false"))
        return value is True

    def texts(self, key: str, check: Check) -> tuple[str, ...]:
        """Return a list of texts that pass the check; empty if the key is missing."""
        value = self._take(key)
        if value is _MISSING:
            return ()
        if not isinstance(value, list):
            self.flaws.append(Flaw((*self.keys, key), "this must be a list"))
            return ()
        return tuple(self._checked(item, (*self.keys, key), check) or "" for item in value)

    def inner(self, key: str) -> "JsonObject":
        """Return an inner object, an empty one if the key is missing."""
        value = self._take(key)
        return JsonObject.of({} if value is _MISSING else value, (*self.keys, key), self.flaws)

    def needed_inner(self, key: str) -> "JsonObject":
        """Return an inner object; a missing key is a flaw."""
        if not self.has(key):
            self.flaws.append(Flaw(self.keys, f"the key '{key}' is missing"))
        return self.inner(key)

    def rest(self, check: Check) -> Iterator[str]:
        """Yield the keys not read yet; one that does not pass the check is a flaw."""
        for key in tuple(self._values):
            if flaw := judge(check, key):
                self.flaws.append(Flaw((*self.keys, key), flaw))
            yield key

    def refuse_rest(self) -> None:
        """Add a flaw for each unexpected key."""
        for key in self._values:
            hint = nearest(key, self._known) or "was the lock edited by hand, or written by a newer pinner?"
            self.flaws.append(Flaw((*self.keys, key), "this key is unknown", hint))

    def _take(self, key: str) -> object:
        self._known.add(key)
        return self._values.pop(key, _MISSING)

    def _checked(self, value: object, keys: Keys, check: Check) -> str | None:
        if not isinstance(value, str):
            self.flaws.append(Flaw(keys, "this must be a text in double quotes"))
            return None
        if flaw := judge(check, value):
            self.flaws.append(Flaw(keys, flaw))
        return value


_CHECK_BY_SELECTOR = {
    SelectorKind.RELEASE: check_release,
    SelectorKind.BRANCH: check_branch,
    SelectorKind.TAG: check_tag,
    SelectorKind.COMMIT: check_commit,
    SelectorKind.VERSION: check_range,
}


def parse_lock(data: bytes, *, environment: str, path: str) -> Lock:
    """Return the lock in the text; `path` is its name in messages.

    Raises InputError with everything that is wrong with it, with lines and columns if they can be determined.
    """
    text = decode(data, path)
    flaws: list[Flaw] = []
    found = JsonObject.of(load_document(text, path), (), flaws)
    moduledir = found.text("moduledir", check_moduledir) or "modules"
    modules = found.needed_inner("modules")
    pins = {
        name: _flawless_pin(modules.data(name), name, moduledir) or _pin(modules.inner(name), name, moduledir)
        for name in modules.rest(check_module_name)
    }
    found.refuse_rest()
    lock = Lock(environment, pins, moduledir)
    if flaws:
        found_again = _with_places(data, path)
        raise InputError(
            Problem(flaw.full_message(), found_again.place_of(flaw.keys, path), flaw.hint) for flaw in flaws
        )
    return lock


@lru_cache(maxsize=16_384)
def _flawless_pin(data: bytes, module: str, moduledir: str) -> Pin | None:
    """Return the pin of a marshalled JSON value, None if it has flaws: environments of one release share most pins."""
    flaws: list[Flaw] = []
    pin = _pin(JsonObject.of(marshal.loads(data), (), flaws), module, moduledir)  # noqa: S302 - written by this process
    return None if flaws else pin


def _pin(found: JsonObject, module: str, moduledir: str) -> Pin:
    install_path = found.text("install_path", check_install_path) or moduledir
    pin: Pin
    if found.has("forge"):
        forge = found.needed_text("forge", check_forge_name)
        version = found.needed_text("version", check_forge_version)
        pin = ForgePin(module=module, forge=forge, version=version, install_path=install_path)
    else:
        pin = _git_pin(found, module, install_path)
    found.refuse_rest()
    return pin


def _git_pin(found: JsonObject, module: str, install_path: str) -> GitPin:
    flaws_before = len(found.flaws)
    status = found.text("status", _check_status)
    dependencies = found.inner("dependencies")
    pin = GitPin(
        module=module,
        git=found.needed_text("git", check_git_url),
        commit=found.needed_text("commit", check_commit),
        ref=found.text("ref", check_whole_ref),
        want=_want(found.inner("want")),
        install_path=install_path,
        status=Status(status) if status in set(Status) else None,
        name=found.text("name", check_fact),
        version=found.text("version", check_fact),
        dependencies={
            name: dependencies.needed_text(name, check_fact) for name in dependencies.rest(check_fact)
        },
        is_module=found.truth("module", default=True),
        required_by=found.texts("required_by", check_module_name),
        external=found.text("external", _check_external),
        moved_from=found.texts("moved_from", check_commit),
    )
    if len(found.flaws) == flaws_before:
        found.flaws += _contradictions(pin, found)
    return pin


def _want(found: JsonObject) -> Selector:
    as_of = found.text("as_of", check_day)
    given = [selector for selector in SelectorKind if found.has(selector.value)]
    if len(given) != 1:
        found.flaws.append(Flaw(found.keys, f"exactly one of {', '.join(SelectorKind)} must be here"))
    selector = given[0] if given else SelectorKind.COMMIT
    value = found.text(selector.value, _CHECK_BY_SELECTOR[selector]) or ""
    found.refuse_rest()
    return Selector(selector, value, as_of)


def _contradictions(pin: GitPin, found: JsonObject) -> list[Flaw]:
    """Return a flaw if the want names another ref or commit than the pin; only a manual edit can cause it."""
    prefix = {SelectorKind.BRANCH: BRANCH, SelectorKind.TAG: TAG}.get(pin.want.selector)
    if prefix and pin.ref != prefix + pin.want.value:
        return [Flaw((*found.keys, "ref"), f"the ref must be '{prefix}{pin.want.value}', as in 'want'")]
    if pin.want.selector is SelectorKind.COMMIT and pin.commit != pin.want.value:
        return [Flaw((*found.keys, "commit"), "the commit is not the one in 'want'")]
    return []


def _check_external(text: str) -> str | None:
    mode, blank, release = text.partition(" ")
    if mode == Externals.INTEGRATION and blank:
        return check_release(release)
    if text == Externals.NEWEST:
        return None
    return (
        f"{quoted(text)} is not a rule for third-party modules: use 'integration' with a release, or 'newest'"
    )


def _check_status(text: str) -> str | None:
    words = ", ".join(repr(status.value) for status in Status)
    return None if text in set(Status) else f"{quoted(text)} is not a status: use one of {words}"


_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"refs/tags/[!-~]+")
_URL = re.compile(r"[!-~]+")
_ANY_TAG = b'"refs/tags/'


@dataclass(frozen=True, slots=True)
class LockedTag:
    """One pin that was taken from a tag; `is_older` is True if an ancestor was selected by `as_of`."""

    git: str
    ref: str
    commit: str
    is_older: bool


def read_locked_tags(data: bytes) -> Iterator[LockedTag]:
    """Yield the pins of a lock's text that were taken from tags."""
    if _ANY_TAG not in data:
        return
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    modules = document.get("modules") if isinstance(document, dict) else None
    for pin in modules.values() if isinstance(modules, dict) else ():
        if isinstance(pin, dict) and (tag := _read(pin)):
            yield tag


def _read(pin: dict[str, object]) -> LockedTag | None:
    git, ref, commit, want = (pin.get(key) for key in ("git", "ref", "commit", "want"))
    if not (isinstance(git, str) and isinstance(ref, str) and isinstance(commit, str)):
        return None
    if not (_URL.fullmatch(git) and _TAG.fullmatch(ref) and _COMMIT.fullmatch(commit)):
        return None
    is_older = isinstance(want, dict) and "as_of" in want and "version" not in want
    return LockedTag(git, ref, commit, is_older)


LONGEST = 8 * 1024 * 1024
"""Bytes of the largest lock; one with a hundred modules has about 60,000."""

DEFAULT_MODULEDIR = "modules"

_Field = str | bool | int | list[str] | dict[str, str]


def read_lock(project: Project, environment: str) -> Lock | None:
    """Return the environment's lock, or None if there is none yet.

    Raises InputError with everything that is wrong with it, UnknownError if the file cannot be read.
    """
    path = project.lock(environment)
    shown = project.shown(path)
    if not project.files.exists(path, shown=shown):
        return None
    data = project.files.read(path, shown=shown, limit=LONGEST)
    return parse_lock(data, environment=environment, path=shown)


def read_lock_ids(project: Project, environments: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """Return (environment, lock id) for the named environments (none: all); the id is None without a lock.

    Raises InputError for an unknown environment or an invalid lock.
    """
    listing = select_environments(project, environments)
    if listing.problems:
        raise InputError(listing.problems)
    locks = {name: read_lock(project, name) for name in listing.environments}
    return tuple((name, lock.lock_id if lock else None) for name, lock in locks.items())


def read_lock_file(project: Project, path: Path, *, environment: str, shown: str) -> Lock:
    """Return the lock at a path that the user named, in the project or elsewhere; messages name it `shown`.

    Raises as `read_lock`, also if it is missing.
    """
    root, place = project.locate(path)
    if root == project.files:
        data = root.read(place, shown=shown, limit=LONGEST)
    else:
        data = read_file(path, shown=shown, limit=LONGEST)
    return parse_lock(data, environment=environment, path=shown)


def write_lock(project: Project, lock: Lock) -> bool:
    """Write the lock in one rename; return False, and change nothing, if the file is up to date.

    Raises InputError if a value of the lock could not be read back, UnknownError if the file cannot be
    written.
    """
    path = project.lock(lock.environment)
    shown = project.shown(path)
    data = dump_lock(lock).encode(errors="surrogatepass")
    if project.files.holds(path, data, shown=shown):
        return False
    parse_lock(data, environment=lock.environment, path=shown)
    return project.files.write(path, data, shown=shown)


def dump_lock(lock: Lock) -> str:
    """Return the text of the lock's file."""
    placed = {} if lock.moduledir == DEFAULT_MODULEDIR else {"moduledir": lock.moduledir}
    modules = {name: _fields(pin, lock.moduledir) for name, pin in lock.pins.items()}
    document = {"pinner_lock": FORMAT, "modules": modules, **placed}
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _fields(pin: Pin, moduledir: str) -> dict[str, _Field]:
    install_path = None if pin.install_path == moduledir else pin.install_path
    if isinstance(pin, ForgePin):
        placed = {"install_path": install_path} if install_path is not None else {}
        return {"forge": pin.forge, "version": pin.version, **placed}
    optional: dict[str, _Field | None] = {
        "dependencies": dict(pin.dependencies) or None,
        "external": pin.external,
        "install_path": install_path,
        "module": None if pin.is_module else False,
        "moved_from": sorted(pin.moved_from) or None,
        "name": pin.name,
        "ref": pin.ref,
        "required_by": sorted(pin.required_by) or None,
        "status": pin.status.value if pin.status else None,
        "version": pin.version,
    }
    given = {key: value for key, value in optional.items() if value is not None}
    return {"commit": pin.commit, "git": pin.git, "want": dict(pin.want.as_mapping()), **given}
