"""Keep the catalogs of nodes between runs, reduced and with their secrets masked.

A catalog is found again by a digest of everything that it depends on (see pinner.catalogs.inputs). Equal resources of all
nodes are stored once. Secrets are stored as digests only, whose key is in the same file, which nobody else can read:
a changed secret is still seen, and the secret itself is not there.
"""

import base64
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Cache
from pinner.model.catalogs import Failure, Notice
from pinner.workspace.workspace import Workspace

_CATALOG: Final = "catalog-1"
_ROW: Final = "catalog-row-1"
_SECRETS: Final = "catalog-secrets-1"
"""The stored things, and the version of their form."""
_KEY: Final = "catalog-key"
_ID_BYTES: Final = 16
_LARGEST: Final = 1024**3
"""Bytes of the file; a larger one is begun anew."""
_OF_THE_MOMENT: Final = ("cannot load such file", "memory", "Cannot allocate", "Errno::", "execution expired")
"""What is in failures that the machine caused and not the code."""

Unstable = tuple[str, str, str | None]
"""Type, title and parameter of a value that differs each time a catalog is compiled."""


@dataclass(frozen=True, slots=True)
class NodeCatalog:
    """One side of a node: its masked resources as JSON texts, or why there are none.

    `secrets` are the digests of the secrets that its own code marks, `masked` those of all secrets that were searched for in
    it. `unstable` is None if the node was not compiled twice.
    """

    rows: tuple[str, ...]
    failure: Failure | None
    warnings: frozenset[Notice]
    puppet: str | None
    secrets: frozenset[str]
    masked: frozenset[str]
    unstable: frozenset[Unstable] | None = None

    @property
    def is_lasting(self) -> bool:
        """Return whether compiling again ends in the same way: a limit or a missing library may be gone next time."""
        failure = self.failure
        return failure is None or (
            failure.reason not in {"died", "NoMemoryError", "LoadError", "SystemExit", "Interrupt"}
            and not any(words in failure.notice.message for words in _OF_THE_MOMENT)
        )


class CatalogStore:
    """The catalogs that are kept in the cache; `key` is the key of the digests of their secrets, by default its own."""

    def __init__(self, workspace: Workspace, key: str | None = None) -> None:
        self._objects = ObjectCache(Cache.at(Path(workspace.settings.cache)).path / "catalogs")
        self._objects.limit(_LARGEST)
        self.key = key or self._read_key()

    def _read_key(self) -> str:
        for _ in range(2):  # another process may write its own between the two: the last one stays
            if found := self._objects.get(_KEY, ["key"], str):
                return found["key"]
            made = secrets.token_hex(32)
            self._objects.put(_KEY, {"key": made})
        return self._objects.get(_KEY, ["key"], str).get("key", made)

    def id_of(self, digest: str) -> str:
        """Return the id of a node's catalog with this key, given the digest of what it depends on."""
        return blake2b(f"{digest} {self.key}".encode(), digest_size=32).hexdigest()

    def get(self, ids: Iterable[str]) -> Mapping[str, NodeCatalog]:
        """Return id to catalog, for those that are stored whole."""
        found = self._objects.get(_CATALOG, ids, json.loads)
        rows = {id_: list(_row_ids(value)) for id_, value in found.items()}
        texts = self._objects.get(_ROW, {one for some in rows.values() for one in some}, str)
        wanted = {str(value.get("masked")) for value in found.values()}
        masked = self._objects.get(_SECRETS, wanted, lambda text: frozenset(map(str, json.loads(text))))
        catalogs = {}
        for id_, value in found.items():
            with suppress(LookupError, TypeError, ValueError, AttributeError):
                own = tuple(map(texts.__getitem__, rows[id_]))
                catalogs[id_] = _decode(value, own, masked[value["masked"]])
        return catalogs

    def put(self, catalogs: Mapping[str, NodeCatalog]) -> None:
        """Store catalogs by their ids; one that will not last, or whose text is not Unicode, is not stored."""
        stored, texts, sets = {}, {}, {}
        ids: dict[str, bytes] = {}
        for id_, one in catalogs.items():
            with suppress(UnicodeEncodeError):
                if one.is_lasting:
                    for text in one.rows:
                        if text not in ids:
                            ids[text] = _id(text)
                            texts[ids[text].hex()] = text
                    all_secrets = json.dumps(sorted(one.masked))
                    masked = _id(all_secrets).hex()
                    sets[masked] = all_secrets
                    stored[id_] = _encode(one, b"".join(ids[text] for text in one.rows), masked)
        self._objects.put(_SECRETS, sets)
        self._objects.put(_ROW, texts)
        self._objects.put(_CATALOG, stored)


def _id(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=_ID_BYTES).digest()


def _row_ids(value: Any) -> Iterator[str]:
    with suppress(LookupError, TypeError, ValueError):
        digits = base64.b64decode(value["rows"]).hex()
        yield from (digits[at : at + 2 * _ID_BYTES] for at in range(0, len(digits), 2 * _ID_BYTES))


def _encode(one: NodeCatalog, rows: bytes, masked: str) -> str:
    failure = one.failure
    values = {
        "rows": base64.b64encode(rows).decode(),
        "failure": failure and [*astuple(failure.notice), failure.reason],
        "warnings": sorted((list(astuple(notice)) for notice in one.warnings), key=repr),
        "puppet": one.puppet,
        "secrets": sorted(one.secrets),
        "masked": masked,
        "unstable": None if one.unstable is None else sorted(one.unstable, key=repr),
    }
    text = json.dumps(values)
    text.encode()
    return text


def _decode(value: Any, rows: tuple[str, ...], masked: frozenset[str]) -> NodeCatalog:
    failure, unstable = value["failure"], value["unstable"]
    return NodeCatalog(
        rows,
        failure and Failure(Notice(*failure[:3]), failure[3]),
        frozenset(Notice(*one) for one in value["warnings"]),
        value["puppet"],
        frozenset(value["secrets"]),
        masked,
        None if unstable is None else frozenset((kind, title, name) for kind, title, name in unstable),
    )
