"""Compare the files of a directory with those of a commit, and report the differences as findings."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import normpath
from pathlib import Path

from pinner.git.objects.directory_tree import EXECUTABLE, LINK, PlainTree
from pinner.model.errors import Location
from pinner.model.findings import Finding
from pinner.model.rules import RULES
from pinner.model.text import join_words, quoted

# (mode, blob id) of a path
State = tuple[str, str]
SHOWN = 3


@dataclass(frozen=True, slots=True)
class DeployedDifference:
    """One difference: the finding's `code`, the first `path` that it concerns, and its description."""

    code: str
    path: str
    words: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Functions that read contents, called only for files that differ.

    `stored` reads blobs by id, and `on_disk` files by path. None means that a content could not be read.
    """

    stored: Callable[[Iterable[str]], Mapping[str, bytes | None]]
    on_disk: Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Expected:
    """The files of a commit by path: as `stored`, and as `written` in each way that deployments write them.

    `submodules` are directories whose contents are not part of the commit.
    """

    stored: Mapping[str, State]
    written: Sequence[Mapping[str, State]] = ()
    submodules: tuple[str, ...] = ()

    def allows(self, path: str, state: State | None) -> bool:
        """Return whether deployment may leave this state at the path; None as the state means no file."""
        return any(files.get(path) == state for files in (self.stored, *self.written))

    def without(self, directory: str) -> "Expected":
        """Return the same files without those in a directory."""
        stored, *written = (
            {path: state for path, state in files.items() if not path.startswith(f"{directory}/")}
            for files in (self.stored, *self.written)
        )
        return Expected(stored, written, self.submodules)


def differing_paths(expected: Expected, found: PlainTree) -> tuple[str, ...]:
    """Return the sorted paths that are not as expected, without those that could not be read."""
    actual = states(found)
    dark = {one.path for one in found.unread} | {one.path for one in found.specials} | {*expected.submodules}
    paths = sorted(expected.stored.keys() | actual.keys())
    return tuple(
        path for path in paths if not expected.allows(path, actual.get(path)) and not _is_in(path, dark)
    )


def differences(expected: Expected, found: PlainTree, contents: Contents) -> Iterator[DeployedDifference]:
    """Yield the differences, ordered by path within each kind."""
    actual = states(found)
    paths = differing_paths(expected, found)
    for special in found.specials:
        code = "deployed-changed" if special.path in expected.stored else "deployed-extra-file"
        yield DeployedDifference(code, special.path, f"{quoted(special.path)} is {special.kind}")
    both = [path for path in paths if path in expected.stored and path in actual]
    yield from _changes(both, expected, actual, contents)
    gone = [path for path in paths if path not in actual]
    above = {ancestor for path in actual for ancestor in _ancestors(path)}
    covered = {path for path in gone if expected.stored[path][0] == LINK and path in above}
    for path in sorted(covered):
        yield DeployedDifference(
            "deployed-link", path, f"{quoted(path)} is a directory, and a symbolic link in the commit"
        )
    missing = [path for path in gone if path not in covered]
    yield from _whole(missing, actual, "deployed-missing-file", "missing")
    extra = [path for path in paths if path not in expected.stored and not _is_in(path, covered)]
    yield from _whole(extra, expected.stored, "deployed-extra-file", "not in the commit")


def states(tree: PlainTree) -> Mapping[str, State]:
    """Return the mode and id of all files of a tree, by path."""
    return {file.path: (file.mode, file.id) for file in tree.files}


def _changes(
    paths: list[str], expected: Expected, actual: Mapping[str, State], contents: Contents
) -> Iterator[DeployedDifference]:
    links = [path for path in paths if LINK in {expected.stored[path][0], actual[path][0]}]
    files = [path for path in paths if LINK not in {expected.stored[path][0], actual[path][0]}]
    edited = [path for path in files if expected.stored[path][1] != actual[path][1]]
    modes = [path for path in files if expected.stored[path][1] == actual[path][1]]
    stored = contents.stored(expected.stored[path][1] for path in (*edited, *links))
    for path in links:
        words = _link_words(path, expected.stored, actual[path], stored)
        yield DeployedDifference("deployed-link", path, words)
    endings = []
    for path in edited:
        sides = stored.get(expected.stored[path][1]), contents.on_disk(path)
        before, after = (None if side is None else side.replace(b"\r\n", b"\n") for side in sides)
        if before is not None and before == after:
            endings.append(path)
        else:
            yield DeployedDifference("deployed-changed", path, f"{quoted(path)} was changed")
    yield from _together(endings, "deployed-line-endings", "only line endings differ in {}")
    lost = [path for path in modes if expected.stored[path][0] == EXECUTABLE]
    yield from _together(lost, "deployed-mode", "the executable bit is missing on {}")
    got = [path for path in modes if expected.stored[path][0] != EXECUTABLE]
    yield from _together(got, "deployed-mode", "the executable bit was put on {}")


def _link_words(
    path: str, expected: Mapping[str, State], actual: State, stored: Mapping[str, bytes | None]
) -> str:
    mode, name = expected[path]
    if mode != LINK:
        return f"{quoted(path)} is a symbolic link, and a file in the commit"
    target = (stored.get(name) or b"").decode(errors="surrogateescape")
    if actual[0] == LINK:
        return f"{quoted(path)} is a symbolic link to elsewhere, not to {quoted(target)}"
    meant = f"and a symbolic link to {quoted(target)} in the commit"
    if actual[1] == name:
        return f"{quoted(path)} is a file with a path as its text, {meant}"
    if expected.get(normpath(f"{path}/../{target}"), ("", ""))[1] == actual[1]:
        return f"{quoted(path)} was replaced by a copy of what it led to: a file, {meant}"
    return f"{quoted(path)} is a file, {meant}"


def _together(paths: list[str], code: str, words: str) -> Iterator[DeployedDifference]:
    if paths:
        shown = [quoted(path) for path in paths[:SHOWN]]
        more = [f"{len(paths) - SHOWN} more"] if len(paths) > SHOWN else []
        yield DeployedDifference(code, paths[0], words.format(join_words([*shown, *more], last="and")))


def _whole(
    paths: list[str], others: Mapping[str, State], code: str, words: str
) -> Iterator[DeployedDifference]:
    """Yield a difference for each path; a directory with none of `others` below it counts as one path."""
    shared = {ancestor for path in others for ancestor in _ancestors(path)}
    tops: Counter[str] = Counter()
    for path in paths:
        own = [ancestor for ancestor in _ancestors(path) if ancestor not in shared]
        tops[own[-1] if own else path] += 1
    directories = tops.keys() - set(paths)
    for top, count in tops.items():
        files = f" with its {count} {'file' if count == 1 else 'files'}" if top in directories else ""
        yield DeployedDifference(code, top, f"{quoted(top)}{files} is {words}")


def _ancestors(path: str) -> Iterator[str]:
    """Yield the directories above a path, nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _is_in(path: str, directories: set[str]) -> bool:
    return "" in directories or path in directories or any(one in directories for one in _ancestors(path))


# The hints of findings that are not given one of their own, by code.
_HINTS = {
    "deployed-missing": "deploy it; with r10k 'r10k deploy environment ENV --modules'",
    "deployed-changed": "deploy it anew without '--incremental', which does not look at pinned modules",
    "deployed-extra-file": "delete it: a deployment does not remove untracked files",
    "deployed-link": "copy environments with their links: 'cp -a', 'rsync -a'",
    "deployed-line-endings": "set git's core.autocrlf to false where it is deployed, and deploy it anew",
    "deployed-generated": "publish what 'pinner generate' writes now, and deploy it",
    "deployed-unknown-module": "Puppet loads it: delete it, or add it to the manifest",
}
_SAME = {"deployed-missing-file": "deployed-changed", "deployed-mode": "deployed-changed"}


def deployed_finding(
    code: str, module: str | None, words: str, path: Path, hint: str | None = None
) -> Finding:
    """Return a finding with this code, at the level of its rule, about a path on the server."""
    message = f"module '{module}': {words}" if module else words
    mend = hint or _HINTS.get(_SAME.get(code, code))
    return RULES[code].finding(module, message, hint=mend, place=Location(shown_path(path)))


def shown_path(path: Path) -> str:
    """Return a path as the user would type it, quoted if it has unprintable characters."""
    text = str(path)
    return text if text.isprintable() else quoted(text)


def plain_text(text: str) -> str:
    """Return a system message with its first letter in lower case, for use inside a sentence."""
    return text[:1].lower() + text[1:]
