"""What a Puppet report or catalog says of the code it was compiled from: its first few fields, as raw text.

Reports are YAML with Ruby's tags (`!ruby/object:Puppet::Transaction::Report`), of which no tag is ever looked up and
nothing is built: events are read one by one until the few fields have come. JSON is what PuppetDB and catalogs are in.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from pinner.project.nodes import LOADER
from pinner.project.text import read_bytes
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem

LONGEST = 32 * 1024 * 1024
"""Bytes of the largest file that is read; the reports of a large node have a few millions."""

_FIELDS = ("configuration_version", "environment", "host", "time")
_WRAPPERS = ("catalog", "data")  # /puppet/v4/catalog, and catalogs before Puppet 4
_HINT = "give a report (from reports/ or last_run_report.yaml) or a catalog in JSON"
# `puppet catalog compile` says what it did before the JSON, on stdout
_NOTICES = re.compile(r"(?:[^{\n][^\n]*\n|\n){0,20}(?=\{)")


@dataclass(frozen=True, slots=True)
class PuppetRun:
    """What was compiled: `version` is the configuration version, None where no catalog was (a failed run).

    The other fields are None where the file does not say; `time` is as it was written.
    """

    version: str | None
    environment: str | None
    host: str | None = None
    time: str | None = None


def read_run(path: Path) -> PuppetRun:
    """Return what the file says; raises InputError where it is neither report nor catalog, UnknownError if unreadable."""
    shown = str(path)
    text = read_bytes(path, shown=shown, limit=LONGEST).decode("utf-8-sig", errors="replace")
    notices = _NOTICES.match(text)
    fields = _from_json(text[notices.end() :]) if notices else _from_yaml(text)
    if fields is None:
        raise InputError(Problem("this is no Puppet report or catalog", Place(shown), _HINT))
    version, environment, host, time = (fields.get(name) or None for name in _FIELDS)
    return PuppetRun(version, environment, host, time)


def _from_json(text: str) -> dict[str, str] | None:
    try:
        loaded = json.loads(text, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError):
        return None
    inner = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), dict)), loaded)
    if "configuration_version" in inner:
        return _texts(inner)
    if "version" in inner and "resources" in inner:
        return _texts({**inner, "configuration_version": inner["version"], "host": inner.get("name")})
    return None


def _texts(found: dict[str, object]) -> dict[str, str]:
    return {name: value for name in _FIELDS if isinstance(value := found.get(name), str)}


def _from_yaml(text: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    try:
        for key, value in _top_level(yaml.parse(text, Loader=LOADER)):
            found.setdefault(key, value)
            if all(name in found for name in _FIELDS):
                break
    except yaml.YAMLError:
        return None
    return found if "configuration_version" in found else None


def _top_level(events: Iterator[yaml.Event]) -> Iterator[tuple[str, str]]:
    """Yield the fields of the outermost map whose values are scalars; a field without a value is an empty text."""
    depth = 0
    key: str | None = None
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            key = None
        elif depth == 1 and key is None and isinstance(event, yaml.ScalarEvent):
            key = event.value
        elif depth == 1:
            if key is not None and isinstance(event, yaml.ScalarEvent):
                yield key, _text(event)
            key = None
        if isinstance(event, yaml.SequenceStartEvent) and depth == 0:
            return
        depth += isinstance(event, yaml.CollectionStartEvent)


def _text(event: yaml.ScalarEvent) -> str:
    value = str(event.value)
    return "" if not event.style and value in {"~", "null"} else value
