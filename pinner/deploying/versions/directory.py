"""The deployment directory: its layout, who may write to it, its lock, the records of versions and switches.

    DIR/<environment>                                link to the version that is served, absolute
    DIR/.pinner/trees/<tree id>/                     the files of git trees, shared by all versions
    DIR/.pinner/versions/<environment>/<version>/    one version of one environment
    DIR/.pinner/versions/<environment>/<version>.json    its record
    DIR/.pinner/prepared                             versions that are prepared and not switched to yet
    DIR/.pinner/switches                             one line of JSON for each switch
    DIR/.pinner/lock                                 held by a run that changes something
    DIR/.pinner/unflushed                            environments whose caches a server may still have to empty
    DIR/.pinner/code-id, code-content                programs that Puppet Server runs for static catalogs

Puppet takes directories with names of letters, digits and underscores for environments, so it ignores
`.pinner`. With `versioned_environment_dirs`, Puppet reads the link of an environment once and puts the target
into a regular expression: the link must be absolute and lead to the directory itself.
"""

import fcntl
import getpass
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from pinner.deploying.versions.static_catalogs import server_files
from pinner.git.objects.tree_files import (
    exchange,
    failing,
    remove_tree,
    require_own_directory,
    sync_directory,
)
from pinner.git.objects.tree_store import TreeStore
from pinner.model.deployment import LinkMode, Version
from pinner.model.errors import InputError, Location, PinnerError, Problem
from pinner.project.files import Root, resolve
from pinner.puppet.names import check_environment_name

OnNote = Callable[[str], None]
OWN = ".pinner"
_TREES, _VERSIONS, _SWITCHES, _LOCK, _UNFLUSHED = "trees", "versions", "switches", "lock", "unflushed"
_PREPARED = "prepared"
_TEMPORARY, _SWITCHING = ".new-", "switching"
_PATH = re.compile(r"[A-Za-z0-9_./-]+")
_VERSION_ID = re.compile(r"pin-[0-9a-f]{12}-[0-9a-f]{12}")
_LARGEST_RECORD = 16 * 1024 * 1024
_MODE = 0o755


@dataclass(frozen=True, slots=True)
class Switch:
    """One line of the list of switches: `before` and `after` are version ids, `at` is in UTC, to the second."""

    environment: str
    before: str | None
    after: str
    at: str
    by: str
    is_rollback: bool = False


@dataclass(frozen=True, slots=True)
class DeploymentDirectory:
    """The directory that holds the environments of a server: absolute, links resolved."""

    path: Path

    @classmethod
    def named(cls, path: Path) -> "DeploymentDirectory":
        """Return the directory at `path`, which need not exist; raises InputError if Puppet could not use it."""
        real = resolve(path)
        if not _PATH.fullmatch(str(real)):
            hint = "use a path of letters, digits, '_', '.', '-' and '/'"
            message = "Puppet puts the path of a versioned environment into a regular expression"
            raise InputError(Problem(message, Location(str(path)), hint))
        return cls(real)

    @classmethod
    def at(cls, path: Path, *, is_made: bool = False) -> "DeploymentDirectory":
        """Return the directory at `path`, which is made with all its own directories if `is_made`.

        Raises InputError if it does not exist, as `named` does, or if anybody but the user can
        write to it or to what pinner has in it; UnknownError if it cannot be made.
        """
        found = cls.named(path)
        if is_made:
            require_own_directory(found.path)
            with failing(found.path):
                for each in (found.path, found.own, found.own / _VERSIONS, found.own / _TREES):
                    _make(each)
        elif not found.own.is_dir():
            hint = f"run 'pinner deploy --to {path}' first"
            raise InputError(Problem("nothing was deployed here by pinner", Location(str(path)), hint))
        for each in (found.path, found.own, found.own / _VERSIONS, found.own / _TREES):
            require_own_directory(each)
        return found

    @property
    def own(self) -> Path:
        """Return the directory with everything but the environments' links."""
        return self.path / OWN

    @property
    def trees(self) -> TreeStore:
        """Return the store of module trees."""
        return TreeStore(self.own / _TREES)

    def versions_of(self, environment: str) -> Path:
        """Return the directory of an environment's versions."""
        return self.own / _VERSIONS / environment

    def version(self, environment: str, version: str) -> Path:
        """Return the directory of one version."""
        return self.versions_of(environment) / version

    def link(self, environment: str) -> Path:
        """Return the path of the link that Puppet follows."""
        return self.path / environment

    @contextmanager
    def locked(self, on_wait: OnNote) -> Iterator[None]:
        """Hold the directory's lock while the block runs; `on_wait` is called with a message if another has it."""
        with failing(self.own):
            number = os.open(self.own / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                try:
                    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    on_wait(f"waiting for another deployment to {self.path}")
                    fcntl.flock(number, fcntl.LOCK_EX)
                yield
            finally:
                os.close(number)

    def current(self, environment: str) -> str | None:
        """Return the id of the version that the environment's link leads to, None if it is not a version."""
        try:
            target = self.link(environment).readlink()
        except OSError:
            return None
        is_version = target.parent == self.versions_of(environment) and _VERSION_ID.fullmatch(target.name)
        return target.name if is_version else None

    def find_obstacle(self, environment: str) -> Problem | None:
        """Return why the link cannot be put in place: something that pinner did not make is there."""
        link = self.link(environment)
        if self.current(environment) is not None or not os.path.lexists(link):
            return None
        kind = "a link to another place" if link.is_symlink() else "not a link"
        message = f"this is {kind}, so pinner did not deploy it"
        return Problem(message, Location(str(link)), "replace it with --adopt, which keeps it aside")

    def aside(self, environment: str) -> Path | None:
        """Return where that obstacle is moved when it is replaced, None if there is none."""
        has_obstacle = self.find_obstacle(environment) is not None
        return self.own / f"replaced-{environment}-{now().replace(':', '')}" if has_obstacle else None

    def list_environments(self) -> tuple[str, ...]:
        """Return the environments that have versions, sorted."""
        names = (path.name for path in _entries(self.own / _VERSIONS))
        return tuple(sorted(name for name in names if check_environment_name(name) is None))

    def list_ids(self, environment: str) -> tuple[str, ...]:
        """Return the ids of an environment's versions, with a record or without, sorted."""
        names = (path.name for path in _entries(self.versions_of(environment)) if path.is_dir())
        return tuple(name for name in names if _VERSION_ID.fullmatch(name))

    def list_versions(self, environment: str) -> tuple[Version, ...]:
        """Return the versions of an environment that exist and have a record, oldest first."""
        found = (self.read_record(environment, name) for name in self.list_ids(environment))
        return tuple(sorted((one for one in found if one), key=lambda one: (one.made_at, one.id)))

    def read_record(self, environment: str, version: str) -> Version | None:
        """Return the record of a version, None if there is none or if it cannot be read."""
        path = self.versions_of(environment) / f"{version}.json"
        try:
            data = json.loads(self._files.read(path, shown=str(path), limit=_LARGEST_RECORD))
            row = {**data, "link": LinkMode(data["link"])}
            row.pop("format")
            found = Version(**row)
        except (PinnerError, OSError, ValueError, TypeError, KeyError):
            return None
        return found if (found.environment, found.id) == (environment, version) else None

    def write_record_draft(self, version: Version, drafts: Path) -> None:
        """Write the record of a version beside its draft; it is not synced to the disk. Raises OSError."""
        values = {each.name: getattr(version, each.name) for each in fields(version)}
        text = json.dumps({"format": 1, **values}, sort_keys=True) + "\n"
        path = drafts / f"{version.id}.json"
        path.write_text(text)
        path.chmod(0o644)

    def put_record(self, version: Version, drafts: Path) -> None:
        """Put the draft of a record in place; raises OSError."""
        name = f"{version.id}.json"
        (drafts / name).rename(self.versions_of(version.environment) / name)

    def write_server_files(self) -> None:
        """Write the programs and the configuration for static catalogs, if they are not up to date."""
        for name, (text, mode) in server_files(str(self.path)).items():
            path = self.own / name
            self._files.write(path, text.encode(), shown=str(path), mode=mode)

    def read_unflushed(self) -> tuple[str, ...]:
        """Return the environments whose caches a server may still have to empty, sorted."""
        path = self.own / _UNFLUSHED
        text = self._files.read_part(path, _LARGEST_RECORD, shown=str(path)) or b""
        names = text.decode(errors="replace").split()
        return tuple(sorted(name for name in set(names) if self.current(name) is not None))

    def write_unflushed(self, environments: Iterable[str]) -> None:
        """Replace the list of environments that `read_unflushed` returns."""
        path = self.own / _UNFLUSHED
        text = "".join(f"{name}\n" for name in sorted(environments))
        self._files.write(path, text.encode(), shown=str(path), mode=0o644)

    def read_prepared(self) -> Mapping[str, str]:
        """Return environment to the id of the version that `--switch` switches it to."""
        path = self.own / _PREPARED
        text = self._files.read_part(path, _LARGEST_RECORD, shown=str(path)) or b""
        rows = (line.partition(" ") for line in text.decode(errors="replace").splitlines())
        return {name: version for name, _, version in rows if _VERSION_ID.fullmatch(version)}

    def note_prepared(self, versions: Mapping[str, str | None]) -> None:
        """Change what `read_prepared` returns for these environments; None removes one."""
        path = self.own / _PREPARED
        before = self.read_prepared()
        after = {name: one for name, one in {**before, **versions}.items() if one}
        if after != before:
            text = "".join(f"{name} {version}\n" for name, version in sorted(after.items()))
            self._files.write(path, text.encode(), shown=str(path), mode=0o644)

    def read_switches(self) -> tuple[Switch, ...]:
        """Return the switches that the last 16 MiB of their log have, oldest first: some 80,000.

        A line that is not whole, because it is cut or a process was killed, is left out.
        """
        path, switches = self.own / _SWITCHES, []
        text = self._files.read_part(path, _LARGEST_RECORD, shown=str(path), is_last=True) or b""
        for line in text.splitlines():
            with suppress(ValueError, TypeError):
                switches.append(Switch(**json.loads(line)))
        return tuple(switches)

    def put_links(
        self, versions: Mapping[str, str], replaced: Mapping[str, Path], *, is_rollback: bool = False
    ) -> None:
        """Make the links of environments lead to other versions, each by one rename.

        `versions` has ids by environment. The lines of all switches are on the disk before the first of them. What is
        in the place of a link and is not a version is moved to the path that `replaced` has for it. Raises
        UnknownError; the links of some environments are then the old ones.
        """
        if not versions:
            return
        with failing(self.path):
            self._log(
                Switch(environment, self.current(environment), version, now(), user(), is_rollback)
                for environment, version in versions.items()
            )
            for environment, version in versions.items():
                aside = replaced.get(environment)
                draft = aside or self.own / f"{_TEMPORARY}{secrets.token_hex(8)}"
                draft.symlink_to(self.version(environment, version))
                if aside:
                    exchange(aside, self.link(environment))
                else:
                    draft.rename(self.link(environment))
            sync_directory(self.path)

    def remove_version(self, environment: str, version: str) -> None:
        """Remove a version that is not served and its record; it disappears by one rename."""
        with failing(self.own):
            place = self.version(environment, version)
            if place.is_dir() and not place.is_symlink():
                place.chmod(_MODE)
            aside = self.own / f"{_TEMPORARY}{secrets.token_hex(8)}"
            place.rename(aside)
            (self.versions_of(environment) / f"{version}.json").unlink(missing_ok=True)
            remove_tree(aside)

    def hold(self, environments: Iterable[str], seconds: float) -> None:
        """Make `code-id` refuse catalogs of these environments until `release`, or until `seconds` have passed."""
        until = f"{int(time.time() + seconds)}\n".encode()
        for name in environments:
            path = self.versions_of(name) / _SWITCHING
            self._files.write(path, until, shown=str(path), mode=0o644)

    def release(self, environments: Iterable[str]) -> None:
        """End what `hold` began."""
        for name in environments:
            path = self.versions_of(name) / _SWITCHING
            self._files.remove(path, shown=str(path))

    def make_drafts(self, environment: str) -> Path:
        """Make and return an empty directory for drafts of versions of an environment."""
        place = self.versions_of(environment)
        with failing(place):
            _make(place)
            require_own_directory(place)
            draft = place / f"{_TEMPORARY}{secrets.token_hex(8)}"
            draft.mkdir(_MODE)
            return draft

    def remove_leftovers(self) -> None:
        """Remove the drafts of killed runs; the lock must be held."""
        with failing(self.own):
            places = (self.own, *(self.versions_of(name) for name in self.list_environments()))
            for place in places:
                for path in _entries(place):
                    if path.name.startswith(_TEMPORARY):
                        remove_tree(path)

    @property
    def _files(self) -> Root:
        return Root(self.own, str(self.own))

    def _log(self, switches: Iterable[Switch]) -> None:
        lines = "".join(json.dumps(asdict(switch), sort_keys=True) + "\n" for switch in switches)
        options = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        number = os.open(self.own / _SWITCHES, options, 0o644)
        try:
            end = os.lseek(number, 0, os.SEEK_END)
            # A killed process may have left half a line.
            start = "" if end == 0 or _ends_a_line(self.own / _SWITCHES) else "\n"
            rest = memoryview(f"{start}{lines}".encode())
            while rest:
                rest = rest[os.write(number, rest) :]
            os.fsync(number)
        finally:
            os.close(number)


def is_version_id(text: str) -> bool:
    """Return whether the text has the form of a version's id."""
    return _VERSION_ID.fullmatch(text) is not None


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user() -> str:
    """Return the name of the user who runs pinner, also by sudo."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())


def _make(directory: Path) -> None:
    if not directory.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(_MODE)


def _entries(directory: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
