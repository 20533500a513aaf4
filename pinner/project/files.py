"""Find the project, its environments and files, and open them: no other module opens the user's files.

A project may come from an untrusted repository, which may contain links to any
place. Therefore files are read and written below a `Root`: no link leads out of it or into a git directory,
even if the disk changes at the same time. Only regular files are opened (a pipe would block, a device may
never end), and only up to a limit of bytes. A file is written completely or not at all: a reader sees either
the old content or the new, even after a power failure.
"""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

from pinner.model.errors import InputError, Location, PinnerError, Problem, UnknownError, exhausted
from pinner.model.text import join_words, nearest, quoted
from pinner.puppet.names import check_environment_name

GIT = ".git"
_PARTS_OF_GIT = ("HEAD", "objects", "refs")
# With O_PATH, a directory on the way need not be readable; on systems without O_PATH it must be.
_DIRECTORY = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a pipe that has no writer never returns.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_DRAFT = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW | os.O_CLOEXEC
_HINT = "put a regular file here"
_WRITE_HINT = "the file is unchanged; fix the cause and run the command again"
_MARKS_OF_WIDE_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Matches any character that must not be in a file.

These are all that YAML 1.1 does not allow in a stream, a byte order mark after the first character, and the
three line breaks (U+0085, U+2028, U+2029) that editors do not count.
"""


def resolve(path: Path) -> Path:
    """Return the absolute path with links resolved, or only absolute if links form a circle. Never raises."""
    return absolute(path) if _is_circle(path) else Path(os.path.realpath(path))


def absolute(path: Path) -> Path:
    """Return the absolute path without `.` and `..`, with links unchanged."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - pathlib has no equivalent


def read_file(path: Path, *, shown: str, limit: int) -> bytes:
    """Return the content of a regular file that the user named, wherever it or its link leads.

    Other files are read with `Root`. Messages name the file `shown`. Raises InputError for anything but a
    regular file of at most `limit` bytes, UnknownError if it cannot be read.
    """
    with _failing("read", shown):
        return _within(limit, _read(path, None, limit + 1, shown), shown)


def decode(data: bytes, path: str) -> str:
    """Return the text of UTF-8 bytes without a leading byte order mark.

    Raises InputError with the line and column of the first byte that is not UTF-8 or not a printable
    character.
    """
    if data.startswith(_MARKS_OF_WIDE_ENCODINGS):
        problem = Problem("the file is UTF-16, not UTF-8", Location(path, 1, 1), "save it as UTF-8")
        raise InputError(problem)
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = _place_after(data[: error.start].decode().removeprefix("\ufeff"), path)
        message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
        raise InputError(Problem(message, place, "save the file as UTF-8")) from None
    if found := _UNPRINTABLE.search(text):
        message = f"the control character U+{ord(found[0]):04X} does not belong in a text file"
        raise InputError(Problem(message, _place_after(text[: found.start()], path), "delete it"))
    return text


def line_of_conflict(text: str) -> int | None:
    """Return the line of the first conflict marker that git left in the text, None without one."""
    mark = re.search(r"^(<{7}|\|{7}|={7}|>{7})( .*)?$", text, re.MULTILINE)
    return text.count("\n", 0, mark.start()) + 1 if mark else None


def _place_after(text: str, path: str) -> Location:
    lines = re.split(r"\r\n|\n|\r", text)
    return Location(path, len(lines), len(lines[-1]) + 1)


@dataclass(frozen=True, slots=True)
class Root:
    """A directory whose files are read and written: absolute, links resolved, called `name` in messages.

    All its methods take a path below it, and `shown`, the same path as the user would type it. They follow
    links that stay inside, and raise InputError for other links and for anything that exists and is not a
    regular file.
    """

    path: Path
    name: str = "the project"

    def find_flaw(self, path: Path, *, shown: str) -> Problem | None:
        """Return why the path must not be used: its first link leading outside, into git or in a circle."""
        found = self._follow(path, shown)
        return found if isinstance(found, Problem) else None

    def exists(self, path: Path, *, shown: str) -> bool:
        """Return whether the path exists, with links followed."""
        with _failing("read", shown):
            parts = self._resolve(path, shown)
            try:
                with self._open_parent(parts) as parent:
                    os.stat(parts[-1], dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError:
                return False
            return True

    def read(self, path: Path, *, shown: str, limit: int) -> bytes:
        """Return the content of a file.

        Raises InputError if it is longer than `limit` bytes, UnknownError if it cannot be read.
        """
        with _failing("read", shown):
            return _within(limit, self._read(path, limit + 1, shown), shown)

    def read_part(self, path: Path, size: int, *, shown: str, is_last: bool = False) -> bytes | None:
        """Return the first `size` bytes of a file, or with `is_last` the last ones; None if it does not exist.

        Raises UnknownError if it cannot be read.
        """
        with _failing("read", shown):
            try:
                return self._read(path, size, shown, is_last=is_last)
            except FileNotFoundError:
                return None

    def holds(self, path: Path, data: bytes, *, shown: str, mode: int | None = None) -> bool:
        """Return whether the file has exactly this content, and is executable if and only if `mode` is.

        Without a `mode`, permissions are not compared. Raises UnknownError if the file cannot be read.
        """
        with _failing("read", shown):
            parts = self._resolve(path, shown)
            try:
                with self._open_parent(parts) as parent:
                    return _holds(parts[-1], parent, data, mode, shown)
            except FileNotFoundError:
                return False

    def write(self, path: Path, data: bytes, *, shown: str, mode: int | None = None) -> bool:
        """Write the file in one rename; return False, and change nothing, if it is already up to date.

        Missing directories are created. If the path is a link, the file it leads to is replaced and the link
        is kept. An existing file keeps its owner, and its mode if none is given. Raises UnknownError if the
        file cannot be written; the old content is then kept.
        """
        with _failing("written", shown, _WRITE_HINT):
            parts = self._resolve(path, shown)
            with suppress(FileExistsError):
                self.path.mkdir(parents=True, exist_ok=True)
            with self._open_parent(parts, is_made=True) as parent:
                if _holds(parts[-1], parent, data, mode, shown):
                    return False
                with _draft(parts[-1], parent, shown) as (draft, number):
                    rest = memoryview(data)
                    while rest:
                        rest = rest[os.write(number, rest) :]
                    _put(draft, number, parts[-1], parent, mode)
            return True

    @contextmanager
    def replacing(self, path: Path, *, shown: str) -> Iterator[BinaryIO]:
        """Yield an empty file, which replaces the one at `path` in one rename if the block ends without an error.

        As in `write`, except that no directory is created.
        """
        with _failing("written", shown, _WRITE_HINT):
            parts = self._resolve(path, shown)
            with self._open_parent(parts) as parent:
                with suppress(FileNotFoundError), _open_regular(parts[-1], parent, shown):
                    pass  # what is not a regular file is not replaced
                with _draft(parts[-1], parent, shown) as (draft, number):
                    with os.fdopen(number, "r+b", closefd=False) as stream:
                        yield stream
                    _put(draft, number, parts[-1], parent, mode=None)

    def remove(self, path: Path, *, shown: str) -> None:
        """Remove a file, or the target of a link, if it exists.

        Raises UnknownError if it cannot be removed.
        """
        with _failing("removed", shown), suppress(FileNotFoundError):
            parts = self._resolve(path, shown)
            with self._open_parent(parts) as parent:
                os.unlink(parts[-1], dir_fd=parent)

    def _follow(self, path: Path, shown: str) -> Path | Problem:
        """Return the path with links resolved, or the problem of its first bad link or git directory."""
        parts = path.relative_to(self.path).parts
        real = self.path
        for number, part in enumerate(parts, start=1):
            real /= part
            flaw = "this is inside a git directory" if part.lower() == GIT else None
            if os.path.islink(real):  # noqa: PTH114 - returns False if the path is not accessible
                link, real = real, resolve(real)
                flaw = self._flaw_of_link(link, real)
            if flaw:
                rest = len(parts) - number
                place = Location(str(PurePath(shown).parents[rest - 1]) if rest else shown)
                hint = f"put a file or directory here, or a link that stays inside {self.name}"
                return Problem(flaw, place, hint)
        return real

    def _flaw_of_link(self, link: Path, real: Path) -> str | None:
        if _is_circle(link):
            return "this is a link that leads in a circle"
        if not real.is_relative_to(self.path):
            return f"this is a link that leads out of {self.name}"
        inner = real.relative_to(self.path)
        if any(_is_git_directory(self.path / each) for each in (inner, *inner.parents) if each.parts):
            return "this is a link that leads into a git directory"
        return None

    def _resolve(self, path: Path, shown: str) -> tuple[str, ...]:
        """Return the parts of the path below the root, links resolved; raises InputError for a bad path."""
        found = self._follow(path, shown)
        if isinstance(found, Problem):
            raise InputError(found)
        if found == self.path:
            raise InputError(_not_regular(shown))
        return found.relative_to(self.path).parts

    def _read(self, path: Path, size: int, shown: str, *, is_last: bool = False) -> bytes:
        parts = self._resolve(path, shown)
        with self._open_parent(parts) as parent:
            return _read(parts[-1], parent, size, shown, is_last=is_last)

    @contextmanager
    def _open_parent(self, parts: tuple[str, ...], *, is_made: bool = False) -> Iterator[int]:
        """Open the directory of the last part, step by step, without following links."""
        number = os.open(self.path, _DIRECTORY)
        try:
            for part in parts[:-1]:
                if is_made:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=number)
                above, number = number, os.open(part, _DIRECTORY, dir_fd=number)
                os.close(above)
            yield number
        finally:
            os.close(number)


def named_file(path: Path) -> tuple[Root, Path]:
    """Return the Root for a file that the user named to be written, and the file's path below it.

    If the path as typed is in a project or a checkout, whose author may have put links there, none may lead out of it.
    Otherwise the file may be anywhere.
    """
    whole = absolute(path)
    for above in whole.parents:
        if os.path.lexists(above / GIT) or _is_root(above):
            root = resolve(above)
            return Root(root), root / whole.relative_to(above)
    target = resolve(whole)
    return Root(target.parent, "the directory"), target


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file to write: `path` is below `root`, `shown` is the path as the user would type it."""

    root: Root
    path: Path
    shown: str
    data: bytes


def write_together(changes: Sequence[FileChange], *, limit: int) -> None:
    """Write all files or none: if one cannot be written, those before it get their old content back.

    Nothing is written if a path must not be used; that raises InputError. `limit` is the most bytes of an old content.
    """
    flaws = [change.root.find_flaw(change.path, shown=change.shown) for change in changes]
    if problems := tuple(dict.fromkeys(flaw for flaw in flaws if flaw)):
        raise InputError(problems)
    written: list[tuple[FileChange, bytes | None]] = []
    try:
        for change in changes:
            is_there = change.root.exists(change.path, shown=change.shown)
            before = change.root.read(change.path, shown=change.shown, limit=limit) if is_there else None
            written.append((change, before))
            change.root.write(change.path, change.data, shown=change.shown)
    except BaseException:
        for change, before in reversed(written):
            with suppress(PinnerError):
                if before is None:
                    change.root.remove(change.path, shown=change.shown)
                else:
                    change.root.write(change.path, before, shown=change.shown)
        raise


def _is_circle(path: Path) -> bool:
    """Return whether the system refuses the path's links: they form a circle, or there are too many."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _is_git_directory(path: Path) -> bool:
    return path.name.lower() == GIT or all(os.path.lexists(path / name) for name in _PARTS_OF_GIT)


def _not_regular(shown: str) -> Problem:
    return Problem("this is not a regular file", Location(shown), _HINT)


def _within(limit: int, data: bytes, shown: str) -> bytes:
    if len(data) > limit:
        raise InputError(Problem(f"the file is longer than {limit} bytes", Location(shown)))
    return data


@contextmanager
def _failing(done: str, shown: str, hint: str | None = None) -> Iterator[None]:
    """Raise system errors as UnknownError, and those that only the user can have caused as InputError."""
    try:
        yield
    except NotADirectoryError:
        problem = Problem(
            "a part of this path is not a directory", Location(shown), "move away what is there"
        )
        raise InputError(problem) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InputError(
                Problem("this is a link that leads in a circle", Location(shown), _HINT)
            ) from None
        message = f"the file cannot be {done}: {error.strerror}"
        spent = exhausted(error)
        raise UnknownError(Problem(message, Location(shown), spent.hint if spent else hint)) from error


@contextmanager
def _open_regular(path: Path | str, parent: int | None, shown: str) -> Iterator[tuple[int, os.stat_result]]:
    """Open a file for reading; links are not followed below the directory `parent`, otherwise they are."""
    follows = parent is None
    # Check before opening as well, because opening a device can have effects.
    if not stat.S_ISREG(os.stat(path, dir_fd=parent, follow_symlinks=follows).st_mode):
        raise InputError(_not_regular(shown))
    number = os.open(path, _READ | (0 if follows else os.O_NOFOLLOW), dir_fd=parent)
    try:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode):
            raise InputError(_not_regular(shown))
        yield number, about
    finally:
        os.close(number)


def _read(path: Path | str, parent: int | None, size: int, shown: str, *, is_last: bool = False) -> bytes:
    with (
        _open_regular(path, parent, shown) as (number, about),
        os.fdopen(number, "rb", closefd=False) as stream,
    ):
        if is_last and about.st_size > size:
            stream.seek(-size, os.SEEK_END)
        return stream.read(size)


def _holds(name: str, parent: int, data: bytes, mode: int | None, shown: str) -> bool:
    try:
        with _open_regular(name, parent, shown) as (number, about):
            if about.st_size != len(data) or (mode is not None and (about.st_mode ^ mode) & 0o111):
                return False
            with os.fdopen(number, "rb", closefd=False) as stream:
                return stream.read(len(data) + 1) == data
    except FileNotFoundError:
        return False


def _put(draft: str, number: int, name: str, parent: int, mode: int | None) -> None:
    """Put a draft in the place of its file, on the disk for good."""
    _keep_properties(number, name, parent, mode)
    os.fsync(number)
    os.replace(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
    directory = os.open(os.curdir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _draft(name: str, parent: int, shown: str) -> Iterator[tuple[str, int]]:
    """Open, empty and lock the file that becomes the target; it is removed if the block fails.

    Its name is fixed, so that a draft left by a killed process is reused by the next one, and drafts do not
    accumulate.
    """
    draft = f".{name}.draft"
    number = _open_locked(draft, parent, str(PurePath(shown).with_name(draft)))
    try:
        os.ftruncate(number, 0)
        yield draft, number
    except BaseException:
        with suppress(OSError):
            os.unlink(draft, dir_fd=parent)
        raise
    finally:
        os.close(number)


def _open_locked(draft: str, parent: int, shown: str) -> int:
    """Return a descriptor of the draft, locked against other processes that write the same file."""
    while True:
        with suppress(FileNotFoundError):
            if not stat.S_ISREG(os.stat(draft, dir_fd=parent, follow_symlinks=False).st_mode):
                raise InputError(
                    Problem(
                        "pinner writes here, and this is not a regular file",
                        Location(shown),
                        "delete it",
                    )
                )
        number = os.open(draft, _DRAFT, 0o666, dir_fd=parent)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            if _is_still_at(number, draft, parent):
                if os.fstat(number).st_nlink <= 1:
                    return number
                # The content also has another name, so remove only this name.
                os.unlink(draft, dir_fd=parent)
        except BaseException:
            os.close(number)
            raise
        # The process that held the lock has renamed or removed the draft in the meantime.
        os.close(number)


def _is_still_at(number: int, draft: str, parent: int) -> bool:
    try:
        return os.path.samestat(os.fstat(number), os.stat(draft, dir_fd=parent, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _keep_properties(number: int, name: str, parent: int, mode: int | None) -> None:
    try:
        old = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        if mode is not None:
            os.fchmod(number, mode)
        return
    with suppress(PermissionError):
        os.fchown(number, old.st_uid, old.st_gid)
    os.fchmod(number, old.st_mode & 0o777 if mode is None else mode)


SETTINGS = "pinner.yaml"
FACTS = "pinner.catalogue.json"
ENVIRONMENTS = "environments"
TEMPLATES = "Puppetfile.templates"
_MANIFEST = ".yaml"
LOCK_SUFFIX = ".lock"


@dataclass(frozen=True, slots=True)
class Project:
    """A project's root directory, absolute with links resolved, and what a user types before paths in it."""

    root: Path
    prefix: str = ""

    def shown(self, path: Path) -> str:
        """Return a path below the root as the user would type it."""
        return f"{self.prefix}{path.relative_to(self.root)}"

    @property
    def files(self) -> Root:
        """Return the Root that reads and writes the project's files."""
        return Root(self.root)

    def locate(self, path: Path) -> tuple[Root, Path]:
        """Return the Root for a directory that the user named, and the directory's path below it.

        If the path as typed is in the project, links may not lead out of the project. Otherwise the directory
        may be anywhere, and links below it may not lead out of it.
        """
        whole = absolute(path)
        above = next((each for each in (*reversed(whole.parents), whole) if resolve(each) == self.root), None)
        if above is not None:
            return self.files, self.root / whole.relative_to(above)
        return Root(resolve(whole), str(path)), resolve(whole)

    @property
    def settings(self) -> Path:
        """Return the path of pinner.yaml, which need not exist."""
        return self.root / SETTINGS

    @property
    def facts(self) -> Path:
        """Return the path of the facts about OpenStack's releases, which need not exist."""
        return self.root / FACTS

    @property
    def environments(self) -> Path:
        """Return the directory of manifests and locks."""
        return self.root / ENVIRONMENTS

    @property
    def templates(self) -> Path:
        """Return the directory of templates, which need not exist."""
        return self.root / TEMPLATES

    def manifest(self, name: str) -> Path:
        """Return the path of an environment's or a base's manifest."""
        return self.environments / f"{name}{_MANIFEST}"

    def lock(self, environment: str) -> Path:
        """Return the path of an environment's lock."""
        return self.environments / f"{environment}{LOCK_SUFFIX}"

    def template(self, name: str) -> Path:
        """Return the path of a template."""
        return self.templates / f"{name}.j2"


@dataclass(frozen=True, slots=True)
class Listing:
    """The names of a project's manifests, sorted, and a problem for each invalid file name."""

    environments: tuple[str, ...]
    bases: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def find_project(start: Path) -> Project:
    """Return the project that contains the directory `start`: the nearest one at or above it.

    A directory is a project's root if it contains pinner.yaml, or manifests or locks in `environments/`.
    Raises InputError if there is none.
    """
    here = resolve(start)
    root = next((path for path in (here, *here.parents) if _is_root(path)), None)
    if root is None:
        hint = "run 'pinner init' to start a project here"
        message = f"there is no {SETTINGS} and no {ENVIRONMENTS}/*{_MANIFEST}, here or in a directory above"
        raise InputError(Problem(message, Location(str(start)), hint))
    return project_at(root)


def project_at(directory: Path) -> Project:
    """Return the project whose root is that directory, whether it has any files yet or not."""
    root = resolve(directory)
    way = os.path.relpath(root)
    return Project(root, "" if way == os.curdir else f"{way}/")


def list_environments(project: Project) -> Listing:
    """Return the names of all environments and bases, and a problem for each file with an invalid name."""
    environments: list[str] = []
    bases: list[str] = []
    problems: list[Problem] = []
    if flaw := project.files.find_flaw(project.environments, shown=project.shown(project.environments)):
        return Listing((), problems=(flaw,))
    for path in _files(project.environments):
        stem, suffix = path.stem, path.suffix
        if suffix == _MANIFEST and check_environment_name(stem.removeprefix("_")) is None:
            (bases if stem.startswith("_") else environments).append(stem)
        elif suffix in {_MANIFEST, ".yml"}:
            problems.append(_misnamed(path, project))
    return Listing(tuple(environments), tuple(bases), tuple(problems))


def unused_locks(project: Project) -> tuple[str, ...]:
    """Return the names of environments that have a lock but no manifest, sorted."""
    names = {path.stem for path in _files(project.environments) if path.suffix == LOCK_SUFFIX}
    known = {path.stem for path in _files(project.environments) if path.suffix == _MANIFEST}
    return tuple(sorted(name for name in names - known if check_environment_name(name) is None))


def select_environments(project: Project, named: tuple[str, ...]) -> Listing:
    """Return the requested environments in that order, each once, with a problem for each unknown name.

    If none is requested, all are meant: then each invalid file name is a problem, and so is a project without
    environments.
    """
    listing = list_environments(project)
    if named:
        names = dict.fromkeys(named)
        unknown = tuple(_unknown(name, listing) for name in names if name not in listing.environments)
        return Listing(tuple(name for name in names if name in listing.environments), problems=unknown)
    if listing.environments or listing.problems:
        return listing
    place = Location(project.shown(project.environments) + "/")
    nothing = Problem("the project has no environments", place, "run 'pinner init' to make one")
    return Listing((), listing.bases, (nothing,))


def _is_root(path: Path) -> bool:
    if (path / SETTINGS).is_file():
        return True
    return any(file.suffix in {_MANIFEST, ".yml", LOCK_SUFFIX} for file in _files(path / ENVIRONMENTS))


def _files(directory: Path) -> list[Path]:
    """Return the directory's entries, sorted by name, without hidden files; empty if it cannot be listed."""
    try:
        return sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    except OSError:
        return []


def _misnamed(path: Path, project: Project) -> Problem:
    shown = project.shown(path)
    place = Location(shown if shown.isprintable() else quoted(shown))
    if check_environment_name(path.stem.removeprefix("_")) is None:
        return Problem("manifests end in '.yaml'", place, f"rename it to {quoted(path.stem + _MANIFEST)}")
    message = f"{quoted(path.stem)} is not a valid name of a Puppet environment: use lower-case letters, digits and underscores"
    return Problem(message, place, f"rename it to {quoted(suggest_name(path.stem) + _MANIFEST)}")


def suggest_name(stem: str) -> str:
    """Return the nearest name that Puppet allows for an environment; the `_` at a base's start is kept."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in stem.lower())
    start = "_" if stem.startswith("_") else ""
    name = letters.strip("_")
    return start + (name if name[:1].isalpha() else f"cloud_{name}".rstrip("_"))


def _unknown(name: str, listing: Listing) -> Problem:
    if name in listing.bases:
        return Problem(f"{quoted(name)} is a base for environments, not an environment", hint=_known(listing))
    near_names = nearest(name, listing.environments)
    flaw = check_environment_name(name)
    return Problem(flaw or f"environment {quoted(name)} does not exist", hint=near_names or _known(listing))


def _known(listing: Listing) -> str:
    if not listing.environments:
        return "the project has no environments yet; 'pinner init' makes one"
    shown = listing.environments[:10]
    more = len(listing.environments) - len(shown)
    words = (*shown, f"{more} more") if more else shown
    return f"there are {join_words(words, last='and')}" if len(words) > 1 else f"there is {words[0]}"
