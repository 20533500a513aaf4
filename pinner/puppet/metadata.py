"""Read a module's metadata from metadata.json, or from a Modulefile, which is never executed.

Nothing raises and nothing is evaluated. What cannot be read is omitted or read as it was probably meant, and
reported as a flaw. Every text in the result is one printable line of limited length.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from pinner.model.lock import Dependency, Metadata
from pinner.model.text import quoted
from pinner.puppet.ruby.declarations import Declaration, Symbol, UnreadableRuby, read_declarations
from pinner.puppet.versions import parse_version

MOST: Final = 20
"""Number of flaws that are reported in full; only the number of further ones is."""


@dataclass(slots=True)
class Flaws:
    """A limited number of flaws in the order in which they were found, without duplicates."""

    _texts: dict[str, None] = field(default_factory=dict)
    _more: int = 0

    def add(self, text: str) -> None:
        """Add a flaw."""
        if len(self._texts) < MOST or text in self._texts:
            self._texts[text] = None
        else:
            self._more += 1

    def as_tuple(self) -> tuple[str, ...]:
        """Return the flaws; the last one gives the number of omitted ones."""
        return (*self._texts, *([f"and {self._more} more"] if self._more else []))


LONGEST_JSON: Final = 8_000_000
"""Maximum size in bytes of a file that is read."""

_BYTE_ORDER_MARK: Final = "\ufeff"
_LEADING_COMMENT: Final = re.compile(r"\s*/\*.*?\*/", re.DOTALL)


class JsonNumber(str):
    """A number as its digits in the file: 1.10 stays 1.10, and 5,000 digits are cheap."""

    __slots__ = ()


def decode_json(content: bytes, flaws: Flaws) -> str:
    """Return the text of a file; if it is not UTF-8, it is read as Latin-1, once common in editors."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        flaws.add("it is not UTF-8: read as Latin-1")
        text = content.decode("latin-1")
    if text.startswith(_BYTE_ORDER_MARK):
        flaws.add("it begins with a byte order mark")
    return text.removeprefix(_BYTE_ORDER_MARK)


def read_json(text: str, flaws: Flaws) -> object:
    """Return the value, numbers as JsonNumber; None and a flaw if it cannot be read."""
    if comment := _LEADING_COMMENT.match(text):
        flaws.add("a comment precedes the JSON")
        text = text[comment.end() :]
    try:
        return _load(text, flaws)
    except json.JSONDecodeError as error:
        flaws.add(f"it is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}")
    except RecursionError:
        flaws.add("its JSON is nested too deeply")
    return None


def _load(text: str, flaws: Flaws) -> object:
    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        built = dict(pairs)
        if len(built) < len(pairs):
            flaws.add("a key is repeated in one object: the last one counts")
        return built

    loaded: object = json.loads(
        text, object_pairs_hook=build, parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=JsonNumber
    )
    return loaded


MOST_DEPENDENCIES: Final = 1000
_LONGEST_TEXT: Final = 1000
_MODULE: Final = re.compile(r"([A-Za-z0-9_]+)[-/]([A-Za-z0-9_][A-Za-z0-9_.-]*)")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def read_text(value: object, what: str, flaws: Flaws) -> str | None:
    """Return a text if it is one printable line; other values give None and a flaw.

    A number is accepted with a flaw; null gives None without a flaw.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        flaws.add(f"{what} is {describe_kind(value)}, not a text")
        return None
    if isinstance(value, JsonNumber):
        flaws.add(f"{what} is a number, not a text")
    if len(value) > _LONGEST_TEXT or not value.isprintable():
        flaws.add(f"{what} is longer than {_LONGEST_TEXT} characters or not printable: ignored")
        return None
    return str(value)


def read_module_name(value: object, flaws: Flaws) -> str | None:
    """Return the module's own name as `owner-module`."""
    text = read_text(value, "its name", flaws)
    if text is None:
        flaws.add("it does not contain the module's name")
        return None
    match = _MODULE.fullmatch(text)
    if match is None:
        flaws.add(f"its name {quoted(text)} is not of the form owner-module")
        return None
    return f"{match[1]}-{match[2]}"


def read_version(value: object, flaws: Flaws) -> str | None:
    """Return the module's version as written."""
    text = read_text(value, "its version", flaws)
    if text is None:
        flaws.add("it does not contain the module's version")
    elif parse_version(text) is None:
        flaws.add(f"its version {quoted(text)} is not SemVer")
    return text


def read_dependency(name: object, version_range: object, what: str, flaws: Flaws) -> Dependency | None:
    """Return a dependency; its name is `owner/module`, its range as written or empty."""
    text = read_text(name, f"the name of {what}", flaws)
    if text is None:
        flaws.add(f"{what} has no name: ignored")
        return None
    match = _MODULE.fullmatch(text)
    if match is None and not _BARE.fullmatch(text):
        flaws.add(f"{what} has the name {quoted(text)}, which is not valid: ignored")
        return None
    if match is None:
        flaws.add(f"{what} has the name {quoted(text)}, without an owner")
    written = read_text(version_range, f"the version range of {what}", flaws)
    return Dependency(f"{match[1]}/{match[2]}" if match else text, written or "")


def read_requirement(name: object, version_range: object, what: str, flaws: Flaws) -> Dependency | None:
    """Return a requirement, on Puppet itself for example."""
    text = read_text(name, f"the name of {what}", flaws)
    if text is None or not _BARE.fullmatch(text):
        flaws.add(
            f"{what} has no name: ignored" if text is None else f"{what} has the name {quoted(text)}: ignored"
        )
        return None
    return Dependency(text, read_text(version_range, f"the version range of {what}", flaws) or "")


def without_repeats(rows: Iterable[Dependency], what: str, flaws: Flaws) -> tuple[Dependency, ...]:
    """Return the rows without duplicates; two ranges for one name are both kept, because both apply."""
    rows = tuple(rows)
    kept = tuple(dict.fromkeys(rows))
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            flaws.add(f"{what} on {row.name} is repeated")
        seen.add(row.name)
    return kept


def describe_kind(value: object) -> str:
    """Return the JSON type of a value, for a message."""
    kinds = {
        dict: "an object",
        list: "a list",
        bool: "true or false",
        type(None): "null",
        JsonNumber: "a number",
        int: "a number",
    }
    return kinds.get(type(value), "a text")


_FIELD: Final = "license"


def read_licence(content: bytes) -> str | None:
    """Return the licence as written (`Apache-2.0`), None if it cannot be read. Nothing raises."""
    if len(content) > LONGEST_JSON:
        return None
    flaws = Flaws()
    document = read_json(decode_json(content, flaws), flaws)
    return read_text(document.get(_FIELD), _FIELD, flaws) if isinstance(document, dict) else None


_ReadRow = Callable[[object, object, str, Flaws], Dependency | None]

_FILE: Final = "metadata.json"


def read_metadata_json(text: str, flaws: Flaws) -> Metadata:
    """Return the readable metadata; flaws are added to `flaws`, not to the result."""
    document = read_json(text, flaws)
    if not isinstance(document, dict):
        if not flaws.as_tuple():
            flaws.add(f"it contains {describe_kind(document)}, not an object")
        return Metadata(file=_FILE)
    releases_by_system: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(_read_list(document, "operatingsystem_support", flaws), start=1):
        for system, releases in _read_platform(row, f"platform {number}", flaws):
            if system in releases_by_system:
                flaws.add(f"platform {system} is repeated")
            releases_by_system[system] = tuple(
                dict.fromkeys((*releases_by_system.get(system, ()), *releases))
            )
    return Metadata(
        file=_FILE,
        name=read_module_name(document.get("name"), flaws),
        version=read_version(document.get("version"), flaws),
        dependencies=_read_rows(document, "dependencies", read_dependency, flaws=flaws),
        requirements=_read_rows(document, "requirements", read_requirement, flaws=flaws),
        platforms=releases_by_system,
    )


def _read_list(document: Mapping[str, object], key: str, flaws: Flaws) -> Sequence[object]:
    value = document.get(key)
    if isinstance(value, list):
        if len(value) > MOST_DEPENDENCIES:
            flaws.add(f"{key} has {len(value)} rows: only the first {MOST_DEPENDENCIES} are read")
        return value[:MOST_DEPENDENCIES]
    if value is not None:
        flaws.add(f"{key} is {describe_kind(value)}, not a list")
    return ()


def _read_rows(
    document: Mapping[str, object], key: str, read_row: _ReadRow, *, flaws: Flaws
) -> tuple[Dependency, ...]:
    singular = "dependency" if key == "dependencies" else "requirement"
    rows = enumerate(_read_list(document, key, flaws), start=1)
    found = (_read_row(row, f"{singular} {number}", read_row, flaws=flaws) for number, row in rows)
    return without_repeats((row for row in found if row), f"a {singular}", flaws)


def _read_row(row: object, what: str, read_row: _ReadRow, *, flaws: Flaws) -> Dependency | None:
    if isinstance(row, str) and not isinstance(row, JsonNumber):
        flaws.add(f"{what} is a text, not an object with a name")
        name, _, version_range = row.strip().partition(" ")
        return read_row(name, version_range.strip(), what, flaws)
    if not isinstance(row, dict):
        flaws.add(f"{what} is {describe_kind(row)}, not an object with a name: ignored")
        return None
    return read_row(row.get("name"), row.get("version_requirement"), what, flaws)


def _read_platform(row: object, what: str, flaws: Flaws) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(row, str) and not isinstance(row, JsonNumber):
        flaws.add(f"{what} is a text, not an object with operatingsystem")
    fields = row if isinstance(row, dict) else {"operatingsystem": row}
    system = read_text(fields.get("operatingsystem"), f"the operatingsystem of {what}", flaws)
    if system is None:
        flaws.add(f"{what} does not name an operating system: ignored")
        return
    releases = _read_list(fields, "operatingsystemrelease", flaws)
    texts = (read_text(release, f"a release of {what}", flaws) for release in releases)
    yield system, tuple(text for text in texts if text)


MetadataFile = Literal["metadata.json", "Modulefile"]


def parse_metadata(content: bytes, *, file: MetadataFile) -> Metadata:
    """Read a file of a module's top directory; `file` is its name.

    If nothing can be read, the result has only `file` and `flaws`.
    """
    if len(content) > LONGEST_JSON:
        return Metadata(file=file, flaws=(f"it is larger than {LONGEST_JSON} bytes",))
    flaws = Flaws()
    text = decode_json(content, flaws)
    metadata = read_metadata_json(text, flaws) if file == "metadata.json" else read_modulefile(text, flaws)
    return replace(metadata, flaws=flaws.as_tuple())


LONGEST: Final = 1_000_000
"""Maximum length, in characters, of a Modulefile that is read."""

_MODULEFILE: Final = "Modulefile"
_OTHER_WORDS: Final = frozenset({"author", "description", "license", "project_page", "source", "summary"})


def read_modulefile(text: str, flaws: Flaws) -> Metadata:
    """Return the readable metadata; flaws are added to `flaws`, not to the result."""
    if len(text) > LONGEST:
        flaws.add(f"it is longer than {LONGEST} characters")
        return Metadata(file=_MODULEFILE)
    declarations: list[Declaration] = []
    for statement in read_declarations(text):
        if isinstance(statement, UnreadableRuby):
            flaws.add(f"line {statement.line}: {statement.reason}")
        elif statement.word in {"name", "version", "dependency"}:
            declarations.append(statement)
        elif statement.word not in _OTHER_WORDS:
            flaws.add(f"line {statement.line}: {quoted(statement.word)} is not a keyword of a Modulefile")
    name = read_module_name(_last_value(declarations, "name"), flaws)
    version = read_version(_last_value(declarations, "version"), flaws)
    dependencies = [declaration for declaration in declarations if declaration.word == "dependency"]
    if len(dependencies) > MOST_DEPENDENCIES:
        flaws.add(f"it has {len(dependencies)} dependencies: only the first {MOST_DEPENDENCIES} are read")
    rows = [
        read_dependency(_value(row, 0), _value(row, 1), f"the dependency in line {row.line}", flaws)
        for row in dependencies[:MOST_DEPENDENCIES]
    ]
    return Metadata(
        file=_MODULEFILE,
        name=name,
        version=version,
        dependencies=without_repeats((row for row in rows if row), "a dependency", flaws),
    )


def _last_value(declarations: Sequence[Declaration], word: str) -> object:
    """Return the value of the last declaration of the word, as Ruby does; None without one."""
    values = [_value(declaration, 0) for declaration in declarations if declaration.word == word]
    return values[-1] if values else None


def _value(declaration: Declaration, index: int) -> object:
    """Return an argument; a symbol is returned as the text that metadata.json would have."""
    if index >= len(declaration.arguments):
        return None
    value = declaration.arguments[index].value
    return value.name if isinstance(value, Symbol) else value
