"""Write a bundle of environments with everything that deploying them takes, and deploy from one.

A bundle is a tar: `pinner-bundle.json`, which lists the contents of the versions, then `trees/ID/…` with the files of
each git tree. Names are sorted and times, owners and modes fixed, so that the same locks give the same bytes on
every machine. When it is read, every tree is compared with its id, and every version with its own.

It may also be an OCI image layout, so that registries and their tools can carry it: the first layer has the list of
contents, each further one a git tree. Layers are not compressed, because other versions of a compressor write other
bytes; a registry may hold them compressed. The formats are those of https://github.com/opencontainers/image-spec:
image-layout.md, manifest.md, config.md.

A bundle that was written since an earlier one lacks the trees of the earlier one's versions; they must be where it is
deployed.
"""

import gzip
import hashlib
import io
import json
import os
import re
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, Final, cast

from pinner.deploying.versions.content import Content, Plan, sources_by_tree
from pinner.deploying.versions.directory import OnNote, is_version_id
from pinner.deploying.versions.generated_types import puppet_version
from pinner.deploying.versions.plan import read_plans
from pinner.deploying.versions.switch import Options, deploy_plans
from pinner.git.mirrors.mirrors import Cache
from pinner.git.objects.directory_tree import LARGEST, MOST_FILES, read_plain_tree, tree_ids
from pinner.git.objects.read import DEEPEST
from pinner.git.objects.tree_files import (
    DIRECTORY_MODE,
    EXECUTABLE_MODE,
    FILE_MODE,
    TreeNotes,
    WrittenTree,
    exchange,
    failing,
    id_of_directory,
    leads_out,
    list_unusual,
    remove_tree,
    sync_directory,
)
from pinner.git.objects.tree_store import StoredTree, TreeStore
from pinner.model.control import EXECUTABLE, PLAIN, ControlFile
from pinner.model.deployment import Bundle, Deployment
from pinner.model.errors import InputError, Location, Problem
from pinner.model.text import visible
from pinner.project.files import named_file, read_file
from pinner.puppet.names import check_commit, check_environment_name, check_install_path, check_module_name
from pinner.workspace.workspace import Workspace

_LAYOUT, _INDEX, _BLOBS = "oci-layout", "index.json", "blobs/sha256"
_TYPE = "application/vnd.oci.image."
_LARGEST_DOCUMENT = 4 * 1024 * 1024  # registries refuse larger manifests
_EPOCH = "1970-01-01T00:00:00Z"

WriteLayer = Callable[[tarfile.TarFile], None]


def write_image(path: Path, layers: Iterable[WriteLayer]) -> tuple[str, int]:
    """Write an image to the directory `path`; return the SHA-256 of its manifest and the size in bytes of its files.

    The directory is replaced on success only. Raises InputError if it is there and is not an image, and UnknownError
    if it cannot be written.
    """
    if os.path.lexists(path) and not (path / _LAYOUT).is_file():
        hint = "name a new directory, or one with an image, which is replaced"
        raise InputError(Problem("this is not an OCI image layout", Location(str(path)), hint))
    draft = path.with_name(f".{path.name}.draft")
    blobs = draft / _BLOBS
    with failing(path.parent):
        remove_tree(draft)  # of a killed run
        draft.mkdir()  # not by a link that was put there meanwhile
        try:
            blobs.mkdir(parents=True)
            rows = [_write_layer(blobs, write) for write in layers]
            config = {
                "created": _EPOCH,
                "architecture": "amd64",  # required, and without meaning here
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [row["digest"] for row in rows]},
            }
            manifest = {
                "schemaVersion": 2,
                "mediaType": f"{_TYPE}manifest.v1+json",
                "config": _write_blob(blobs, config, "config.v1+json"),
                "layers": rows,
            }
            about = _write_blob(blobs, manifest, "manifest.v1+json")
            index = {"schemaVersion": 2, "mediaType": f"{_TYPE}index.v1+json", "manifests": [about]}
            _write(draft / _INDEX, _encode(index))
            _write(draft / _LAYOUT, _encode({"imageLayoutVersion": "1.0.0"}))
            sync_directory(blobs)
            size = sum(file.stat().st_size for file in draft.rglob("*") if file.is_file())
            if path.exists():
                exchange(draft, path)
            else:
                draft.rename(path)
            sync_directory(path.parent)
        finally:
            remove_tree(draft)
    return str(about["digest"]).removeprefix("sha256:"), size


def write_tar(file: Any, parts: Iterable[WriteLayer]) -> tuple[str, int]:
    """Write the parts as one tar to an empty file; return its SHA-256 and its size in bytes."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        for write in parts:
            write(tar)
    size = file.tell()
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest(), size


def _write_layer(blobs: Path, write: WriteLayer) -> Mapping[str, Any]:
    draft = blobs / "layer"
    with draft.open("x+b") as file:
        digest, size = write_tar(file, [write])
        os.fsync(file.fileno())
    draft.rename(blobs / digest)
    return {"mediaType": f"{_TYPE}layer.v1.tar", "digest": f"sha256:{digest}", "size": size}


def _write_blob(blobs: Path, document: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    content = _encode(document)
    digest = hashlib.sha256(content).hexdigest()
    _write(blobs / digest, content)
    return {"mediaType": f"{_TYPE}{kind}", "digest": f"sha256:{digest}", "size": len(content)}


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def find_layers(path: Path) -> tuple[Path, ...]:
    """Return the files of the layers of the one image in a directory; all are compared with their digests.

    Raises ValueError, KeyError or TypeError if the directory is something else or was altered, and UnknownError if it
    cannot be read.
    """
    (about,) = json.loads(_read_document(path / _INDEX))["manifests"]
    return tuple(_blob(path, row) for row in json.loads(_read_document(_blob(path, about)))["layers"])


def _read_document(path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    return read_file(path, shown=str(path), limit=_LARGEST_DOCUMENT)


def _blob(path: Path, row: Mapping[str, Any]) -> Path:
    """Return the file that a row of a manifest or an index names; raises ValueError if it was altered."""
    named = re.fullmatch("sha256:([0-9a-f]{64})", row["digest"])
    if not named:
        raise ValueError(f"it has the digest {row['digest']!r}")
    found = path / _BLOBS / named[1]
    if not found.is_file():
        raise ValueError(f"{named[0]} is missing")
    with failing(found), found.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != named[1]:
            raise ValueError(f"{named[0]} was altered")
    return found


_MANIFEST = "pinner-bundle.json"
_FORMAT = 1
_TREES = "trees"
_LARGEST_MANIFEST = 256 * 1024 * 1024
_LONGEST = 200
_AT_ONCE: Final = 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_MORE = "bring it over again, and compare its SHA-256 with the one that 'pinner bundle' printed"
_SPOILED = (
    *(tarfile.TarError, zlib.error, EOFError, RecursionError),
    *(ValueError, LookupError, TypeError, AttributeError),
)


def write_bundle(
    workspace: Workspace,
    environments: tuple[str, ...],
    path: Path,
    *,
    is_image: bool = False,
    since: tuple[Path, ...] = (),
) -> Bundle:
    """Write a bundle of the named environments (none: all) to `path`, which is replaced on success only.

    `path` is a file, or with `is_image` the directory of an OCI image layout. The trees of the versions of the
    bundles `since` are left out. Raises as `read_plans` does, InputError if one of these is not a bundle, and
    UnknownError if the file cannot be written.
    """
    there = frozenset[str]().union(*map(_trees_of, since))
    plans = read_plans(workspace, environments)
    wanted = sources_by_tree(plans)
    sources = {tree: source for tree, source in wanted.items() if tree not in there}
    store = TreeStore(Cache.at(Path(workspace.settings.cache)).trees)
    commits = [(source.mirror, source.commit) for source in sources.values()]
    stored = {one.tree_id: one for one in store.add(commits, jobs=workspace.settings.jobs).values()}
    rows = workspace.map(lambda source: list_unusual(source.mirror, source.commit), sources.values())
    trees = {
        tree: {"unusual": dict(unusual), "notes": asdict(stored[tree].notes)}
        for tree, unusual in zip(sources, rows, strict=True)
    }
    for tree, row in trees.items():
        if id_of_directory(read_plain_tree(stored[tree].path).files, row["unusual"]) != tree:
            source = sources[tree]
            message = (
                f"commit {source.commit} of {source.mirror.url} has file modes that git no longer writes"
            )
            hint = "a bundle cannot have it: pin another commit, or deploy without a bundle"
            raise InputError(Problem(message, hint=hint))
    manifest = _manifest([plan.content for plan in plans], trees)
    parts: list[WriteLayer] = [lambda tar: _add(tar, _MANIFEST, manifest)]
    parts += [
        partial(_add_tree, name=f"{_TREES}/{tree}", directory=stored[tree].path) for tree in sorted(trees)
    ]
    if is_image:
        digest, size = write_image(path, parts)
    else:
        root, target = named_file(path)
        with root.replacing(target, shown=str(path)) as file:
            digest, size = write_tar(file, parts)
    versions = {plan.environment: plan.content.version_id for plan in plans}
    return Bundle(str(path), versions, len(trees), size, digest, left_out=len(wanted) - len(trees))


def _manifest(contents: Iterable[Content], trees: Mapping[str, Any]) -> bytes:
    versions = []
    for one in contents:
        row = asdict(one)
        row.pop("types")  # they are generated where the bundle is deployed
        row["files"] = [[file.path, file.mode, file.text] for _, file in sorted(one.files.items())]
        versions.append({**row, "version": one.version_id})
    content = {"format": 1, "pinner_bundle": _FORMAT, "versions": versions, "trees": trees}
    return json.dumps({**content, "digest": _digest(content)}, indent=1, sort_keys=True).encode() + b"\n"


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    about = tarfile.TarInfo(name)
    about.size, about.mode = len(content), 0o644
    tar.addfile(about, io.BytesIO(content))


def _add_tree(tar: tarfile.TarFile, name: str, directory: Path) -> None:
    for path in sorted((directory, *directory.rglob("*")), key=os.fsencode):
        found = path.lstat()
        about = tarfile.TarInfo(f"{name}/{path.relative_to(directory)}" if path != directory else name)
        about.mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
        if stat.S_ISLNK(found.st_mode):
            about.type, about.linkname, about.mode = tarfile.SYMTYPE, os.readlink(path), 0o777  # noqa: PTH115 - the text of the link itself
            tar.addfile(about)
        elif stat.S_ISDIR(found.st_mode):
            about.type = tarfile.DIRTYPE
            tar.addfile(about)
        else:
            about.size = found.st_size
            with path.open("rb") as file:
                tar.addfile(about, file)


@dataclass(frozen=True, slots=True)
class _Read:
    """The contents of a bundle: a plan for each version, and what is needed to write and verify its trees."""

    plans: tuple[Plan, ...]
    unusual: Mapping[str, Mapping[str, str]]
    notes: Mapping[str, TreeNotes]
    members: Mapping[str, tuple[tarfile.TarInfo, ...]]


def deploy_bundle(
    bundle: Path, environments: tuple[str, ...], path: Path, options: Options, on_note: OnNote
) -> Deployment:
    """Deploy the named environments (none: all) of a bundle to the directory `path`, and switch them.

    Needs no project and contacts no remote. Raises InputError for a bundle that is cut short or was altered, and
    as `deploy` does; then no environment was switched.
    """
    types = puppet_version(options.puppet) if options.puppet else None
    with _reading(bundle) as (tar, layers):
        read = _read(tar, types)
        others = dict(zip(sorted(read.members), layers, strict=True)) if bundle.is_dir() else {}
        plans = _select(read.plans, environments, bundle)
        paths = {tree: where for plan in plans for where, tree in sorted(plan.content.trees.items())}

        def fill(store: TreeStore) -> Iterable[StoredTree]:
            left_out = [tree for tree in paths if tree not in read.members]
            if lacking := [tree for tree in left_out if not store.path(tree).is_dir()]:
                raise InputError(_lacking(paths[tree], bundle) for tree in lacking)
            return store.fill(paths, write, jobs=1).values()

        def write(tree: str, place: Path) -> WrittenTree:
            if tree not in read.members:  # the stored one was altered
                raise InputError(_lacking(paths[tree], bundle))
            if tree not in others:
                return _unpack(tar, read, tree, place)
            with _open_part(others[tree], is_layer=True) as layer:
                members = {tree: tuple(_members(layer, most=MOST_FILES))}
                return _unpack(layer, replace(read, members=members), tree, place)

        results = deploy_plans(plans, path, options, fill, on_note)
    return Deployment(str(path), results)


@contextmanager
def _reading(bundle: Path) -> Iterator[tuple[tarfile.TarFile, tuple[Path, ...]]]:
    """Yield the part of a bundle that lists its contents, and its other parts.

    Raises InputError if the block finds that the bundle was cut short or altered.
    """
    try:
        layers = find_layers(bundle) if bundle.is_dir() else (bundle,)
        with failing(bundle), _open_part(layers[0], is_layer=bundle.is_dir()) as tar:
            yield tar, layers[1:]
    except _SPOILED as error:
        message = f"this is not a whole bundle of pinner: {error}"
        raise InputError(Problem(message, Location(str(bundle)), _MORE)) from error


def _trees_of(bundle: Path) -> frozenset[str]:
    """Return the ids of all trees of a bundle's versions: who deployed it has them."""
    with _reading(bundle) as (tar, _):
        return frozenset(tree for plan in _read(tar, None).plans for tree in plan.content.trees.values())


def _lacking(path: str, bundle: Path) -> Problem:
    message = (
        f"it was written with --since, and the files of '{path or 'the control repository'}' are not here"
    )
    hint = "deploy the earlier bundle first, or write one without --since"
    return Problem(message, Location(str(bundle)), hint)


@contextmanager
def _open_part(path: Path, *, is_layer: bool) -> Iterator[tarfile.TarFile]:
    """Open a bundle, or a layer of an image, which a registry may have compressed."""
    with ExitStack() as stack:
        plain = stack.enter_context(path.open("rb"))
        is_packed = is_layer and plain.peek(len(_GZIP)).startswith(_GZIP)
        file: Any = stack.enter_context(gzip.open(plain)) if is_packed else plain
        reader = cast("BinaryIO", _Reader(file))
        yield stack.enter_context(tarfile.open(fileobj=reader, mode="r:", errors="surrogateescape"))


class _Reader:
    """A file of which tarfile reads little at a time: a header that gives its own size could fill the memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self.tell, self.seek, self._file = file.tell, file.seek, file

    def read(self, size: int) -> bytes:
        """Return up to that many bytes; raises ValueError if it is more than names and chunks of files have."""
        if size > _AT_ONCE:
            raise ValueError(f"it has a header of {size} bytes")
        return self._file.read(size)


def _chunks(stream: IO[bytes] | None) -> Iterator[bytes]:
    while stream and (some := stream.read(_AT_ONCE)):
        yield some


def _members(tar: tarfile.TarFile, *, most: int) -> Iterator[tarfile.TarInfo]:
    """Yield what is in a bundle after its list; raises ValueError for what pinner does not write."""
    for number, member in enumerate(tar):
        if member.name == _MANIFEST and number == 0:
            continue
        if not (member.isreg() or member.isdir() or member.issym()) or member.issparse():
            raise ValueError(f"{visible(member.name)} is not a file, a directory or a symbolic link")
        if member.size > LARGEST or number > most:
            raise ValueError(f"{visible(member.name)} has {member.size} bytes, or is one of more than {most}")
        yield member


def _select(plans: tuple[Plan, ...], environments: tuple[str, ...], bundle: Path) -> tuple[Plan, ...]:
    there = {plan.environment: plan for plan in plans}
    if unknown := [name for name in environments if name not in there]:
        hint = f"it has {', '.join(there)}"
        raise InputError(
            Problem(f"the bundle has no environment '{name}'", Location(str(bundle)), hint)
            for name in unknown
        )
    return tuple(there[name] for name in environments) if environments else plans


def _read(tar: tarfile.TarFile, types: str | None) -> _Read:
    first = tar.next()
    if first is None or first.name != _MANIFEST or first.size > _LARGEST_MANIFEST:
        raise ValueError(f"it does not begin with {_MANIFEST}")
    stream = tar.extractfile(first)
    content: dict[str, Any] = json.loads(b"".join(_chunks(stream)))
    if content.pop("digest") != _digest(content):
        raise ValueError(f"{_MANIFEST} was altered")
    if content["pinner_bundle"] != _FORMAT:
        raise ValueError("it is of a newer version of pinner")
    members: dict[str, list[tarfile.TarInfo]] = {tree: [] for tree in content["trees"]}
    for member in _members(tar, most=len(members) * MOST_FILES):
        _, _, rest = member.name.partition(f"{_TREES}/")
        members[rest.partition("/")[0]].append(member)
    names = [row["environment"] for row in content["versions"]]
    if len(set(names)) < len(names):
        raise ValueError("it has an environment twice")
    return _Read(
        tuple(Plan(replace(_content(row), types=types), {}) for row in content["versions"]),
        {tree: row["unusual"] for tree, row in content["trees"].items()},
        {
            tree: TreeNotes(**{key: tuple(paths) for key, paths in row["notes"].items()})
            for tree, row in content["trees"].items()
        },
        {tree: tuple(some) for tree, some in members.items()},
    )


def _content(row: Mapping[str, Any]) -> Content:
    """Return the content of a version; raises ValueError for what no lock and no generated file leads to.

    Names become paths in the deployment directory, and everything else is shown: a bundle is from elsewhere.
    """
    files = {path: ControlFile(path, text, mode) for path, mode, text in row["files"]}
    content = Content(row["environment"], row["lock_id"], row["modules"], row["trees"], files, row["control"])
    flaws = [check_environment_name(content.environment)]
    flaws += [check_module_name(name) for name in content.modules]
    flaws += [check_commit(content.control)] if content.control is not None else []
    for path in (*(path for path in content.trees if path), *files):
        flaws.append("a path has '.'" if path == "." else check_install_path(path))
        _check_path(path)
    flaws += [check_commit(tree) for tree in content.trees.values()]
    flaws += [f"the mode {file.mode!r}" for file in files.values() if file.mode not in {PLAIN, EXECUTABLE}]
    flaws += [f"the version {one!r}" for one in content.modules.values() if not _is_word(one)]
    if found := next((flaw for flaw in flaws if flaw), None):
        raise ValueError(found)
    if content.version_id != row["version"] or not is_version_id(content.version_id):
        raise ValueError(f"version {row['version']} was altered")
    return content


def _is_word(text: str) -> bool:
    """Return whether a text fits into a line; raises TypeError if it is not a text."""
    return len(text) <= _LONGEST and "\n" not in text and visible(text) == text


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    is_hostile = any(part == ".." or part.lower() == ".git" for part in parts)
    if path.startswith("/") or is_hostile or len(parts) > DEEPEST:
        raise ValueError(f"it has the path {path!r}")


def _unpack(tar: tarfile.TarFile, read: _Read, tree: str, place: Path) -> WrittenTree:
    """Write a tree to the new directory `place`: directories, then files, then links, so that none is followed."""
    start = f"{_TREES}/{tree}"
    rows = [(member.name.removeprefix(start).lstrip("/"), member) for member in read.members[tree]]
    folders, links = [path for path, member in rows if member.isdir()], dict[str, str]()
    _check_rows(tree, [path for path, _ in rows], folders)
    for path in folders:
        (place / path).mkdir()
    for path, member in rows:
        if member.isreg():
            with (place / path).open("xb") as file:
                file.writelines(_chunks(tar.extractfile(member)))
            (place / path).chmod(EXECUTABLE_MODE if member.mode & stat.S_IXUSR else FILE_MODE)
    for path, member in rows:
        if member.issym():
            (place / path).symlink_to(member.linkname)
            links[path] = member.linkname
    for path in reversed(folders):
        (place / path).chmod(DIRECTORY_MODE)
    found = read_plain_tree(place)
    if found.unread or found.specials or id_of_directory(found.files, read.unusual[tree]) != tree:
        raise ValueError(f"the files of tree {tree} were altered")
    size = sum(file.size for file in found.files)
    outward = tuple(path for path in links if leads_out(path, links))
    return WrittenTree(size, tree_ids(found.files)[""], replace(read.notes[tree], outward_links=outward))


def _check_rows(tree: str, paths: list[str], folders: list[str]) -> None:
    """Raise ValueError if the paths of a tree lead elsewhere, or if the directory of one is missing."""
    if folders[:1] != [""]:
        raise ValueError(f"tree {tree} is missing")
    known = set(folders)
    for path in paths:
        _check_path(path)
        if path and path.rpartition("/")[0] not in known:
            raise ValueError(f"it has {path!r} without its directory")
