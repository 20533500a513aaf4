"""`pinner bundle` and `deploy --from-bundle`: the same versions on a machine that has nothing but the file."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pinner.deploying.versions.content import Content
from pinner.model.control import ControlFile
from tests.cli.deploy.test_deploy import NO_TYPES, deploy, locked, served, target
from tests.support.cloud import Cloud, Result
from tests.support.control import lock_two, make_control, move_nova
from tests.support.hostile_trees import FILE, FOLDER, HostileRepository
from tests.support.prepared import Prepared
from tests.support.repositories import run_git

BOTH = ("production", "staging")


def import_bundle(cloud: Cloud, file: Path, *arguments: str) -> Result:
    return cloud.run("deploy", "--to", str(target(cloud)), NO_TYPES, "--from-bundle", str(file), *arguments)


def bundle_two(cloud: Cloud) -> None:
    control = make_control(cloud)
    lock_two(cloud)
    for name in BOTH:
        control.repository.commit({"data/common.yaml": f"a: {name}\n"}, branch=name)
    result = cloud.run("bundle", "-o", str(cloud.root / "bundle.tar"))
    assert result.code == 0, result.err


@pytest.fixture
def bundled(cloud: Cloud, prepared: Prepared) -> tuple[Cloud, Path]:
    """A project with a control repository, and its bundle."""
    prepared(cloud, bundle_two)
    return cloud, cloud.root / "bundle.tar"


def test_a_machine_without_network_deploys_the_same_versions(bundled: tuple[Cloud, Path]) -> None:
    cloud, file = bundled
    versions = {
        one["name"]: one["version"]
        for one in deploy(cloud, "--dry-run", "--format", "json").json["environments"]
    }
    for name in ("upstreams", "cache", "control.git"):
        (cloud.root / name).rename(cloud.root / f"gone-{name}")
    empty = cloud.root / "empty"
    empty.mkdir()
    cloud.project, project = empty, cloud.project
    result = import_bundle(cloud, file)
    assert result.code == 0, result.err
    cloud.project = project
    (cloud.root / "gone-upstreams").rename(cloud.root / "upstreams")
    for name in BOTH:
        assert served(cloud, name) == locked(cloud, name)
        assert (target(cloud) / name / "data/common.yaml").read_text() == f"a: {name}\n"
        assert (target(cloud) / name).readlink().name == versions[name]
    assert import_bundle(cloud, file).out.splitlines()[-1].endswith(": 2 up to date")
    assert cloud.run("deploy", "--to", str(target(cloud)), "--list").code == 0


def test_only_the_named_environments_are_taken(bundled: tuple[Cloud, Path]) -> None:
    cloud, file = bundled
    assert import_bundle(cloud, file, "staging").code == 0
    assert not (target(cloud) / "production").exists()
    unknown = import_bundle(cloud, file, "other")
    assert unknown.code == 2
    assert "the bundle has no environment 'other'\n  hint: it has production, staging" in unknown.err


def test_the_same_locks_give_the_same_bytes(bundled: tuple[Cloud, Path]) -> None:
    cloud, file = bundled
    again = cloud.root / "again.tar"
    (cloud.root / "cache/trees").rename(cloud.root / "cache/elsewhere")
    result = cloud.run("bundle", "-o", str(again), "--format", "json")
    assert again.read_bytes() == file.read_bytes()
    assert result.json["bytes"] == file.stat().st_size
    with tarfile.open(file) as tar:
        assert {(one.mtime, one.uid, one.gid, one.uname) for one in tar} == {(0, 0, 0, "")}
        assert tar.getnames()[0] == "pinner-bundle.json"


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.99])
def test_a_bundle_that_was_cut_short_is_refused(bundled: tuple[Cloud, Path], share: float) -> None:
    cloud, file = bundled
    with tarfile.open(file) as tar:
        last = tar.getmembers()[-1]
    content = file.read_bytes()
    file.write_bytes(content[: int((last.offset_data + last.size) * share)])
    result = import_bundle(cloud, file)
    assert result.code == 2
    assert f"{file}: this is not a whole bundle of pinner: " in result.err
    assert not (target(cloud) / "production").exists()


def test_a_bundle_with_any_altered_byte_is_refused_or_gives_the_same_files(
    bundled: tuple[Cloud, Path],
) -> None:
    cloud, file = bundled
    content = file.read_bytes()
    with tarfile.open(file) as tar:
        members = [member for member in tar if member.isreg() and member.size]
    for member in members:
        for offset in (member.offset_data, member.offset_data + member.size - 1):
            file.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :])
            result = import_bundle(cloud, file)
            assert result.code == 2, (member.name, result.err)
            assert "this is not a whole bundle of pinner: " in result.err
    assert not (target(cloud) / "production").exists()


def members_of(file: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Return all members of a bundle with their contents."""
    with tarfile.open(file) as tar:
        streams = [(member, tar.extractfile(member) if member.isreg() else None) for member in tar]
        return [(member, stream.read() if stream else b"") for member, stream in streams]


def repack(file: Path, change: "dict[str, tarfile.TarInfo]", more: tuple[tarfile.TarInfo, ...] = ()) -> None:
    """Write the bundle again with other members in the place of some, and more of them."""
    rows = [(change.get(member.name, member), content) for member, content in members_of(file)]
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        for member, content in (*rows, *((one, b"") for one in more)):
            if member.isreg():
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def _member(name: str, kind: bytes, linkname: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, linkname
    return made


@pytest.mark.parametrize(
    "kind", ["outside", "absolute", "git", "link", "hard link", "device", "unknown tree"]
)
def test_members_that_a_bundle_of_pinner_never_has(bundled: tuple[Cloud, Path], kind: str) -> None:
    cloud, file = bundled
    with tarfile.open(file) as tar:
        tree = tar.getmembers()[1].name
    victim = cloud.root / "victim"
    victim.mkdir()
    member = {
        "outside": _member(f"{tree}/../../../evil", tarfile.REGTYPE),
        "absolute": _member(f"{tree}/{victim}/evil", tarfile.REGTYPE),
        "git": _member(f"{tree}/.git", tarfile.DIRTYPE),
        "link": _member(f"{tree}/link", tarfile.SYMTYPE, str(victim)),
        "hard link": _member(f"{tree}/link", tarfile.LNKTYPE, "pinner-bundle.json"),
        "device": _member(f"{tree}/zero", tarfile.CHRTYPE),
        "unknown tree": _member(f"trees/{'0' * 40}/x", tarfile.REGTYPE),
    }[kind]
    repack(file, {}, (member,))
    result = import_bundle(cloud, file)
    assert result.code == 2, result.err
    assert list(victim.iterdir()) == []
    assert not list(target(cloud).rglob("evil"))
    assert not list(target(cloud).rglob("zero"))


def forge(file: Path, change: Callable[[Any], object]) -> None:
    """Write the bundle again with another list of contents whose ids and digest are right, as anybody can."""
    rows = members_of(file)
    listed = json.loads(rows[0][1])
    del listed["digest"]
    change(listed)
    for row in listed["versions"]:
        files = {path: ControlFile(path, text, mode) for path, mode, text in row["files"]}
        content = Content(
            row["environment"], row["lock_id"], row["modules"], row["trees"], files, row["control"]
        )
        row["version"] = content.version_id
    digest = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    rows[0] = (rows[0][0], json.dumps({**listed, "digest": digest}).encode())
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        for member, data in rows:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def _files(row: Any, path: str, mode: object = 0o644) -> None:
    row["files"].append([path, mode, "x"])


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(environment="../../../escaped"),
        lambda row: row.update(environment="."),
        lambda row: row.update(environment="a\nb"),
        lambda row: row.update(lock_id="../../../../escaped"),
        lambda row: row.update(lock_id="pin-0123456789ab\x1b[31m"),
        lambda row: row.update(control={"a": 1}),
        lambda row: row.update(control="escaped\n"),
        lambda row: row.update(modules={"nova": "1\n"}),
        lambda row: row.update(modules={"nova": "1\x1b[31m"}),
        lambda row: row.update(modules={"..": "1"}),
        lambda row: row["trees"].update({"modules/evil": "../../../../escaped"}),
        lambda row: row["trees"].update({"./modules/nova": "0" * 40}),
        lambda row: _files(row, "../../../escaped"),
        lambda row: _files(row, "."),
        lambda row: _files(row, "a//b"),
        lambda row: _files(row, "a\nb"),
        lambda row: _files(row, "/".join("a" * 240)),
        lambda row: _files(row, "a", 0o4755),
        lambda row: _files(row, "a", "755"),
    ],
)
def test_a_list_of_contents_that_no_lock_leads_to(
    bundled: tuple[Cloud, Path], change: Callable[[Any], object]
) -> None:
    cloud, file = bundled
    before = set(cloud.root.rglob("*"))
    forge(file, lambda listed: change(listed["versions"][0]))
    result = import_bundle(cloud, file)
    assert result.code == 2, result.err
    assert f"{file}: this is not a whole bundle of pinner: " in result.err
    assert set(cloud.root.rglob("*")) == before


def test_a_bundle_with_an_environment_twice(bundled: tuple[Cloud, Path]) -> None:
    cloud, file = bundled
    forge(file, lambda listed: listed["versions"].append(listed["versions"][0]))
    assert "it has an environment twice" in import_bundle(cloud, file).err


def test_a_bundle_cannot_hide_a_link_that_leads_out(cloud: Cloud, prepared: Prepared) -> None:
    prepared(cloud, lock_two)
    cloud.manifest(
        "production",
        'release: 2024.1\nopenstack: []\nmodules:\n  odd: {git: "https://git.example.net/odd", branch: main}\n',
    )
    odd = HostileRepository(cloud.root / "upstreams/private/odd.git")
    metadata = odd.blob(b'{"name": "acme-odd", "version": "1.0.0", "dependencies": []}\n')
    tree = odd.tree([("120000", b"link", odd.blob(b"/etc/shadow")), (FILE, b"metadata.json", metadata)])
    odd.commit(tree, ref="refs/heads/main")
    assert cloud.run("lock", "production").code == 0
    file = cloud.root / "bundle.tar"
    assert cloud.run("bundle", "production", "-o", str(file)).code == 0
    forge(file, lambda listed: [row["notes"].update(outward_links=[]) for row in listed["trees"].values()])
    result = import_bundle(cloud, file)
    assert result.code == 0, result.err
    assert "symbolic link 'link' leads out of the module [deploy-outward-link]" in result.out


@pytest.mark.parametrize("kind", ["sparse", "large", "header"])
def test_members_that_grow(bundled: tuple[Cloud, Path], kind: str) -> None:
    cloud, file = bundled
    rows = members_of(file)
    tree = rows[1][0].name
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in rows:
            tar.addfile(member, io.BytesIO(content))
    about = _member(f"{tree}/zeros", tarfile.GNUTYPE_SPARSE if kind == "sparse" else tarfile.REGTYPE)
    about.size = 2**40 if kind == "large" else 0
    block = bytearray(about.tobuf(tarfile.GNU_FORMAT))
    if kind == "sparse":  # a hole of a terabyte, in the fields of the old GNU format
        block[386:410] = b"%011o\0%011o\0" % (2**33 - 1, 0)
        block[483:495] = b"%011o\0" % (2**33 - 1)
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
    elif kind == "header":
        longest = _member("x", tarfile.XHDTYPE)
        longest.size = 64 * 1024 * 1024
        block = bytearray(longest.tobuf(tarfile.GNU_FORMAT)) + bytes(longest.size)
    content = file.read_bytes().rstrip(b"\0")
    content += bytes(-len(content) % 512)
    file.write_bytes(content + bytes(block) + bytes(1024))
    result = import_bundle(cloud, file)
    assert result.code == 2, result.err
    assert "this is not a whole bundle of pinner: " in result.err
    assert ("bytes" in result.err) == (kind != "sparse")


@pytest.mark.parametrize("name", ["out.tar", ".out.tar.draft"])
def test_a_bundle_is_not_written_through_a_link_of_a_cloned_project(
    cloud: Cloud, prepared: Prepared, name: str
) -> None:
    prepared(cloud, lock_two)
    victim = cloud.root / "victim"
    victim.write_text("kept\n")
    (cloud.project / name).symlink_to(victim)
    result = cloud.run("bundle", "-o", str(cloud.project / "out.tar"))
    assert result.code == 2
    assert f"{name}: " in result.err
    assert victim.read_text() == "kept\n"


def odd_module(cloud: Cloud, mode: str) -> None:
    """Lock a module that has a submodule, and a file of that mode."""
    repository = HostileRepository(cloud.root / "upstreams/private/odd.git")
    inner = repository.tree([("160000", b"sub", "1" * 40), (mode, b"x", repository.blob(b"x\n"))])
    metadata = repository.blob(b'{"name": "acme-odd", "version": "1.0.0", "dependencies": []}\n')
    tree = repository.tree([(FOLDER, b"d", inner), (FILE, b"metadata.json", metadata)])
    repository.commit(tree, ref="refs/heads/main")
    cloud.manifest(
        "production",
        'release: 2024.1\nopenstack: [nova]\nmodules:\n  odd: {git: "https://git.example.net/odd", branch: main}\n',
    )
    assert cloud.run("lock").code == 0


def test_a_tree_with_a_submodule_is_verified_too(cloud: Cloud) -> None:
    odd_module(cloud, FILE)
    file = cloud.root / "bundle.tar"
    assert cloud.run("bundle", "-o", str(file)).code == 0
    result = import_bundle(cloud, file)
    assert result.code == 0, result.err
    assert "submodule 'd/sub' is deployed as an empty directory" in result.out
    assert (target(cloud) / "production/modules/odd/d/sub").is_dir()


def test_modes_of_old_versions_of_git_can_be_deployed_but_not_bundled(cloud: Cloud) -> None:
    odd_module(cloud, "100664")
    result = cloud.run("bundle", "-o", str(cloud.root / "bundle.tar"))
    assert result.code == 2
    assert "has file modes that git no longer writes" in result.err
    assert deploy(cloud).code == 0
    assert deploy(cloud, "--check").code == 0


def test_a_bundle_is_replaced_on_success_only(bundled: tuple[Cloud, Path]) -> None:
    cloud, file = bundled
    content = file.read_bytes()
    cloud.manifest("staging", "release: 2024.1\nopenstack: [nova]\n")
    assert cloud.run("bundle", "-o", str(file)).code == 2
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.glob(".bundle*")] == []


def trees_in(file: Path) -> set[str]:
    with tarfile.open(file) as tar:
        return {name.split("/")[1] for name in tar.getnames() if name.startswith("trees/")}


@pytest.mark.parametrize("kind", ["file", "image"])
def test_a_bundle_since_an_earlier_one_has_the_trees_that_are_new(
    bundled: tuple[Cloud, Path], kind: str
) -> None:
    cloud, first = bundled
    options = ("--oci",) if kind == "image" else ()
    earlier, newer = cloud.root / "earlier", cloud.root / "newer"
    assert cloud.run("bundle", *options, "-o", str(earlier)).code == 0
    assert import_bundle(cloud, earlier).code == 0
    move_nova(cloud, "2025.1")
    result = cloud.run("bundle", *options, "--since", str(earlier), "-o", str(newer), "--format", "json")
    assert result.code == 0, result.err
    assert (result.json["trees"], result.json["trees_left_out"]) == (1, len(trees_in(first)) - 1)
    if kind == "file":
        place = f"--git-dir={cloud.upstream('nova').path}"
        nova = run_git(place, "rev-parse", "refs/heads/stable/2025.1^{tree}")
        assert trees_in(newer) == {nova}
        text = cloud.run("bundle", "--since", str(earlier), "-o", str(newer)).out
        assert f"wrote {newer}: 2 environments, 1 tree ({len(trees_in(first)) - 1} left out), " in text
    result = import_bundle(cloud, newer)
    assert result.code == 0, result.err
    assert {name: served(cloud, name) for name in BOTH} == {name: locked(cloud, name) for name in BOTH}
    assert deploy(cloud, "--check").code == 0


def test_bundles_follow_each_other(bundled: tuple[Cloud, Path]) -> None:
    cloud, first = bundled
    files = [first]
    for number, release in enumerate(("2025.1", "2024.1")):
        move_nova(cloud, release)
        files.append(cloud.root / f"newer{number}.tar")
        assert cloud.run("bundle", "--since", str(files[-2]), "-o", str(files[-1])).code == 0
        assert len(trees_in(files[-1])) == 1
    for file in files:
        assert import_bundle(cloud, file).code == 0
    assert {name: served(cloud, name) for name in BOTH} == {name: locked(cloud, name) for name in BOTH}


def test_a_bundle_whose_earlier_one_was_not_deployed_is_refused(bundled: tuple[Cloud, Path]) -> None:
    cloud, first = bundled
    move_nova(cloud, "2025.1")
    newer = cloud.root / "newer.tar"
    assert cloud.run("bundle", "--since", str(first), "-o", str(newer)).code == 0
    result = import_bundle(cloud, newer)
    assert result.code == 2
    for path in ("modules/nova", "modules/keystone", "the control repository"):
        assert f"{newer}: it was written with --since, and the files of '{path}' are not here\n" in result.err
    assert "hint: deploy the earlier bundle first, or write one without --since" in result.err
    assert not any((target(cloud) / name).exists() for name in BOTH)
    assert import_bundle(cloud, first).code == 0
    (nova,) = (target(cloud) / "production/modules/nova").resolve().glob("metadata.json")
    nova.chmod(0o644)
    nova.write_text("{}\n")
    result = import_bundle(cloud, newer)
    assert result.code == 2
    assert f"{newer}: it was written with --since, and the files of 'modules/nova' are not here" in result.err


def test_only_a_bundle_can_be_the_earlier_one(bundled: tuple[Cloud, Path]) -> None:
    cloud, first = bundled
    content = first.read_bytes()
    (cloud.root / "cut.tar").write_bytes(content[: len(content) // 10])
    for name in ("cut.tar", "project/pinner.yaml"):
        newer = cloud.root / "newer.tar"
        result = cloud.run("bundle", "--since", str(cloud.root / name), "-o", str(newer))
        assert result.code == 2
        assert f"{cloud.root / name}: this is not a whole bundle of pinner: " in result.err
        assert not newer.exists()
