"""Compile catalogs on a running Puppet Server, through its endpoint /puppet/v4/catalog; nothing is stored there.

The endpoint takes facts and trusted facts, and returns Puppet's own catalog, which is reduced here to what compile.rb returns
(puppetserver documentation/puppet-api/v4/catalog.md). Catalogs of older versions do not say whether a type is native: one that
contains resources, or whose name has `::`, is taken for a defined type. No catalog has the content of `puppet:///` files.
"""

import hashlib
import hmac
import json
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from pinner.catalogs.https import HttpsServer
from pinner.catalogs.masking import MARK
from pinner.catalogs.process import HIDDEN_NAMES, read_row
from pinner.model.catalogs import Catalog, Compiled, Failure, Json, Node, Notice, Resource
from pinner.model.errors import Problem, UnknownError

_PATH: Final = "/puppet/v4/catalog"
_PORT: Final = 8140
_OK: Final = 200
_SHORTEST: Final = 6
_WORDS: Final = frozenset(
    {"absent", "default", "disabled", "enabled", "installed", "password", "present", "running"}
)
_HIDDEN: Final = re.compile(HIDDEN_NAMES.replace(r"\z", r"\Z"))
_REFUSED: Final = (401, 403, 404)
_NAMES: Final = {"File": "path"}
"""Types whose namevar is not `name`."""
_KINDS: Final[Mapping[object, str]] = {
    "defined_type": "define",
    "compilable_type": "native",
    "unknown": "define",
}
"""What newer versions of Puppet call them."""


@dataclass(frozen=True, slots=True)
class CompilingServer:
    """A Puppet Server: `context` has the certificates, `key` is that of the digests of secrets, `timeout` in seconds."""

    url: str
    context: ssl.SSLContext
    key: str
    timeout: float = 300.0
    jobs: int = 2

    def compile_sides(
        self, environments: Sequence[str], nodes: Sequence[Sequence[Node]], rows: dict[str, Resource]
    ) -> Iterator[tuple[int, Compiled]]:
        """Yield the index of an environment and the result of a node, for each node of each environment.

        Raises UnknownError if the server cannot be reached or refuses to answer.
        """
        asked = [(side, node) for side, some in enumerate(nodes) for node in some]
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                yield from pool.map(
                    lambda one: (one[0], self._compile(environments[one[0]], one[1], rows)), asked
                )
            finally:
                pool.shutdown(cancel_futures=True)

    def _compile(self, environment: str, node: Node, rows: dict[str, Resource]) -> Compiled:
        status, answer = self._post(_request(environment, node))
        root = re.compile(rf"^.*?/{re.escape(environment)}(?:[_.-][^/]*)?/|^/(?:[^/]+/)*?(?=modules/)")
        if status != _OK:
            message = answer.get("msg") if isinstance(answer, dict) else None
            return Compiled(node.name, Failure(Notice(_relative(str(message or answer), root)), "server"))
        try:
            return _reduced(node.name, answer, self.key, root, rows)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise UnknownError(Problem(f"{self.url}: the catalog of {node.name} cannot be read")) from error

    def _post(self, body: bytes) -> tuple[int, Any]:
        server = HttpsServer(self.url, self.context, _PORT, self.timeout)
        answer = server.request("POST", _PATH, body)
        if answer.status in _REFUSED:
            hint = f"allow this machine's certificate to use {_PATH} in auth.conf"
            raise UnknownError(Problem(f"{self.url}: {answer.status} {answer.reason}", hint=hint))
        try:
            return answer.status, answer.json()
        except ValueError:
            return answer.status, answer.body.decode("utf-8", "replace")


def _request(environment: str, node: Node) -> bytes:
    values = {
        "certname": node.name,
        "persistence": {"facts": False, "catalog": False},
        "environment": environment,
        "facts": {"values": dict(node.facts)},
        "trusted_facts": {"values": dict(node.trusted)},
        "options": {"prefer_requested_environment": True, "capture_logs": True, "log_level": "warning"},
    }
    return json.dumps(values).encode()


def _relative(text: str, root: re.Pattern[str]) -> str:
    return re.sub(r"(?<=file: )[^,)]+", lambda found: root.sub("", found[0]), text)


def _reduced(name: str, answer: Any, key: str, root: re.Pattern[str], rows: dict[str, Resource]) -> Compiled:
    catalog = answer["catalog"]
    reduction = _Reduction(key)
    holders = {edge["source"] for edge in catalog["edges"]}
    texts = []
    for one in catalog["resources"]:
        if one["type"] != "Stage" and not one.get("exported"):
            row = reduction.row(one, root, holds=f"{one['type']}[{one['title']}]" in holders)
            texts.append((row[0], row[1], json.dumps(row, ensure_ascii=False)))
    resources = tuple(rows.get(text) or rows.setdefault(text, read_row(text)) for _, _, text in sorted(texts))
    warnings = tuple(
        Notice(
            _relative(str(log["message"]), root),
            root.sub("", log["file"]) if log.get("file") else None,
            log.get("line"),
        )
        for log in answer.get("logs") or ()
        if log.get("level") in {"warning", "err", "alert", "emerg", "crit"}
    )
    return Compiled(name, Catalog(resources, reduction.secrets), warnings)


class _Reduction:
    """Turns resources of one catalog into rows as compile.rb returns them, and collects their secrets."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self.secrets: dict[str, str] = {}

    def row(self, one: Mapping[str, Any], root: re.Pattern[str], *, holds: bool) -> list[Any]:
        kind = _KINDS.get(one.get("kind")) or ("define" if holds or "::" in one["type"] else "native")
        kind = "class" if one["type"] == "Class" else kind
        given = one.get("parameters") or {}
        sensitive = set(one.get("sensitive_parameters") or ())
        parameters = {}
        for name, value in sorted(given.items()):
            is_hidden = (
                name in sensitive or _HIDDEN.search(name) or (name == "value" and given.get("secret") is True)
            )
            parameters[name] = self._hide(value) if is_hidden else self._plain(value)
        found = given.get(_NAMES.get(one["type"], "name"))
        name = found if kind == "native" and isinstance(found, str) and found != one["title"] else None
        path = root.sub("", one["file"]) if one.get("file") else None
        shown = {key: value for key, value in parameters.items() if value is not None}
        return [
            one["type"],
            one["title"],
            name,
            {} if kind == "class" else shown,
            path,
            one.get("line"),
            kind,
        ]

    def _plain(self, value: Any) -> Json:
        if isinstance(value, list):
            return [self._plain(one) for one in value]
        if not isinstance(value, dict):
            return None if value == "undef" else value
        if "__ptype" in value:
            return self._rich(value["__ptype"], value)
        return {name: self._plain(one) for name, one in sorted(value.items())}

    def _rich(self, kind: str, value: Mapping[str, Any]) -> Json:
        """Return a value of one of Puppet's own types (puppet-specifications, pcore-data-representation.md)."""
        if kind == "Sensitive":
            return self._hide(value.get("__pvalue"))
        if kind == "Deferred":
            return {"__deferred__": [self._plain(value.get("name")), self._plain(value.get("arguments"))]}
        if kind == "Binary":
            return {"__bytes__": hashlib.sha256(str(value.get("__pvalue")).encode()).hexdigest()}
        return self._plain(value.get("__pvalue"))

    def _hide(self, value: Any) -> Json:
        if isinstance(value, dict) and value.get("__ptype") == "Sensitive":
            value = value.get("__pvalue")
        if value is None or value in (True, False, "", "<SERVICE DEFAULT>"):
            return self._plain(value)
        self._gather(value)
        return {MARK: self._digest(value)}

    def _gather(self, value: Any) -> None:
        if isinstance(value, str) and len(value) >= _SHORTEST and value not in _WORDS:
            self.secrets[value] = self._digest(value)
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self._gather(one)

    def _digest(self, value: Any) -> str:
        text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hmac.new(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:12]
