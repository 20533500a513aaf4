"""Read and write files of facts about OpenStack, and hold the facts in use.

In use are the facts packaged with pinner, unless the project has its own: `use_facts` is called once, when a command
opens its project. What is computed from the facts is cached until other facts are used. data/README.md describes the
content. A project may come from strangers, so every value is checked: names, URLs and refs get into manifests, locks
and Puppetfiles.
"""

import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, Final, ParamSpec, Protocol, TypeVar, cast

from pinner.model.catalogue import SeriesRow
from pinner.model.lock import SeriesStatus
from pinner.model.text import check_git_url, quoted

FORMAT: Final = 1
FIRST: Final = "essex"
"""The first series with Puppet modules; manifests cannot name an older one."""
MAX_BYTES: Final = 4 * 1024 * 1024


class FactsError(ValueError):
    """The text is not a file of facts; the message has the place in it."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A series for which a repository contains a module.

    `forge_name` is `owner/module` from that series' metadata. `ref` is the full name of the ref that was seen
    to carry the series, or None if only OpenStack's list of deliverables names it. `version` is the last
    known version.
    """

    series: str
    forge_name: str
    ref: str | None
    version: str | None

    @property
    def name(self) -> str:
        """Return the module part of the name, which is also the name of its directory."""
        return self.forge_name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of a puppet-openstack module.

    `ended` is the last series of a retired repository. `forge_names` (`owner/module`) are ordered newest
    first, `carried` by series, oldest first.
    """

    name: str
    git: str
    follows_releases: bool
    ended: str | None
    forge_names: tuple[str, ...]
    carried: tuple[Carried, ...]


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A module that OpenStack's modules depend on.

    `homes` (git URLs) and `forge_names` (`owner/module`) are ordered newest first.
    """

    name: str
    homes: tuple[str, ...]
    forge_names: tuple[str, ...]

    @property
    def git(self) -> str:
        """Return the module's current git URL."""
        return self.homes[0]


@dataclass(frozen=True, slots=True)
class ExternalPin:
    """A third-party module as upstream's gate runs it.

    `ref` is a short tag name, 40 hex digits, or None if the gate does not pin the module.
    """

    name: str
    git: str
    ref: str | None


@dataclass(frozen=True, slots=True)
class Misfit:
    """A pair that upstream's gate runs although metadata forbids it.

    `module` requires `dependency` in `range`, but the gate runs it at `version`. `needed_by` are the OpenStack
    modules that bring in a third-party `module`, through other third-party modules too; None if that is not known.
    """

    module: str
    dependency: str
    range: str
    version: str
    needed_by: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The content of a catalogue; `series` is ordered oldest first.

    `collected` is the day of the newest commit in the sources, `sources` maps their URLs to the commits that
    were read. `gate_refs` maps a series id to the full name of the gate's ref, `integration` to its pins, ordered
    by name, `misfits` to the pairs among them that contradict metadata.
    """

    collected: str
    sources: Mapping[str, str]
    series: tuple[SeriesRow, ...]
    repositories: tuple[Repository, ...]
    third_party: tuple[ThirdParty, ...]
    gate_refs: Mapping[str, str]
    integration: Mapping[str, tuple[ExternalPin, ...]]
    misfits: Mapping[str, tuple[Misfit, ...]]


T = TypeVar("T")
Check = Callable[[str], str | None]
"""Returns what is wrong with a text, or None."""


def read_facts(content: bytes) -> Facts:
    """Return the facts in a file; raises FactsError at the first place that is not as it must be."""
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise FactsError(f"the file is not JSON: {error}") from None
    raw = _fields(document, "the file", _KEYS)
    number = raw["pinner_catalogue"]
    if type(number) is not int or number != FORMAT:
        newer = "; it was written by a newer pinner" if type(number) is int and number > FORMAT else ""
        raise FactsError(f"'pinner_catalogue' must be {FORMAT}{newer}")
    facts = Facts(
        collected=_text(raw["collected"], "collected", _day),
        sources=_map(raw["sources"], "sources", _URL, lambda row, at: _text(row, at, _COMMIT)),
        series=_list(raw["series"], "series", _series),
        repositories=_list(raw["repositories"], "repositories", _repository),
        third_party=_list(raw["third_party"], "third_party", _third_party),
        gate_refs=_map(raw["gate_refs"], "gate_refs", _SERIES, lambda row, at: _text(row, at, _REF)),
        integration=_map(raw["integration"], "integration", _SERIES, lambda rows, at: _list(rows, at, _pin)),
        misfits=_map(raw["misfits"], "misfits", _SERIES, lambda rows, at: _list(rows, at, _misfit)),
    )
    _require_consistent(facts)
    return facts


def _require_consistent(facts: Facts) -> None:
    """Raise FactsError unless series are named once, in order, and everything else names one of them."""
    ids = [row.id for row in facts.series]
    names = [name for row in facts.series for name in {row.id, row.name}]
    if FIRST not in ids or len(names) != len(set(names)):
        raise FactsError(f"series: {FIRST!r} is missing, or a name is repeated")
    known = {series: position for position, series in enumerate(ids)}
    for repository in facts.repositories:
        rows = [row.series for row in repository.carried]
        unknown = {*rows, *([repository.ended] if repository.ended else [])} - known.keys()
        positions = [known.get(series, 0) for series in rows]
        if unknown or positions != sorted(set(positions)):
            raise FactsError(
                f"repositories: the series of {repository.name} are unknown, repeated or not in order"
            )
    for key, table in {
        "gate_refs": facts.gate_refs,
        "integration": facts.integration,
        "misfits": facts.misfits,
    }.items():
        if unknown := set(table) - known.keys():
            raise FactsError(f"{key}: {quoted(min(unknown))} is not a series of this file")


def _pattern(what: str, pattern: str) -> Check:
    compiled = re.compile(pattern)
    return lambda text: None if compiled.fullmatch(text) else f"is not a valid {what}"


def _day(text: str) -> str | None:
    try:
        return None if date.fromisoformat(text).isoformat() == text else "is not a valid date"
    except ValueError:
        return "is not a valid date"


_URL: Final = lru_cache(maxsize=1024)(check_git_url)  # a URL is repeated for each series
_SERIES: Final = _pattern("name of a series", r"[a-z0-9][a-z0-9.]{0,39}")
_REPOSITORY: Final = _pattern("name of a repository", r"[A-Za-z0-9][\w.-]{0,99}")
_MODULE: Final = _pattern("module name", r"[a-z][a-z0-9_]{0,99}")
_FORGE: Final = _pattern("Forge name", r"[A-Za-z0-9]{1,99}/[a-z][a-z0-9_]{0,99}")
_REF: Final = _pattern("full ref name", r"refs/(heads|tags)/\w[\w+-]*(?:[./]\w[\w+-]*)*")
_PINNED: Final = _pattern("tag or commit", r"\w[\w+-]*(?:[./]\w[\w+-]*)*")
_VERSION: Final = _pattern("version", r"[0-9][0-9A-Za-z.+-]{0,99}")
_RANGE: Final = _pattern("version range", r"[0-9A-Za-z<>=.~ |*+-]{0,200}")
_COMMIT: Final = _pattern("commit", r"[0-9a-f]{40}")
_STATUS: Final = _pattern("status", "|".join(SeriesStatus))
_KEYS: Final = (
    "pinner_catalogue",
    "collected",
    "sources",
    "series",
    "repositories",
    "third_party",
    "gate_refs",
    "integration",
    "misfits",
)


def _text(value: object, at: str, check: Check) -> str:
    if not isinstance(value, str):
        raise FactsError(f"{at}: a text is required")
    if flaw := check(value):
        raise FactsError(f"{at}: {quoted(value)} {flaw}")
    return value


def _maybe(value: object, at: str, check: Check) -> str | None:
    return None if value is None else _text(value, at, check)


def _bool(value: object, at: str) -> bool:
    if not isinstance(value, bool):
        raise FactsError(f"{at}: true or false is required")
    return value


def _list(value: object, at: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
    if not isinstance(value, list):
        raise FactsError(f"{at}: a list is required")
    return tuple(read(row, f"{at}[{number}]") for number, row in enumerate(value))


def _map(value: object, at: str, check_key: Check, read: Callable[[Any, str], T]) -> dict[str, T]:
    if not isinstance(value, dict):
        raise FactsError(f"{at}: a map is required")
    return {_text(key, at, check_key): read(row, f"{at}.{key}") for key, row in value.items()}


def _fields(value: object, at: str, keys: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FactsError(f"{at}: a map is required")
    if missing := next((key for key in keys if key not in value), None):
        raise FactsError(f"{at}: the key '{missing}' is missing")
    return value


def _row(value: object, at: str, length: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != length:
        raise FactsError(f"{at}: a list of {length} values is required")
    return value


_LENGTH_OF_SERIES: Final = 8


def _series(value: object, at: str) -> SeriesRow:
    row = _row(value, at, _LENGTH_OF_SERIES)
    return SeriesRow(
        id=_text(row[0], at, _SERIES),
        name=_text(row[1], at, _SERIES),
        status=_text(row[2], at, _STATUS),
        released=_maybe(row[3], at, _day),
        eol=_maybe(row[4], at, _day),
        is_slurp=_bool(row[5], at),
        next_status=_maybe(row[6], at, _STATUS),
        next_date=_maybe(row[7], at, _day),
    )


def _repository(value: object, at: str) -> Repository:
    raw = _fields(value, at, ("repository", "git", "follows", "ended", "forge", "carried"))
    names = _list(raw["forge"], f"{at}.forge", lambda row, place: _text(row, place, _FORGE))
    if not names:
        raise FactsError(f"{at}.forge: at least one name is required")
    return Repository(
        name=_text(raw["repository"], f"{at}.repository", _REPOSITORY),
        git=_text(raw["git"], f"{at}.git", _URL),
        follows_releases=_bool(raw["follows"], f"{at}.follows"),
        ended=_maybe(raw["ended"], f"{at}.ended", _SERIES),
        forge_names=names,
        carried=_list(raw["carried"], f"{at}.carried", _carried),
    )


def _carried(value: object, at: str) -> Carried:
    series, forge_name, ref, version = _row(value, at, 4)
    return Carried(
        _text(series, at, _SERIES),
        _text(forge_name, at, _FORGE),
        _maybe(ref, at, _REF),
        _maybe(version, at, _VERSION),
    )


def _third_party(value: object, at: str) -> ThirdParty:
    raw = _fields(value, at, ("name", "git", "forge"))
    homes = _list(raw["git"], f"{at}.git", lambda row, place: _text(row, place, _URL))
    names = _list(raw["forge"], f"{at}.forge", lambda row, place: _text(row, place, _FORGE))
    if not homes or not names:
        raise FactsError(f"{at}: at least one URL and one Forge name are required")
    return ThirdParty(_text(raw["name"], f"{at}.name", _MODULE), homes, names)


def _pin(value: object, at: str) -> ExternalPin:
    name, git, ref = _row(value, at, 3)
    return ExternalPin(_text(name, at, _MODULE), _text(git, at, _URL), _maybe(ref, at, _PINNED))


def _misfit(value: object, at: str) -> Misfit:
    has_needed_by = isinstance(value, list) and len(value) == _MISFIT_WITH_NEEDED_BY
    module, dependency, wanted, version, *needed_by = _row(
        value, at, _MISFIT_WITH_NEEDED_BY - (not has_needed_by)
    )
    return Misfit(
        _text(module, at, _MODULE),
        _text(dependency, at, _MODULE),
        _text(wanted, at, _RANGE),
        _text(version, at, _VERSION),
        _list(needed_by[0], f"{at}[4]", lambda row, place: _text(row, place, _MODULE)) if needed_by else None,
    )


_MISFIT_WITH_NEEDED_BY = 5  # facts of earlier versions have four values a row


def facts_text(facts: Facts) -> str:
    """Return the content of a file of facts, one row a line, so that a change of facts is a short diff."""
    series = [
        (row.id, row.name, row.status, row.released, row.eol, row.is_slurp, row.next_status, row.next_date)
        for row in facts.series
    ]
    third_party = [
        {"name": row.name, "git": row.homes, "forge": row.forge_names} for row in facts.third_party
    ]
    pins = {key: [(pin.name, pin.git, pin.ref) for pin in rows] for key, rows in facts.integration.items()}
    misfits = {
        key: [
            (
                row.module,
                row.dependency,
                row.range,
                row.version,
                *([] if row.needed_by is None else [row.needed_by]),
            )
            for row in rows
        ]
        for key, rows in facts.misfits.items()
    }
    parts = {
        "pinner_catalogue": str(FORMAT),
        "collected": _compact(facts.collected),
        "sources": _rows_by_key({key: _compact(commit) for key, commit in sorted(facts.sources.items())}),
        "series": _lines(map(_compact, series)),
        "repositories": _lines(map(_repository_text, facts.repositories)),
        "third_party": _lines(map(_compact, third_party)),
        "gate_refs": _rows_by_key({key: _compact(ref) for key, ref in facts.gate_refs.items()}),
        "integration": _rows_by_key({key: _lines(map(_compact, rows)) for key, rows in pins.items()}),
        "misfits": _rows_by_key({key: _lines(map(_compact, rows)) for key, rows in misfits.items()}),
    }
    return _rows_by_key(parts) + "\n"


def _repository_text(repository: Repository) -> str:
    head = _compact(
        {
            "repository": repository.name,
            "git": repository.git,
            "follows": repository.follows_releases,
            "ended": repository.ended,
            "forge": repository.forge_names,
        }
    )
    rows = [(row.series, row.forge_name, row.ref, row.version) for row in repository.carried]
    return f'{head[:-1]},"carried":{_lines(map(_compact, rows))}}}'


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _lines(rows: Iterable[str]) -> str:
    texts = list(rows)
    return "[\n" + ",\n".join(texts) + "\n]" if texts else "[]"


def _rows_by_key(rows: Mapping[str, str]) -> str:
    return (
        "{\n" + ",\n".join(f"{_compact(key)}:{text}" for key, text in rows.items()) + "\n}" if rows else "{}"
    )


P = ParamSpec("P")
R = TypeVar("R")


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


@dataclass
class _InUse:
    """Where the facts come from, and the date that life cycles are computed for (None: the present date)."""

    load: Callable[[], Facts]
    today: date | None = None


@cache
def packaged_facts() -> Facts:
    """Return the facts packaged with pinner."""
    return read_facts(pkgutil.get_data("pinner.openstack", "data/catalogue.json") or b"")


_IN_USE = _InUse(packaged_facts)
_DERIVED: list[_Cached] = []


def derived(compute: Callable[P, R]) -> Callable[P, R]:
    """Cache the results of a function of the facts until other facts are used."""
    kept = cache(compute)
    _DERIVED.append(kept)
    return cast("Callable[P, R]", kept)


def use_facts(load: Callable[[], Facts] = packaged_facts, *, today: date | None = None) -> None:
    """Use other facts from now on, and another date; `load` is called when they are first needed."""
    if (load, today) == (_IN_USE.load, _IN_USE.today):
        return
    _IN_USE.load, _IN_USE.today = load, today
    for kept in _DERIVED:
        kept.cache_clear()


@derived
def facts() -> Facts:
    """Return the facts in use."""
    return _IN_USE.load()


def today() -> date:
    """Return the date, in UTC, that life cycles are computed for."""
    return _IN_USE.today or datetime.now(UTC).date()
