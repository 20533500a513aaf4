"""Read the first few fields of a Puppet report or catalog, as raw text: the code it was compiled from.

Reports are YAML with Ruby's tags (`!ruby/object:Puppet::Transaction::Report`). No tag is resolved and no
object is created: events are read one by one until the required fields are found. PuppetDB's data and
catalogs are JSON.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from pinner.model.errors import InputError, Location, Problem
from pinner.model.identification import PuppetRun
from pinner.project.files import read_file
from pinner.project.yaml.nodes import LOADER

LONGEST = 32 * 1024 * 1024
"""Bytes of the largest file that is read; the reports of a large node have a few million."""

_FIELDS = ("configuration_version", "environment", "host", "time")
_WRAPPERS = ("catalog", "data")  # /puppet/v4/catalog, and catalogs before Puppet 4
_HINT = "give a report (from reports/ or last_run_report.yaml) or a catalog in JSON"
# `puppet catalog compile` prints notices to stdout before the JSON.
_NOTICES = re.compile(r"(?:[^{\n][^\n]*\n|\n){0,20}(?=\{)")


def read_run(path: Path) -> PuppetRun:
    """Return the fields of the file.

    Raises InputError if it is neither a report nor a catalog, UnknownError if it cannot be read.
    """
    shown = str(path)
    text = read_file(path, shown=shown, limit=LONGEST).decode("utf-8-sig", errors="replace")
    notices = _NOTICES.match(text)
    fields = _from_json(text[notices.end() :]) if notices else _from_yaml(text)
    if fields is None:
        raise InputError(Problem("this is not a Puppet report or catalog", Location(shown), _HINT))
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
    """Yield the top-level fields with scalar values; a field without a value has an empty text."""
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
                is_null = not event.style and event.value in {"~", "null"}
                yield key, "" if is_null else str(event.value)
            key = None
        if isinstance(event, yaml.SequenceStartEvent) and depth == 0:
            return
        depth += isinstance(event, yaml.CollectionStartEvent)
