"""Finds the project's git repository, and refuses repositories and caches that others may have written.

A repository can run programs on this machine: hooks when it is pushed to and, with an old git, the programs
named in its configuration when objects are missing. So a repository among the tracked files of a checkout is
always refused, and the project's settings must not name one to push to that is inside the project or belongs
to another user.

git would also treat a directory of the project as a repository (a file HEAD beside `objects` and `refs`), and
follow a `.git` file to any place. Both can be part of a project that somebody else wrote, so pinner finds the
repository itself: a directory `.git`, which a clone cannot contain, or a `.git` file that leads out of the
work tree, as git makes them for worktrees and submodules. git decides whether its owner is trusted
(`safe.directory`).

The content of the cache decides the content of a lock, and git reads it. So the cache and everything
reachable in it must belong to the user (or to root) and must not be writable by anyone else. The same holds
for the directories above it, because anyone who can rename a directory can replace its content. The user's
own group (the "user private groups" of Debian and Red Hat) counts as the user.

CI systems require their caches inside the checkout. There, the directories above the cache are not checked;
instead, no file of the cache may be tracked.

git obeys the files in a repository: its config, hooks, attributes, grafts, alternates, and files that point
to other repositories (gitrepository-layout(5)). So only the files listed here are accepted, no entry may be a
link, and the configuration is always the same.
"""

import errno
import grp
import os
import pwd
import re
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache as once
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from pinner.git.process.children import Output
from pinner.git.process.command import allowed_transports, in_repository, run
from pinner.git.process.failures import DamagedError, git_reason
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.text import canonical_git_url

TIMEOUT = 60.0
_POINTER = "gitdir: "
_LONGEST_POINTER = 8192
_MAY_FETCH = {"GIT_NO_LAZY_FETCH": "0"}
_HINT = "clone the project again, or move that repository out of the project"


@dataclass(frozen=True, slots=True)
class ProjectRepository:
    """The repository around a project.

    `top` is the directory of the work tree and `git_directory` its repository, both absolute and without
    symbolic links. `prefix` is the project's path below `top`: empty, or ending in '/' (`a/b/`).
    """

    top: Path
    git_directory: Path
    prefix: str

    def read(self, *arguments: str, may_fetch: bool = False, stdin: bytes | None = None) -> Output:
        """Run a git command that only reads, and return its result; paths are relative to `top`.

        With `may_fetch`, git may fetch objects that a partial clone lacks from the remote it was cloned from.
        `stdin` is the input.
        """
        fetching: Mapping[str, str] = {**allowed_transports(os.environ), **_MAY_FETCH} if may_fetch else {}
        # Without a work tree, paths are not relative to the current directory, and no .gitattributes apply.
        place = [in_repository(self.git_directory), "--work-tree=/dev/null"]
        return run([*place, *arguments], timeout=TIMEOUT, variables=fetching, stdin=stdin)


@dataclass(frozen=True, slots=True)
class WorkTree:
    """A directory with a `.git`, and the repository that the `.git` is or points to."""

    top: Path
    git_directory: Path


def find_repository(directory: Path) -> ProjectRepository | None:
    """Return the repository around a directory, or None if there is none.

    Raises UnknownError if git does not trust its owner, or if a `.git` leads to files of the project.
    """
    place = Path(os.path.realpath(directory))
    found = find_work_tree(place)
    if found is None:
        return None
    output = run(["-C", str(found.top), "rev-parse", "--absolute-git-dir"], timeout=TIMEOUT)
    if output.status != 0:
        raise UnknownError(Problem(f"git cannot read the project's history: {git_reason(output)}"))
    meant = output.out.decode(errors="surrogateescape").removesuffix("\n")
    if Path(os.path.realpath(meant)) != found.git_directory:
        raise _untrusted(found.top / ".git", Path(meant))
    inside = place.relative_to(found.top).as_posix()
    return ProjectRepository(found.top, found.git_directory, "" if inside == "." else f"{inside}/")


def find_work_tree(directory: Path) -> WorkTree | None:
    """Return the nearest directory at or above `directory` (absolute, without links) that has a `.git`.

    Like git, the search stays on one file system and obeys GIT_CEILING_DIRECTORIES. Raises UnknownError for a
    `.git` that leads to files that a project can contain.
    """
    for folder in _folders(directory):
        entry = folder / ".git"
        if not entry.is_symlink() and is_git_directory(entry):
            return WorkTree(folder, entry)
        if (target := _target(entry)) and is_git_directory(target):
            if target.is_relative_to(folder) or tracking_work_tree(target):
                raise _untrusted(entry, target)
            return WorkTree(folder, target)
    return None


def tracking_work_tree(path: Path) -> Path | None:
    """Return the work tree whose repository tracks `path` or anything below it, or None if there is none.

    `path` is absolute. A tracked symbolic link that is part of `path` counts too. Raises UnknownError if git
    cannot read the index.
    """
    for place in dict.fromkeys((Path(os.path.abspath(path)), Path(os.path.realpath(path)))):  # noqa: PTH100 - as given, and real
        for folder in (place, *place.parents):
            entry = folder / ".git"
            git_directory = entry if is_git_directory(entry) else _target(entry)
            if git_directory and (git_directory / "index").is_file() and not place.is_relative_to(entry):
                links = [part for part in (place, *place.parents) if part.is_symlink()]
                names = [part for part in (place, *links) if part != folder and part.is_relative_to(folder)]
                if _has_files(git_directory, [part.relative_to(folder).as_posix() for part in names]):
                    return folder
    return None


def is_git_directory(path: Path) -> bool:
    """Return whether git treats the directory as a repository (git's setup.c, `is_git_directory`)."""
    if not os.path.lexists(path / "HEAD"):
        return False
    common, pointer = path, path / "commondir"
    try:
        if pointer.is_file():
            text = os.fsdecode(read_regular(pointer, _LONGEST_POINTER, follows_links=True)).rstrip("\r\n")
            common = path / text.partition("\0")[0]  # to git, the text ends there
        return (common / "objects").is_dir() and (common / "refs").is_dir()
    except OSError:  # such as a name that is too long, which git does not find either
        return False


def checkout_of(project: Path) -> Path:
    """Return the top directory of the checkout around a project; everything below may come from others."""
    root = Path(os.path.realpath(project))
    with suppress(UnknownError, OSError):
        if found := find_work_tree(root):
            return found.top
    return root


def _folders(directory: Path) -> Iterator[Path]:
    ceilings = {
        os.path.realpath(part) for part in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(":") if part
    }
    crosses = os.environ.get("GIT_DISCOVERY_ACROSS_FILESYSTEM", "").lower() in {"1", "true", "yes", "on"}
    device = directory.stat().st_dev
    yield directory
    for folder in directory.parents:
        if str(folder) in ceilings or (not crosses and folder.stat().st_dev != device):
            return
        yield folder


def _target(entry: Path) -> Path | None:
    """Return the target of a `.git` that is a link or a file with a path; None for anything else."""
    if entry.is_symlink():
        return Path(os.path.realpath(entry))
    if not entry.is_file():
        return None
    text = os.fsdecode(read_regular(entry, _LONGEST_POINTER, follows_links=True)).rstrip("\r\n")
    if not text.startswith(_POINTER):
        return None
    return Path(os.path.realpath(entry.parent / text.removeprefix(_POINTER)))


def _has_files(git_directory: Path, names: Iterable[str]) -> bool:
    """Return whether the index has any of `names` or files below them; no names: whether it has any file.

    The index is read through a temporary repository without configuration, so the real one's owner does not
    matter.
    """
    with TemporaryDirectory(prefix="pinner-") as made:
        scratch = Path(made)
        for name in ("objects", "refs"):
            (scratch / name).mkdir()
        (scratch / "HEAD").write_bytes(b"ref: refs/heads/none\n")
        for index in (git_directory / "index", *git_directory.glob("sharedindex.*")):
            (scratch / index.name).symlink_to(index)
        place = [in_repository(scratch), "--work-tree=/dev/null"]
        output = run([*place, "ls-files", "-z", "--", *(names or ["."])], timeout=TIMEOUT)
    if output.status != 0:
        hint = "move the cache out of the checkout: PINNER_CACHE"
        raise UnknownError(
            Problem(f"cannot read the index of {git_directory}: {git_reason(output)}", hint=hint)
        )
    return bool(output.out)


def _untrusted(entry: Path, target: Path) -> UnknownError:
    return UnknownError(Problem(f"{entry} leads to {target}, which may be part of the project", hint=_HINT))


# The order in which git looks for the repository of a path (path.c, enter_repo).
_SUFFIXES = ("/.git", "", ".git/.git", ".git")
_ELSEWHERE = "clone it to a directory outside of the project"
_YOURS = "if it is yours, name it with --control-repo or PINNER_CONTROL_REPO"


def local_path(url: str) -> Path | None:
    """Return the path that git opens for a URL, or None for a remote URL."""
    if url.startswith("/"):
        return Path(url)
    if url.lower().startswith("file://"):
        return Path(f"/{unquote(url[len('file://') :]).partition('/')[2]}")  # git ignores the host
    return None


def require_untracked(url: str) -> None:
    """Raise InputError if the URL names a local repository whose own files another repository tracks."""
    repository = _find_repository(url)
    if repository and (top := tracking_work_tree(repository)):
        raise InputError(
            Problem(f"the repository {repository} is tracked by the git repository in {top}", hint=_ELSEWHERE)
        )


def require_own_target(url: str, project: Path, *, named_at: Location | None) -> None:
    """Raise InputError if pushing to `url` is not safe.

    `project` is the project's root. `named_at` is the location of the URL in pinner.yaml, or None if the user
    gave the URL in another way.
    """
    require_untracked(url)
    path = local_path(url)
    if named_at is None or path is None:
        return
    repository = Path(os.path.realpath(_find_repository(url) or path))
    checkout = checkout_of(project)
    if any(place.is_relative_to(checkout) for place in (path, repository)):
        message = f"control_repo: {url} is in the project, and git would run its hooks"
        raise InputError(Problem(message, named_at, _YOURS))
    if repository.exists() and repository.stat().st_uid not in {0, os.geteuid()}:
        message = f"control_repo: {url} belongs to another user, and git would run its hooks"
        raise InputError(Problem(message, named_at, _YOURS))


def _find_repository(url: str) -> Path | None:
    path = local_path(url)
    if path is None:
        return None
    candidates = [Path(f"{path}{suffix}") for suffix in _SUFFIXES]
    return next((found for found in candidates if found.is_file() or is_git_directory(found)), None)


# https://bford.info/cachedir/: backup programs skip a directory with this file
TAG_FILE = "CACHEDIR.TAG"
SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55\n"
_TAG = SIGNATURE + b"# Mirrors of git repositories; pinner makes them again.\n"


def make_cache(directory: Path) -> None:
    """Make the cache directory, accessible only to the user, with the tag of a cache; raises OSError.

    The tag comes before anything else, so that another process never takes an unfinished cache for a directory with
    other files.
    """
    make_private(directory)
    tag = directory / TAG_FILE
    if not tag.exists():
        _write(tag, _TAG, mode=0o600)


def make_private(directory: Path) -> None:
    """Make a directory and its missing parents, accessible only to the user; raises OSError."""
    if not directory.is_dir():
        if directory.parent != directory:
            make_private(directory.parent)
        try:
            directory.mkdir(mode=0o700, exist_ok=True)
        except FileExistsError:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), directory) from None


_OTHERS_REACH = stat.S_IXGRP | stat.S_IXOTH
_DEEPEST = 4
_OWN_DIRECTORY = "set PINNER_CACHE to a directory that only you can write"


def require_safe_cache(path: Path, project: Path, *, named_at: Location | None) -> None:
    """Raise InputError if anyone but the user can have written to the cache at the absolute path `path`.

    `project` is the project's root. `named_at` is the location of the cache's path in pinner.yaml, or None if
    the user gave the path in another way: only then may it be in the checkout, or be a directory that has
    other files. Raises UnknownError if git cannot read an index.
    """
    checkout = checkout_of(project)
    real = Path(os.path.realpath(path))
    is_inside = any(place.is_relative_to(checkout) for place in (path, real))
    if named_at and is_inside:
        hint = "leave out 'cache'; --cache and PINNER_CACHE may name a directory in the project"
        raise InputError(
            Problem(f"cache: {path} is in the project, whose files may come from others", named_at, hint)
        )
    if named_at and not _may_become_a_cache(real):
        hint = "name a new or an empty directory"
        raise InputError(Problem(f"cache: {path} has files that do not belong to a cache", named_at, hint))
    if top := tracking_work_tree(path):
        hint = f"remove it from git (git rm -r --cached), or {_OWN_DIRECTORY}"
        raise InputError(
            Problem(f"the cache {path} is tracked by the git repository in {top}", named_at, hint)
        )
    flaws = (
        *_flaws_above(path, real, None if is_inside else Path("/")),
        *_flaws_below(real, _DEEPEST, is_open=_is_open(real)),
    )
    for place, flaw in flaws:
        what = "the cache" if place == real else f"the cache {path} is not safe:"
        hint = f"remove it, or {_OWN_DIRECTORY}"
        raise InputError(Problem(f"{what} {place} {flaw}", named_at, hint))


def _may_become_a_cache(path: Path) -> bool:
    try:
        # The names are read before the tag, because another process may be making the cache: see make_cache.
        names = {entry.name for entry in path.iterdir()}
        is_new = all(name.startswith(f"{TAG_FILE}-") for name in names)
        return is_new or read_regular(path / TAG_FILE, _LONGEST).startswith(SIGNATURE)
    except FileNotFoundError:
        return not path.exists()
    except OSError:
        return False


def _flaws_above(path: Path, real: Path, root: Path | None) -> Iterator[tuple[Path, str]]:
    """Yield the flaws of the cache and of a link to it and, if `root` is given, of the directories above."""
    for place in dict.fromkeys((path, real)):
        for folder in (place, *(place.parents if root else ())):
            if flaw := find_others_access(folder, is_above=folder != real):
                yield folder, flaw


def _flaws_below(directory: Path, depth: int, *, is_open: bool) -> Iterator[tuple[Path, str]]:
    """Yield the flaws of a directory's entries; their modes count if others can reach them (`is_open`)."""
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            path = Path(entry.path)
            if flaw := find_others_access(path) if is_open else _flaw_of_owner(path):
                yield path, flaw
            elif depth > 1 and entry.is_dir(follow_symlinks=False):
                is_open_below = is_open and _is_open(path)
                if is_open_below or depth == _DEEPEST:
                    yield from _flaws_below(path, depth - 1, is_open=is_open_below)


def _is_open(path: Path) -> bool:
    """Return whether others can reach the entries of a directory."""
    with suppress(OSError):
        return bool(path.lstat().st_mode & _OTHERS_REACH)
    return False


def find_others_access(path: Path, *, is_above: bool = False) -> str | None:
    """Return why others can write to or replace a file; None if they cannot, or if the file does not exist."""
    if (flaw := _flaw_of_owner(path, is_above=is_above)) or not os.path.lexists(path):
        return flaw
    found = path.lstat()
    is_shared = (
        is_above and found.st_mode & stat.S_ISVTX
    )  # like /tmp: only the owner of an entry can rename it
    if stat.S_ISLNK(found.st_mode) or is_shared:
        return None
    if found.st_mode & stat.S_IWOTH:
        return f"can be written by every user (mode {stat.S_IMODE(found.st_mode):o})"
    if found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid):
        return f"can be written by a group (mode {stat.S_IMODE(found.st_mode):o})"
    return None


def _flaw_of_owner(path: Path, *, is_above: bool = False) -> str | None:
    try:
        owner = path.lstat().st_uid
    except OSError:
        return None
    # Trusted are the current user, root and, as in git, the user who called sudo.
    user, name = os.geteuid(), str(owner)
    is_trusted = owner in {0, user} or (user == 0 and name == os.environ.get("SUDO_UID"))
    if is_trusted or (is_above and _is_unmapped(owner)):
        return None
    with suppress(KeyError):
        name = pwd.getpwuid(owner).pw_name
    return f"belongs to another user ({name})"


@once
def _is_private_group(group: int) -> bool:
    if group == 0:
        return True
    try:
        user = pwd.getpwuid(os.geteuid())
        found = grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == user.pw_name and set(found.gr_mem) <= {user.pw_name}


@once
def _is_unmapped(user: int) -> bool:
    """Return whether the number stands for all users outside a user namespace (rootless containers)."""
    with suppress(OSError, ValueError):
        overflow = int(Path("/proc/sys/fs/overflowuid").read_text())
        first, outside, count = Path("/proc/self/uid_map").read_text().split()[:3]
        return user == overflow and not (first == outside == "0" and int(count) >= 2**32 - 1)
    return False


CONFIG = b"""\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""
"""The configuration of every repository in the cache; unreachable objects are never removed."""

_URL_FILE = "pinner-url"
_LONGEST = 64 * 1024

# What `git clone --bare` and `git init --bare` wrote in releases of pinner that did not write their own
# configuration.
_EARLIER = re.compile(
    rb'(\[(core|gc|maintenance|remote "origin")\]\n'
    rb"|\t(repositoryformatversion = 0|bare = true|auto = 0|url = [^\n]*)\n"
    rb"|\t(filemode|ignorecase|precomposeunicode|symlinks) = (true|false)\n)+"
)
_PASSING = r".+\.lock|.+\.new|tmp_.+"
_TOP = re.compile(
    rf"HEAD|FETCH_HEAD|ORIG_HEAD|config|packed-refs|shallow|refs|objects|info|logs|branches|description|gc\.log|gc\.pid"
    rf"|pinner-.+|{_PASSING}"
)
_INFO = re.compile(rf"refs|{_PASSING}")
_OBJECTS = re.compile(rf"[0-9a-f]{{2}}|pack|info|incoming-.+|{_PASSING}")
_OBJECTS_INFO = re.compile(rf"packs|commit-graphs?|{_PASSING}")
_ALLOWED = (("", _TOP), ("info", _INFO), ("objects", _OBJECTS), ("objects/info", _OBJECTS_INFO))


def require_own_files(repository: Path) -> None:
    """Raise DamagedError unless a repository in the cache has only the files that git and pinner make there.

    A configuration that an earlier release of pinner left is replaced by CONFIG.
    """
    try:
        flaw = next(_foreign_entries(repository), None) or _flaw_of_config(repository / "config")
    except OSError as error:
        flaw = f"{error.filename}: {error.strerror}"
    if flaw:
        raise DamagedError(Problem(flaw))


def write_config(repository: Path) -> None:
    """Write the configuration of a repository in the cache; raises OSError."""
    _write(repository / "config", CONFIG)


def note_url(mirror: Path, url: str) -> None:
    """Record the canonical URL of a mirror, unless it is recorded already or cannot be written."""
    path = mirror / _URL_FILE
    with suppress(OSError):
        if not os.path.lexists(path):
            _write(path, f"{canonical_git_url(url)}\n".encode(errors="surrogateescape"))


def read_url(repository: Path, is_right: Callable[[str], bool]) -> str | None:
    """Return the recorded canonical URL of a mirror; None if there is none, or if `is_right` rejects it."""
    with suppress(OSError, InputError):
        text = os.fsdecode(read_regular(repository / _URL_FILE, _LONGEST)).removesuffix("\n")
        if canonical_git_url(text) == text and is_right(text):
            return text
    return None


def _foreign_entries(repository: Path) -> Iterator[str]:
    for folder, allowed in _ALLOWED:
        for entry in _entries(repository / folder):
            path = str(Path(folder, entry.name))
            if entry.is_symlink():
                yield f"{path!r} is a link"
            elif not allowed.fullmatch(entry.name):
                yield f"{path!r} is not a file that pinner makes"
            elif flaw := _flaw_of_kind(entry):
                yield f"{path!r} {flaw}"
    for folder in ("objects/pack", "refs"):
        yield from _odd_entries(repository / folder, repository)


def _odd_entries(folder: Path, repository: Path) -> Iterator[str]:
    """Yield what is neither a file nor a directory in a folder or below it: reading a pipe would block."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _odd_entries(folder / entry.name, repository)
        elif flaw := _flaw_of_kind(entry):
            yield f"{str((folder / entry.name).relative_to(repository))!r} {flaw}"


def _flaw_of_kind(entry: os.DirEntry[str]) -> str | None:
    if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False):
        return None
    return "is neither a regular file nor a directory"


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a folder, sorted by name; none if it does not exist."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from sorted(entries, key=lambda entry: entry.name)


def _flaw_of_config(path: Path) -> str | None:
    try:
        content = read_regular(path, _LONGEST)
    except FileNotFoundError:
        return "'config' is missing"
    if content == CONFIG:
        return None
    if not _EARLIER.fullmatch(content):
        return "'config' is not the one that pinner writes"
    with suppress(OSError):  # if the cache is read-only, the earlier configuration does no harm
        _write(path, CONFIG)
    return None


def read_regular(path: Path, most: int, *, follows_links: bool = False) -> bytes:
    """Return the first `most` bytes of a regular file, and empty content for anything else: a pipe may never end.

    Raises OSError if it cannot be read.
    """
    # Checked before opening too, because opening a device can have effects.
    if not stat.S_ISREG(path.stat(follow_symlinks=follows_links).st_mode):
        return b""
    no_links = 0 if follows_links else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | no_links)
    with os.fdopen(descriptor, "rb") as opened:
        return opened.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _write(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    draft = path.with_name(f"{path.name}-{os.getpid()}-{threading.get_ident()}.lock")
    draft.touch(mode=mode)
    draft.write_bytes(content)
    draft.replace(path)
