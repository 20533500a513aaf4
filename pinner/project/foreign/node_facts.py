"""Read what other programs wrote about nodes: their facts, and the code that a Puppet run used.

| file | written by |
|---|---|
| a JSON object of facts | `facter --json`, `puppet facts show`; the file is named after the node's certificate |
| a JSON object with `values` | `puppet facts find`, the files of a PuppetDB export |
| a JSON list of `{certname, facts}` | PuppetDB's /inventory |
| a JSON list of `{certname, name, value}` | PuppetDB's /facts |
| YAML that begins with `!ruby/object:Puppet::Node::Facts` | a Puppet Server's cache, `$vardir/yaml/facts` |

Of a report or catalog, only the first few fields are read, as raw text. Reports are YAML with Ruby's tags (`!ruby/object:Puppet::Transaction::Report`). No tag is resolved and no
object is created: events are read one by one until the required fields are found. PuppetDB's data and
catalogs are JSON.
"""

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from pinner.model.catalogs import Json, Node
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


LARGEST_FACTS: Final = 256 * 1024 * 1024
"""Bytes of one file; PuppetDB's inventory of 10,000 nodes has 200 MB."""
_MOST_VALUES = 200_000
"""Values in the facts of one node, which aliases in YAML could multiply."""
_SUFFIXES = (".json", ".yaml", ".yml")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_ROLE = re.compile(r"[-_]?\d+$")


@dataclass(frozen=True, slots=True)
class NodesRead:
    """The nodes by name, and the problems of files that hold none."""

    nodes: tuple[Node, ...]
    problems: tuple[Problem, ...] = ()


def read_nodes(directory: Path) -> NodesRead:
    """Return the nodes whose facts are in the files of a directory and of those below it.

    A node that two files describe is a problem. Raises InputError if there are no files.
    """
    found: dict[str, tuple[Node, str]] = {}
    problems: list[Problem] = []
    files = (Path(parent, name) for parent, _, names in os.walk(directory) for name in names)
    paths = sorted(path for path in files if path.name.endswith(_SUFFIXES))
    if not paths:
        message = f"{directory} has no facts: no file in it ends in .json or .yaml"
        raise InputError(Problem(message, hint="'facter --json > NODE.json' on a node writes one"))
    for path in paths:
        try:
            for node in parse_nodes(read_file(path, shown=str(path), limit=LARGEST_FACTS), str(path)):
                if node.name in found:
                    message = f"the facts of {node.name} are in {found[node.name][1]}, too"
                    problems.append(Problem(message, Location(str(path)), "remove one of the two"))
                found.setdefault(node.name, (node, str(path)))
        except InputError as error:
            problems.extend(error.problems)
    return NodesRead(tuple(found[name][0] for name in sorted(found)), tuple(problems))


def parse_inventory(pages: Iterable[bytes], source: str) -> NodesRead:
    """Return the nodes of PuppetDB's inventory at `source`, and the problems with those that are none."""
    found: dict[str, Node] = {}
    problems: list[Problem] = []
    for page in pages:
        for row in json.loads(page):
            try:
                found.update({node.name: node for node in _of_puppetdb([row], source)})
            except InputError as error:
                problems.extend(error.problems)
    return NodesRead(tuple(found[name] for name in sorted(found)), tuple(problems))


def parse_nodes(data: bytes, path: str) -> Iterator[Node]:
    """Yield the nodes of one file; raises InputError if it does not hold facts."""
    value = _decode(data, path)
    stem = path.rpartition("/")[2].rpartition(".")[0]
    if isinstance(value, list):
        yield from _of_puppetdb(value, path)
    elif not isinstance(value, dict):
        raise _no_facts(path, "it is not an object")
    elif isinstance(value.get("values"), dict):
        name = value.get("name") or value.get("certname") or stem
        yield make_node(name, value["values"], path, trusted=value.get("trusted"))
    elif isinstance(value.get("facts"), dict):
        yield make_node(value.get("certname") or stem, value["facts"], path, trusted=value.get("trusted"))
    else:
        yield make_node(stem, value, path)


def _no_facts(path: str, why: str) -> InputError:
    hint = "see 'pinner compile --help' for the formats; 'facter --json' writes one"
    return InputError(Problem(f"no facts of a node: {why}", Location(path), hint))


def _decode(data: bytes, path: str) -> Any:
    try:
        if path.endswith(".json"):
            return json.loads(data)
        # Psych quotes every text that it would read as something else, so that YAML's own types are right here.
        return yaml.load(data, Loader=_FactsLoader)  # noqa: S506 - a safe loader
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise _no_facts(path, f"it cannot be read: {str(error).splitlines()[0]}") from error


class _FactsLoader(yaml.SafeLoader):
    """Reads the mapping of `!ruby/object:Puppet::Node::Facts`, and symbols as text; it makes no objects."""


def _of_ruby(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_FactsLoader.add_multi_constructor("!ruby/", _of_ruby)


def _of_puppetdb(rows: list[Any], path: str) -> Iterator[Node]:
    facts: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("certname"), str):
            raise _no_facts(path, "a row has no certname")
        if isinstance(row.get("facts"), dict):
            yield make_node(row["certname"], row["facts"], path, trusted=row.get("trusted"))
        elif isinstance(row.get("name"), str):
            facts.setdefault(row["certname"], {})[row["name"]] = row.get("value")
        else:
            raise _no_facts(path, "a row has neither facts nor the name of a fact")
    for name, values in facts.items():
        yield make_node(name, values, path)


def make_node(name: object, facts: Mapping[Any, Any], path: str, *, trusted: object = None) -> Node:
    """Return a node with plain facts; raises InputError if they are not those of a machine.

    Without `trusted`, `$trusted` is taken from the fact of that name, as PuppetDB stores it, or made from the name.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _no_facts(path, f"{name!r} is not the name of a certificate")
    budget = [_MOST_VALUES]
    plain = {str(key).removeprefix(":"): _plain(value, budget) for key, value in facts.items()}
    if budget[0] < 0:
        raise _no_facts(path, f"more than {_MOST_VALUES} values")
    if not isinstance(plain.get("os") or plain.get("operatingsystem"), dict | str):
        raise _no_facts(path, "they lack the fact 'os'")
    stored = plain.pop("trusted", None)
    given = trusted if isinstance(trusted, dict) else stored if isinstance(stored, dict) else {}
    host, _, domain = name.partition(".")
    made: dict[str, Json] = {
        "authenticated": "remote",
        "certname": name,
        "hostname": host,
        "domain": domain or None,
        "extensions": {},
        "external": {},
    }
    node = Node(name, plain, {**made, **given})
    return Node(name, plain, node.trusted, kind_of(node))


def _plain(value: Any, budget: list[int]) -> Json:
    budget[0] -= 1
    if budget[0] < 0:
        return None
    if isinstance(value, dict):
        return {str(key).removeprefix(":"): _plain(one, budget) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, budget) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def kind_of(node: Node) -> str:
    """Return what nodes that run the same code have in common: role, operating system and its release.

    The role is the certificate's `pp_role`, else the host name without the number at its end.
    """
    extensions = node.trusted.get("extensions")
    role = extensions.get("pp_role") if isinstance(extensions, dict) else None
    system = node.facts.get("os")
    parts = [str(role) if role else _ROLE.sub("", node.name.partition(".")[0])]
    if isinstance(system, dict):
        release = system.get("release")
        parts += [str(system.get("name")), str(release.get("major")) if isinstance(release, dict) else ""]
    return "/".join(parts)


def choose_nodes(
    nodes: Iterable[Node], *, only: tuple[str, ...] = (), sample: int | None = None
) -> tuple[Node, ...]:
    """Return the nodes that one of the patterns `only` matches, and of those the first `sample` of each kind."""
    seen: Counter[str] = Counter()
    chosen = []
    for node in nodes:
        if only and not any(fnmatchcase(node.name, pattern) for pattern in only):
            continue
        seen[node.kind] += 1
        if sample is None or seen[node.kind] <= sample:
            chosen.append(node)
    return tuple(chosen)


def classified(node: Node, answer: bytes) -> Node:
    """Return the node with the classes and parameters of an external node classifier's answer.

    `classes` is a list of names, or a map of names to parameters. The environment that it may name is not used.
    Raises InputError for anything else.
    """
    path = f"the classifier's answer for {node.name}"
    try:
        value = yaml.load(answer, Loader=_FactsLoader)  # noqa: S506 - a safe loader
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(Problem(f"not YAML: {str(error).splitlines()[0]}", Location(path))) from error
    found = value if isinstance(value, dict) else {}
    classes, parameters = found.get("classes") or {}, found.get("parameters") or {}
    if (
        not isinstance(value, dict | None)
        or not isinstance(classes, dict | list)
        or not isinstance(parameters, dict)
    ):
        hint = "see https://www.puppet.com/docs/puppet/latest/nodes_external.html"
        raise InputError(Problem("not a map of classes and parameters", Location(path), hint))
    budget = [_MOST_VALUES]
    named = {str(name): {} for name in classes} if isinstance(classes, list) else classes
    return replace(
        node,
        classes={str(name): _plain(given or {}, budget) for name, given in named.items()},
        parameters={str(name): _plain(given, budget) for name, given in parameters.items()},
    )
