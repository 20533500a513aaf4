"""Format new manifests as a person would write them.

The values are not checked here; `read_manifests` checks the result.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+/-]*")
_PLAIN_PROSE: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ,.()/_@-]*[A-Za-z0-9.)])?")
# Numbers of YAML 1.2, which has more forms than YAML 1.1, which PyYAML implements.
_NUMBER: Final = re.compile(
    r"[-+]?(?:0x[0-9a-fA-F_]+|0o?[0-7_]+|[0-9][0-9_]*\.?[0-9_]*(?:[eE][-+]?[0-9]+)?|\.[0-9_]+(?:[eE][-+]?[0-9]+)?)"
)
_KNOWN: Final = "    # findings of this set today: delete a line once it is fixed"
_TEXT: Final = "tag:yaml.org,2002:str"
_RESOLVER: Final[Any] = yaml.SafeLoader("")  # untyped because the stubs lack `resolve`


@dataclass(frozen=True, slots=True)
class NewModule:
    """One entry of `modules:`: its keys and values in order; no keys means `false`, that it is left out.

    `comment` is added at the end of the line.
    """

    name: str
    fields: tuple[tuple[str, str], ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ModuleGroup:
    """Entries grouped under a comment."""

    modules: tuple[NewModule, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class NewManifest:
    """A manifest or base to write; `name` is its file's.

    `remarks` are comments at the top, `left_out` comments at the end; `ignored` are accepted findings.
    """

    name: str
    remarks: tuple[str, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    extends: str | None = None
    release: str | None = None
    openstack: tuple[str, ...] = ()
    groups: tuple[ModuleGroup, ...] = ()
    moduledir: str | None = None
    modulepath: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def render_manifest(manifest: NewManifest) -> str:
    """Return the text; prose is quoted if YAML would not read it as a string."""
    paragraphs = ["\n".join(lines) for lines in _paragraphs(manifest) if lines]
    return "\n\n".join(paragraphs) + "\n"


def _paragraphs(manifest: NewManifest) -> Iterator[list[str]]:
    yield [*_comments(manifest.remarks), *_settings(manifest)]
    if manifest.openstack:
        yield ["openstack:", *(f"  - {name}" for name in manifest.openstack)]
    groups = [group for group in manifest.groups if group.modules]
    for number, group in enumerate(groups):
        yield [*([] if number else ["modules:"]), *_group(group)]
    if manifest.ignored:
        yield ["findings:", f"  ignore:{_KNOWN}", *(f"    - {code}" for code in manifest.ignored)]
    yield _comments(manifest.left_out)


def _settings(manifest: NewManifest) -> Iterator[str]:
    if manifest.description:
        yield f"description: {_prose(manifest.description)}"
    if manifest.owners:
        yield f"owners: [{', '.join(_prose(owner, is_in_flow=True) for owner in manifest.owners)}]"
    if manifest.extends:
        yield f"extends: {manifest.extends}"
    if manifest.release:
        yield f"release: {manifest.release}"
    if manifest.moduledir:
        yield f"moduledir: {_scalar(manifest.moduledir)}"
    if manifest.modulepath:
        yield f"modulepath: [{', '.join(map(_scalar, manifest.modulepath))}]"


def _group(group: ModuleGroup) -> Iterator[str]:
    yield from (f"  {line}" for line in _comments((group.comment,) if group.comment else ()))
    for module in group.modules:
        fields = ", ".join(f"{key}: {_value(key, text)}" for key, text in module.fields)
        comment = f"    # {module.comment}" if module.comment else ""
        yield f"  {module.name}: {f'{{{fields}}}' if fields else 'false'}{comment}"


def _comments(lines: tuple[str, ...]) -> list[str]:
    """Return comments of one line each; characters not allowed in comments become question marks."""
    return [f"# {''.join(letter if letter.isprintable() else '?' for letter in line)}" for line in lines]


def _value(key: str, text: str) -> str:
    if key in {"module", "release"}:
        return text
    if key == "reason":
        return _quoted(text)
    return _scalar(text)


def _scalar(text: str) -> str:
    """Return the text unquoted if every YAML reader reads it as a string, else quoted."""
    is_plain = _PLAIN.fullmatch(text) and _is_text(text) and not _NUMBER.fullmatch(text)
    return text if is_plain else _quoted(text)


def _prose(text: str, *, is_in_flow: bool = False) -> str:
    is_plain = _PLAIN_PROSE.fullmatch(text) and _is_text(text) and not (is_in_flow and "," in text)
    return text if is_plain else _quoted(text)


def _quoted(text: str) -> str:
    """Return the text in double quotes, with invisible characters escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter == "\n":
        return "\\n"
    return letter if letter.isprintable() else f"\\U{ord(letter):08X}"


def _is_text(text: str) -> bool:
    """Return whether YAML reads the plain text as a string: not as a number, date, boolean or null."""
    return bool(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == _TEXT)
