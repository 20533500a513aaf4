"""Debian's packages of the OpenStack modules as the git repositories they might have come from.

Each suite carries another OpenStack release: it becomes the branch stable/RELEASE of each OpenStack module, and a
version tag of each third-party one. The repositories lie in root/HOST/OWNER/NAME.git, as their URLs say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.openstack.catalogue import ModuleEntry, all_series, find_module
from tests.support.debian_modules import DebianModule
from tests.support.repositories import Repository, make_repository

_WHO = "Debian <debian@example.org>"
_START = 1_600_000_000
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Release:
    """One OpenStack release as a suite has it: modules that follow it, and third-party ones with their versions."""

    series: str
    suite: str
    openstack: tuple[str, ...]
    third_party: Mapping[str, str]

    @property
    def environment(self) -> str:
        """The name of a Puppet environment on this release."""
        return f"cloud_{self.series.replace('.', '_')}"


def commit_modules(
    root: Path, modules_by_suite: Mapping[str, tuple[DebianModule, ...]]
) -> tuple[Release, ...]:
    """Commit every module of every suite, and return what releases there are; oldest suite first in both."""
    histories: dict[str, dict[str, DebianModule]] = {}
    for module in (module for modules in modules_by_suite.values() for module in modules):
        histories.setdefault(_url(module), {}).setdefault(_ref(module), module)
    for url, module_by_ref in histories.items():
        _commit(make_repository(_directory(root, url)), module_by_ref)
    return tuple(_releases(modules_by_suite))


def _releases(modules_by_suite: Mapping[str, tuple[DebianModule, ...]]) -> Iterator[Release]:
    """Yield the release of each suite; one that is younger than the catalogue is left out."""
    for suite, modules in modules_by_suite.items():
        series = {module.name: _series(module) for module in modules if _is_openstack(module)}
        if release := series.get("keystone"):
            followers = tuple(name for name, own in series.items() if own == release)
            others = {module.name: module.version for module in modules if not _is_openstack(module)}
            yield Release(release, suite, followers, others)


def _is_openstack(module: DebianModule) -> bool:
    return module.owner == "openstack"


def _series(module: DebianModule) -> str | None:
    """Return the series that the module's version belongs to by its major number, None if the catalogue has none."""
    for series in all_series():
        entry = find_module(module.name, series)
        version = entry.version if isinstance(entry, ModuleEntry) else None
        if version and _major(version) == _major(module.version):
            return series.id
    return None


def _major(version: str) -> str:
    return version.partition(".")[0]


def _url(module: DebianModule) -> str:
    entry = find_module(module.name, None)
    if entry is None:
        raise LookupError(f"the catalogue has no module {module.name}")
    return entry.git


def _ref(module: DebianModule) -> str:
    return f"refs/heads/stable/{_series(module)}" if _is_openstack(module) else f"refs/tags/v{module.version}"


def _directory(root: Path, url: str) -> Path:
    directory = root / f"{url.partition('://')[2]}.git"
    directory.parent.mkdir(parents=True, exist_ok=True)
    return directory


def _commit(repository: Repository, module_by_ref: Mapping[str, DebianModule]) -> None:
    """Write the whole history in one stream: each module on top of the one before, then HEAD's branch at the newest."""
    stream = b"".join(part for row in enumerate(module_by_ref.items(), start=1) for part in _stream(*row))
    repository.git("fast-import", "--quiet", "--force", given=stream)


def _stream(number: int, row: tuple[str, DebianModule]) -> Iterator[bytes]:
    ref, module = row
    when = f"{_WHO} {_START + number * _DAY} +0000"
    yield f"commit refs/heads/main\nmark :{number}\ncommitter {when}\n".encode()
    yield _data(f"{module.owner}-{module.name} {module.version}, as in {module.suite}\n".encode())
    yield b"deleteall\n"
    for path in sorted(path for path in module.path.rglob("*") if path.is_symlink() or path.is_file()):
        yield _file(path, path.relative_to(module.path).as_posix())
    if ref.startswith("refs/tags/"):
        yield f"tag {ref.removeprefix('refs/tags/')}\nfrom :{number}\ntagger {when}\n".encode() + _data(
            b"release\n"
        )
    else:
        yield f"reset {ref}\nfrom :{number}\n\n".encode()


def _file(path: Path, name: str) -> bytes:
    if path.is_symlink():
        return f"M 120000 inline {name}\n".encode() + _data(str(path.readlink()).encode())
    mode = "100755" if path.stat().st_mode & 0o100 else "100644"
    return f"M {mode} inline {name}\n".encode() + _data(path.read_bytes())


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
