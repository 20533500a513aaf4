"""A cloud whose next release changes thousands of things, as havana to icehouse and later moves did."""

import random
from collections.abc import Iterator

from tests.support.cloud import Cloud, Upstream
from tests.support.comparisons import HOSTILE

MODULES = (
    "aodh",
    "barbican",
    "ceilometer",
    "cinder",
    "designate",
    "glance",
    "gnocchi",
    "heat",
    "horizon",
    "ironic",
    "keystone",
    "magnum",
    "manila",
    "mistral",
    "neutron",
    "nova",
    "octavia",
    "placement",
    "swift",
    "trove",
)
CLASSES = tuple(
    f"{first}{second}"
    for first in ("", "db::", "agent::", "backend::")
    for second in ("api", "auth", "logging", "policy", "rpc")
)
PARAMETERS = 20
COMMITS = 60
OLD, NEW = "2024.1", "2025.1"
_DEFAULTS = ("undef", "true", "'127.0.0.1'", "8080", "$facts['os_service_default']", "{}")


def make(cloud: Cloud) -> Cloud:
    """Put all modules upstream, an environment on the old release, and hiera data that name much of them."""
    for module in MODULES:
        _fill(cloud.upstream(module), random.Random(module))  # noqa: S311 - the same modules in every run
    cloud.manifest("live", f"release: {OLD}\nopenstack: [{', '.join(MODULES)}]\n")
    data = cloud.project / "data"
    data.mkdir()
    lines = (
        f"{module}::{name}::option_{number}: 1\n"
        for module in MODULES
        for name in CLASSES
        for number in (3, 9)
    )
    (data / "common.yaml").write_text(f"---\n{''.join(lines)}")
    return cloud


def _fill(upstream: Upstream, chance: random.Random) -> None:
    """Write two branches in one run of fast-import: the old one, and one that starts there and changes much."""
    module = upstream.module
    tables = {name: [chance.choice(_DEFAULTS) for _ in range(PARAMETERS)] for name in CLASSES}
    lines = [*_commit(OLD, 1, "Begin", parent=None), *_metadata(module, "24.0.0")]
    for name, defaults in tables.items():
        lines += _file(f"manifests/{name.replace('::', '/')}.pp", _class(module, name, defaults, ""))
    for number in range(COMMITS):
        lines += _commit(
            NEW, number + 2, _subject(number), parent=f"refs/heads/stable/{OLD}" if number == 0 else None
        )
        name = CLASSES[number % len(CLASSES)]
        for place in chance.sample(range(PARAMETERS), 3):
            tables[name][place] = chance.choice((*_DEFAULTS, "", "-"))
        lines += _file(
            f"manifests/{name.replace('::', '/')}.pp", _class(module, name, tables[name], "Integer")
        )
        lines += (
            _file(f"releasenotes/notes/note-{number:016x}.yaml", _note(module, name, number))
            if number % 9 == 0
            else []
        )
    lines += _metadata(module, "26.0.0")
    upstream.git("fast-import", "--quiet", given="".join(lines))


def _commit(release: str, day: int, message: str, *, parent: str | None) -> Iterator[str]:
    yield f"commit refs/heads/stable/{release}\ncommitter U <u@example.org> {1_700_000_000 + day * 86_400} +0000\n"
    yield _data(message)
    yield f"from {parent}\n" if parent else ""


def _subject(number: int) -> str:
    return f"Change {number} {HOSTILE}" if number % 30 == 0 else f"Change {number} of options"


def _metadata(module: str, version: str) -> list[str]:
    return _file(
        "metadata.json", f'{{"name": "openstack-{module}", "version": "{version}", "dependencies": []}}'
    )


def _class(module: str, name: str, defaults: list[str], type_: str) -> str:
    """Return a class with a parameter for each default: `-` is gone, an empty one is required."""
    lines = "".join(
        f"  {type_ if number % 5 == 0 else ''} $option_{number}{f' = {default}' if default else ''},\n"
        for number, default in enumerate(defaults)
        if default != "-"
    )
    return f"class {module}::{name}(\n{lines}) {{\n}}\n"


def _note(module: str, name: str, number: int) -> str:
    return (
        f"---\nupgrade:\n  - |\n    The option_{number} parameter of ``{module}::{name}`` works otherwise.\n"
    )


def _file(path: str, text: str) -> list[str]:
    return [f"M 100644 inline {path}\n", _data(text)]


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
