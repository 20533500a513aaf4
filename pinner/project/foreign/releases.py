"""Read the files of openstack/releases: the series with their phases, and the deliverables of each series."""

import re

from pinner.model.catalogue import Deliverable, SeriesRow
from pinner.model.errors import InputError, Location, Problem
from pinner.model.lock import SeriesStatus
from pinner.model.manifest import Text
from pinner.model.text import quoted
from pinner.project.yaml.nodes import MappingNode, Node, SequenceNode, map_at, read_nodes, text_at
from pinner.puppet.names import check_day

GIT = "https://opendev.org"
# The list of releases also has the tags that end a series, such as zed-eom.
_VERSION = re.compile(r"\d+(\.\d+)+")


def read_series_status(content: bytes, path: str) -> tuple[SeriesRow, ...]:
    """Return the series of `data/series_status.yaml`, oldest first; raises InputError for what is not as expected."""
    read = read_nodes(content, path)
    if read.problems:
        raise InputError(read.problems)
    if not isinstance(read.root, SequenceNode) or not read.root.items:
        raise InputError(Problem("a list of series is required", Location(path)))
    return tuple(_series(node, path) for node in reversed(read.root.items))


def _series(node: Node, path: str) -> SeriesRow:
    if not isinstance(node, MappingNode):
        raise InputError(Problem("a map is required for each series", Location(path)))
    name = text_at(node, "name")
    if name is None:
        raise InputError(Problem("the series has no 'name'", node.place))
    following = map_at(node, "next-phase")
    slurp = text_at(node, "slurp")
    series_id = text_at(node, "release-id") or name
    return SeriesRow(
        id=series_id.value,
        name=name.value,
        status=_status(text_at(node, "status"), node),
        released=_day(text_at(node, "initial-release")),
        eol=_day(text_at(node, "eol-date")),
        is_slurp=slurp is not None and slurp.value in {"yes", "true"},
        next_status=_status(text_at(following, "status"), following) if following else None,
        next_date=_day(text_at(following, "date")),
    )


def _status(text: Text | None, node: MappingNode) -> str:
    if text is None:
        raise InputError(Problem("the phase has no 'status'", node.place))
    if text.value == "extended maintenance":  # OpenStack's name for the phase until 2023
        return SeriesStatus.UNMAINTAINED.value
    if text.value not in set(SeriesStatus):
        raise InputError(Problem(f"{quoted(text.value)} is not a status that is known", text.place))
    return text.value


def _day(text: Text | None) -> str | None:
    if text is None:
        return None
    if flaw := check_day(text.value):
        raise InputError(Problem(flaw, text.place))
    return text.value


def read_deliverable(content: bytes, path: str) -> Deliverable:
    """Return the deliverable in `deliverables/SERIES/NAME.yaml`; raises InputError for what is not as expected.

    Its version is the last that was released, its branch the last that was cut.
    """
    read = read_nodes(content, path)
    if read.problems:
        raise InputError(read.problems)
    _, series, name = path.removesuffix(".yaml").rsplit("/", 2)
    root = read.root if isinstance(read.root, MappingNode) else None
    settings = map_at(root, "repository-settings")
    repository = next(iter(settings.entries), None) if settings else None
    return Deliverable(
        repository=name,
        git=f"{GIT}/{repository or f'openstack/{name}'}",
        series=series,
        version=next(
            (text for text in reversed(_texts(root, "releases", "version")) if _VERSION.fullmatch(text)), None
        ),
        branch=next(iter(reversed(_texts(root, "branches", "name"))), None),
    )


def _texts(root: MappingNode | None, key: str, of: str) -> list[str]:
    entry = root.entries.get(key) if root else None
    items = entry.value.items if entry and isinstance(entry.value, SequenceNode) else ()
    texts = (text_at(item, of) for item in items if isinstance(item, MappingNode))
    return [text.value for text in texts if text]
