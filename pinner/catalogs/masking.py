"""Mask secrets in what is reported: wherever the value stands, on both sides of a comparison.

compile.rb hides values that are marked or named as secrets, and returns them, so that they are also found where they are a
part of something else: a connection string, a file, a command. A masked value shows a keyed digest, by which a changed secret
is still seen; the key belongs to the cache, or is new in each run without one.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from pinner.model.catalogs import Json, Notice, Resource
from pinner.model.preview import CatalogChange, Effect

MARK: Final = "__secret__"
_SHORTEST: Final = 6
"""Characters of a secret that is masked inside other values: `admin` may be a password, and is also a word."""

_MASKED = re.compile(r"\(secret [0-9a-f]+\)")


class Masks:
    """The secrets that are known so far, and the texts that replace them."""

    def __init__(self) -> None:
        self.by_value: dict[str, str] = {}
        self._ordered: list[tuple[str, str]] | None = None

    def add(self, secrets: Mapping[str, str]) -> None:
        """Add secrets, each with its digest, also as they look in URLs, JSON and base64."""
        for value, digest in secrets.items():
            if value in self.by_value or len(value) < _SHORTEST:
                continue
            shown = f"(secret {digest})"
            encoded = base64.b64encode(value.encode()).decode().rstrip("=")
            for form in (value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], encoded):
                self.by_value.setdefault(form, shown)
            self._ordered = None

    def occurring_in(self, rows: Iterable[str]) -> "Masks":
        """Return the secrets that occur in at least one of the JSON texts."""
        joined = "\n".join(rows)
        found = Masks()
        found.by_value = {
            value: shown
            for value, shown in self.by_value.items()
            if json.dumps(value, ensure_ascii=False)[1:-1] in joined
        }
        return found

    def mask_resource(self, resource: Resource) -> Resource:
        """Return a resource with each secret masked; the marks of compile.rb stay."""
        return resource._replace(
            title=self.apply(resource.title),
            name=resource.name and self.apply(resource.name),
            parameters={name: self._mask_value(one) for name, one in resource.parameters.items()},
        )

    def _mask_value(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.apply(value)
        if isinstance(value, dict):
            if value.keys() == {MARK}:
                return value
            return {self.apply(name): self._mask_value(one) for name, one in value.items()}
        return [self._mask_value(one) for one in value] if isinstance(value, list) else value

    def apply(self, text: str) -> str:
        """Return the text with each secret replaced, longest first."""
        if self._ordered is None:
            self._ordered = sorted(self.by_value.items(), key=lambda item: -len(item[0]))
        for value, shown in self._ordered:
            if value in text:
                text = text.replace(value, shown)
        return text

    def mask(self, change: CatalogChange) -> CatalogChange:
        """Return the change with each secret masked."""
        old, new = (
            None if one is None else self.apply(_without_marks(one)) for one in (change.old, change.new)
        )
        title = self.apply(change.title)
        is_secret = change.is_secret or any(one and _MASKED.search(one) for one in (old, new, title))
        # The value is the same: one side marks it as a secret, the other does not.
        effect = Effect.BOOKKEEPING if old == new and change.parameter else change.effect
        return replace(change, old=old, new=new, title=title, is_secret=is_secret, effect=effect)

    def mask_notice(self, notice: Notice) -> Notice:
        """Return what Puppet reports with each secret masked."""
        return replace(notice, message=self.apply(notice.message))


def _without_marks(text: str) -> str:
    """Return a JSON text with the marks of compile.rb replaced by the text that masks a secret."""
    return json.dumps(_shown(json.loads(text)), sort_keys=True, ensure_ascii=False) if MARK in text else text


def _shown(value: object) -> object:
    if isinstance(value, dict):
        if value.keys() == {MARK}:
            return f"(secret {value[MARK]})"
        return {name: _shown(one) for name, one in value.items()}
    return [_shown(one) for one in value] if isinstance(value, list) else value
