"""`pinner verify --deployed`: what lies on a server against the locks, after each thing that can happen to it."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.deploying import check_out, commit_directory, unpack
from tests.support.repositories import isolate_git, run_git

MANIFEST = "release: 2025.1\nopenstack: [keystone, nova]\n"
METADATA = '{"name": "openstack-nova", "version": "26.0.0", "dependencies": []}\n'


def write_nova(directory: Path) -> Path:
    """A module with everything that files can be."""
    files = {
        "metadata.json": METADATA,
        "manifests/init.pp": "class nova {\n}\n",
        "manifests/api/config.pp": "class nova::api::config {\n}\n",
        "templates/unix.erb": "a\nb\n",
        "templates/dos.erb": "a\r\nb\r\n",
        "files/run.sh": "#!/bin/sh\n",
        "spec/spec_helper.rb": "# tests\n",
        "spec/classes/nova_spec.rb": "# tests\n",
        "lib/specs/keep.rb": "# not spec\n",
        ".fixtures.yml": "---\n",
    }
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(text.encode())
    (directory / "files/run.sh").chmod(0o755)
    (directory / "files/link.sh").symlink_to("run.sh")
    (directory / "latest").symlink_to("manifests/api")
    return directory


@dataclass
class Site:
    """A project whose environment `production` is deployed on a `server`; `work` is what nova's commit was made from."""

    cloud: Cloud
    work: Path

    @property
    def server(self) -> Path:
        return self.cloud.root / "server"

    @property
    def production(self) -> Path:
        return self.server / "production"

    @property
    def nova(self) -> Path:
        return self.production / "modules" / "nova"


def make_site(root: Path) -> Site:
    cloud = Cloud(root)
    cloud.upstream("keystone").commit("stable/2025.1", version="26.0.0")
    work = write_nova(root / "work")
    commit_directory(cloud.upstream("nova"), work, "stable/2025.1")
    cloud.manifest("production", MANIFEST)
    result = cloud.run("lock")
    assert result.code == 0, result
    check_out(cloud, "production", root / "server")
    return Site(cloud, work)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        isolate_git(patch)
        yield make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def site(made: Site) -> Iterator[Site]:
    """A site whose server a test may change; project, upstreams and cache are shared."""
    shutil.copytree(made.server, saved := made.cloud.root / "saved", symlinks=True)
    yield made
    shutil.rmtree(made.server)
    saved.rename(made.server)


@pytest.fixture
def own(tmp_path: Path) -> Site:
    """A site of which a test may change everything."""
    return make_site(tmp_path)


def verify(site: Site, *more: str) -> Result:
    return site.cloud.run("verify", "--deployed", str(site.server), "--format", "json", *more)


def found(result: Result) -> list[dict[str, Any]]:
    return [finding for environment in result.json["environments"] for finding in environment["findings"]]


def told(result: Result) -> list[tuple[str, str | None, str]]:
    return [(one["code"], one["module"], one["message"]) for one in found(result)]


def only(result: Result) -> dict[str, Any]:
    [finding] = found(result)
    return finding


def test_what_was_deployed_is_what_is_locked(site: Site) -> None:
    result = verify(site)
    assert (result.code, told(result)) == (0, [])
    assert result.json["format"] == 1
    [environment] = result.json["environments"]
    assert (environment["name"], environment["lock_id"][:4]) == ("production", "pin-")
    assert (site.server / "production" / "modules" / "nova" / ".git").is_dir()


def test_without_git_directories_too(site: Site) -> None:
    shutil.rmtree(site.server)
    unpack(site.cloud, "production", site.server)
    assert (verify(site).code, told(verify(site))) == (0, [])


def test_no_remote_is_asked_and_nothing_written(own: Site) -> None:
    (own.cloud.root / "upstreams").rename(own.cloud.root / "gone")
    before = {
        path: path.lstat().st_mtime_ns for path in own.cloud.root.rglob("*") if "cache" not in path.parts
    }
    assert verify(own).code == 0
    assert {
        path: path.lstat().st_mtime_ns for path in own.cloud.root.rglob("*") if "cache" not in path.parts
    } == before
    assert own.server.is_dir()


def test_text_says_where_what_and_how_to_mend(site: Site) -> None:
    (site.nova / "manifests/init.pp").write_text("class nova { }\n")
    result = site.cloud.run("verify", "--deployed", "../server")
    lock_id = site.cloud.run("id", "production").out.split()[-1]
    assert (result.code, result.out) == (
        1,
        (
            f"production: {lock_id}, 2 modules\n"
            "  ../server/production/modules/nova/manifests/init.pp: error: module 'nova': 'manifests/init.pp' was changed"
            " [deployed-changed]\n"
            "    hint: deploy it anew without '--incremental', which does not look at pinned modules\n"
            "compared 1 environment: 1 error, 0 warnings\n"
        ),
    )


def test_a_file_edited_without_a_trace_in_its_times_and_size(site: Site) -> None:
    path = site.nova / "manifests/init.pp"
    before = path.stat()
    path.write_text("class evil {\n}\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert only(verify(site))["code"] == "deployed-changed"
    assert only(verify(site))["path"] == str(path)


def test_a_file_added(site: Site) -> None:
    (site.nova / "manifests/mine.pp").write_text("class nova::mine {}\n")
    words = "module 'nova': 'manifests/mine.pp' is not in the commit"
    assert told(verify(site)) == [("deployed-extra-file", "nova", words)]
    assert verify(site).code == 1


def test_a_directory_added_is_told_as_one(site: Site) -> None:
    (site.nova / "lib/puppet/functions").mkdir(parents=True)
    for number in range(30):
        (site.nova / "lib/puppet/functions" / f"f{number}.rb").write_text("")
    words = "module 'nova': 'lib/puppet' with its 30 files is not in the commit"
    assert told(verify(site)) == [("deployed-extra-file", "nova", words)]


def test_a_file_removed_and_a_directory(site: Site) -> None:
    (site.nova / "templates/unix.erb").unlink()
    shutil.rmtree(site.nova / "manifests" / "api")
    assert told(verify(site)) == [
        ("deployed-missing-file", "nova", "module 'nova': 'manifests/api' with its 1 file is missing"),
        ("deployed-missing-file", "nova", "module 'nova': 'templates/unix.erb' is missing"),
    ]


def test_a_module_missing(site: Site) -> None:
    shutil.rmtree(site.nova)
    result = verify(site)
    assert (result.code, told(result)) == (
        1,
        [("deployed-missing", "nova", "module 'nova': it is not there")],
    )


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nowhere", "it is a link that leads nowhere"),
        ("nova", "its directory could not be read: too many levels"),
    ],
)
def test_a_module_that_is_a_link_to_nothing(site: Site, target: str, words: str) -> None:
    shutil.rmtree(site.nova)
    site.nova.symlink_to(target)
    assert f"module 'nova': {words}" in only(verify(site))["message"]


def test_a_module_that_is_a_link_to_its_directory(site: Site) -> None:
    site.nova.rename(site.cloud.root / "elsewhere")
    site.nova.symlink_to(site.cloud.root / "elsewhere")
    assert told(verify(site)) == []


def test_a_module_that_is_a_file(site: Site) -> None:
    shutil.rmtree(site.nova)
    site.nova.touch()
    words = "module 'nova': there is a file where its directory should be"
    assert told(verify(site)) == [("deployed-missing", "nova", words)]


def test_a_module_too_many(site: Site) -> None:
    shutil.copytree(site.nova, site.nova.parent / "nova_old")
    (site.nova.parent / "README").touch()
    (site.nova.parent / ".hidden").mkdir()
    result = verify(site)
    assert (result.code, told(result)) == (
        1,
        [
            (
                "deployed-unknown-module",
                "nova_old",
                "module 'nova_old': it is among the modules, and not in the lock",
            )
        ],
    )


def test_modules_too_many_to_be_named(site: Site) -> None:
    for number in range(60):
        (site.production / "modules" / f"m{number}").mkdir()
    assert len(told(verify(site))) == 51
    words = "10 more directories beside the modules are not in the lock"
    assert told(verify(site))[-1] == ("deployed-unknown-module", None, words)


def test_a_module_at_another_commit_says_which(own: Site) -> None:
    (own.work / "metadata.json").write_text(METADATA.replace("26.0.0", "26.0.1"))
    moved = commit_directory(own.cloud.upstream("nova"), own.work, "stable/2025.1")
    locked = own.cloud.lock("production")["modules"]["nova"]["commit"]
    saved = own.cloud.lock_path("production").read_bytes()
    own.cloud.run("update", "-m", "nova")
    shutil.rmtree(own.server)
    check_out(own.cloud, "production", own.server)
    own.cloud.lock_path("production").write_bytes(saved)
    finding = only(verify(own))
    assert (finding["code"], finding["message"]) == (
        "deployed-other-commit",
        f"module 'nova': it is at 26.0.1 (stable/2025.1, {moved[:12]}), 1 commit ahead of the locked 26.0.0 ({locked[:12]})",
    )
    assert finding["hint"] == f"deploy it anew, or lock what is there: nova: {{commit: {moved}}}"
    assert verify(own).code == 1
    shutil.rmtree(own.server / "production/modules/nova/spec")
    shutil.rmtree(own.server / "production/modules/nova/.git")
    assert only(verify(own))["message"] == finding["message"]


def test_another_commit_with_an_edit(own: Site) -> None:
    (own.work / "manifests/init.pp").write_text("class nova {\n  # new\n}\n")
    (own.work / "manifests/new.pp").write_text("class nova::new {\n}\n")
    moved = commit_directory(own.cloud.upstream("nova"), own.work, "stable/2025.1")
    own.cloud.run("verify")  # brings the commit into the cache
    for path in ("init.pp", "new.pp"):
        shutil.copy(own.work / "manifests" / path, own.nova / "manifests" / path)
    (own.nova / "templates/unix.erb").write_text("mine\n")
    assert [code for code, _, _ in told(verify(own))] == [
        "deployed-changed",
        "deployed-changed",
        "deployed-extra-file",
    ]
    (own.nova / ".git/HEAD").write_text(f"{moved}\n")
    locked = own.cloud.lock("production")["modules"]["nova"]["commit"]
    assert [(code, text.partition("': ")[2]) for code, _, text in told(verify(own))] == [
        (
            "deployed-other-commit",
            f"it is at 26.0.0 (stable/2025.1, {moved[:12]}), 1 commit ahead of the locked 26.0.0 ({locked[:12]})",
        ),
        ("deployed-changed", f"'templates/unix.erb' was changed (seen from {moved[:12]})"),
    ]


def test_what_a_checkout_claims_counts_for_nothing_where_files_say_otherwise(own: Site) -> None:
    (own.work / "manifests/new.pp").write_text("class nova::new {\n}\n")
    moved = commit_directory(own.cloud.upstream("nova"), own.work, "stable/2025.1")
    own.cloud.run("verify")
    (own.nova / ".git/HEAD").write_text(f"{moved}\n")
    assert told(verify(own)) == []
    (own.nova / "manifests/init.pp").write_text("")
    assert [code for code, _, _ in told(verify(own))] == ["deployed-changed"]


def test_spec_left_out_as_r10k_does_is_said_once(site: Site) -> None:
    shutil.rmtree(site.nova / "spec")
    result = verify(site)
    assert (result.code, told(result)) == (
        0,
        [("deployed-without-spec", None, "1 module is deployed without 'spec', as r10k does")],
    )
    (site.nova / "manifests/init.pp").write_text("")
    assert [code for code, _, _ in told(verify(site))] == ["deployed-changed"]


def test_a_spec_that_is_there_in_part_is_not_left_out(site: Site) -> None:
    (site.nova / "spec/spec_helper.rb").unlink()
    words = "module 'nova': 'spec/spec_helper.rb' is missing"
    assert told(verify(site)) == [("deployed-missing-file", "nova", words)]


def test_line_endings_are_told_from_edits(site: Site) -> None:
    for path in ("manifests/init.pp", "templates/unix.erb", "metadata.json", ".fixtures.yml"):
        (site.nova / path).write_bytes((site.nova / path).read_bytes().replace(b"\n", b"\r\n"))
    (site.nova / "templates/dos.erb").write_bytes(b"a\nb\nc\n")
    result = verify(site)
    assert (result.code, told(result)) == (
        1,
        [
            ("deployed-changed", "nova", "module 'nova': 'templates/dos.erb' was changed"),
            (
                "deployed-line-endings",
                "nova",
                (
                    "module 'nova': only line endings differ in '.fixtures.yml', 'manifests/init.pp', 'metadata.json' "
                    "and 1 more"
                ),
            ),
        ],
    )


def test_executable_bits(site: Site) -> None:
    (site.nova / "files/run.sh").chmod(0o644)
    (site.nova / "manifests/init.pp").chmod(0o755)
    result = verify(site)
    assert (result.code, told(result)) == (
        0,
        [
            ("deployed-mode", "nova", "module 'nova': the executable bit is missing on 'files/run.sh'"),
            ("deployed-mode", "nova", "module 'nova': the executable bit was put on 'manifests/init.pp'"),
        ],
    )
    assert verify(site, "--strict").code == 1


def relink(module: Path, path: str, target: str) -> None:
    (module / path).unlink()
    (module / path).symlink_to(target)


def test_links_replaced(site: Site) -> None:
    (site.nova / "files/link.sh").unlink()
    shutil.copy(site.nova / "files/run.sh", site.nova / "files/link.sh")
    (site.nova / "latest").unlink()
    shutil.copytree(site.nova / "manifests/api", site.nova / "latest")
    relink(site.nova, "templates/unix.erb", "dos.erb")
    assert told(verify(site)) == [
        (
            "deployed-link",
            "nova",
            (
                "module 'nova': 'files/link.sh' was replaced by a copy of what it led to: a file, and a symbolic link to "
                "'run.sh' in the commit"
            ),
        ),
        (
            "deployed-link",
            "nova",
            "module 'nova': 'templates/unix.erb' is a symbolic link, and a file in the commit",
        ),
        (
            "deployed-link",
            "nova",
            "module 'nova': 'latest' is a directory, and a symbolic link in the commit",
        ),
    ]


def test_links_that_say_something_else(site: Site) -> None:
    relink(site.nova, "files/link.sh", "/etc/passwd")
    (site.nova / "latest").unlink()
    (site.nova / "latest").write_text("manifests/api")
    assert [text.partition("': ")[2] for _, _, text in told(verify(site))] == [
        "'files/link.sh' is a symbolic link to elsewhere, not to 'run.sh'",
        "'latest' is a file with a path as its text, and a symbolic link to 'manifests/api' in the commit",
    ]
    (site.nova / "latest").write_text("something")
    assert "'latest' is a file, and a symbolic link to 'manifests/api'" in told(verify(site))[1][2]


def test_pipes_and_loops_are_not_followed(site: Site) -> None:
    (site.nova / "manifests/init.pp").unlink()
    os.mkfifo(site.nova / "manifests/init.pp")
    os.mkfifo(site.nova / "pipe")
    (site.nova / "loop").symlink_to("loop")
    assert [(code, text.partition("': ")[2]) for code, _, text in told(verify(site))] == [
        ("deployed-changed", "'manifests/init.pp' is a named pipe"),
        ("deployed-extra-file", "'pipe' is a named pipe"),
        ("deployed-extra-file", "'loop' is not in the commit"),
    ]


def test_hostile_names_are_spelled_out(site: Site) -> None:
    name = os.fsdecode(b"\x1b[2Jcaf\xe9\n.pp")
    (site.nova / name).write_text("")
    (site.nova.parent / os.fsdecode(b"n\xe9")).mkdir()
    result = verify(site)
    assert result.code == 1
    assert result.out.isascii()
    for form in ("text", "sarif", "junit"):
        shown = site.cloud.run("verify", "--deployed", str(site.cloud.root / "server"), "--format", form)
        assert shown.code == 1, shown.err
        assert "\x1b" not in shown.out
        assert "deployed-unknown-module" in shown.out


def test_a_file_that_cannot_be_read_leaves_the_answer_open(site: Site) -> None:
    os.truncate(site.nova / "manifests/init.pp", 1 << 40)
    result = verify(site)
    assert (result.code, told(result)) == (
        3,
        [
            (
                "deployed-unread",
                "nova",
                "module 'nova': 'manifests/init.pp' could not be read: it is larger than 256 MiB",
            )
        ],
    )


def test_a_cache_without_the_commit_leaves_the_answer_open(own: Site) -> None:
    shutil.rmtree(own.cloud.root / "cache")
    result = verify(own)
    assert (result.code, own.server.is_dir()) == (3, True)
    assert [(one["code"], one["module"]) for one in found(result)] == [
        ("deployed-unread", "keystone"),
        ("deployed-unread", "nova"),
    ]
    assert found(result)[0]["message"] == (
        "module 'keystone': its files could not be compared: https://opendev.org/openstack/puppet-keystone (fetched from "
        f"{own.cloud.root}/upstreams/openstack/puppet-keystone) is not in the cache: it was never synced"
    )
    assert "--cache" in found(result)[0]["hint"]
    shutil.rmtree(own.cloud.root / "server/production/modules/nova")
    assert [one["code"] for one in found(verify(own))] == ["deployed-unread", "deployed-missing"]


def test_what_was_once_found_out_of_a_commit_needs_no_mirror(own: Site) -> None:
    assert verify(own).code == 0
    shutil.rmtree(own.cloud.root / "cache" / "git")
    assert (verify(own).code, own.server.is_dir()) == (0, True)


ATTRIBUTES = "*.erb text eol=crlf\n*.rb ident\n/docs export-ignore\n"


@pytest.mark.parametrize("deploy", [check_out, unpack])
def test_what_the_modules_own_attributes_change_is_no_change(own: Site, deploy: Any) -> None:
    (own.work / ".gitattributes").write_text(ATTRIBUTES)
    (own.work / "docs").mkdir()
    (own.work / "docs/guide.md").write_text("guide\n")
    (own.work / "lib/id.rb").write_text("# $Id$\n")
    commit_directory(own.cloud.upstream("nova"), own.work, "stable/2025.1")
    own.cloud.run("update")
    shutil.rmtree(own.server)
    place = deploy(own.cloud, "production", own.cloud.root / "server") / "modules" / "nova"
    assert (place / "templates/unix.erb").read_bytes() == b"a\r\nb\r\n"
    assert (place / "docs").exists() == (deploy is check_out)
    assert told(verify(own)) == []
    (place / "templates/unix.erb").write_bytes(b"c\r\n")
    assert [code for code, _, _ in told(verify(own))] == ["deployed-changed"]


def test_an_environment_that_is_not_there(own: Site) -> None:
    own.cloud.manifest("staging", MANIFEST)
    own.cloud.run("lock")
    result = verify(own)
    assert (result.code, told(result)) == (
        1,
        [("deployed-missing", None, f"environment 'staging' is not in {own.server}")],
    )
    assert verify(own, "production").code == 0
    (own.server / "staging").mkdir()
    words = "none of the 2 modules of environment 'staging' is deployed"
    assert told(verify(own)) == [("deployed-missing", None, words)]


def test_an_environment_without_a_lock(own: Site) -> None:
    own.cloud.lock_path("production").unlink()
    assert (only(verify(own))["code"], own.server.is_dir()) == ("lock-missing", True)


def test_environments_that_the_project_does_not_have(site: Site) -> None:
    (site.server / "rogue").mkdir()
    (site.server / "file").touch()
    result = verify(site)
    assert (result.code, told(result)) == (
        0,
        [("deployed-not-locked", None, "the project has no environment 'rogue'")],
    )
    assert [environment["name"] for environment in result.json["environments"]] == ["production", "rogue"]
    assert [environment["name"] for environment in verify(site, "production").json["environments"]] == [
        "production"
    ]


def test_what_was_generated_says_what_the_lock_says(own: Site) -> None:
    layouts = ("puppetfiles", "one-branch")
    for layout in layouts:
        own.cloud.run(
            "generate", "--layout", layout, "--control-repo", "https://git.example.net/control", "-o", layout
        )
        source = own.cloud.project / layout
        shutil.copytree(
            source / "production" if layout == "puppetfiles" else source, own.production, dirs_exist_ok=True
        )
        assert told(verify(own)) == []
    (own.production / "environment.conf").write_text("modulepath = elsewhere\n")
    (own.production / "Puppetfile").write_text("mod 'mine'\n")
    assert told(verify(own)) == []


def test_what_was_generated_from_another_lock(own: Site) -> None:
    own.cloud.run("generate", "-o", "old")
    old = own.cloud.run("id", "production").out.split()[-1]
    own.cloud.upstream("keystone").commit("stable/2025.1", version="26.0.1")
    own.cloud.run("update")
    new = own.cloud.run("id", "production").out.split()[-1]
    shutil.rmtree(own.server)
    check_out(own.cloud, "production", own.server)
    shutil.copytree(own.cloud.project / "old/production", own.production, dirs_exist_ok=True)
    result = verify(own)
    commit = own.cloud.lock("production")["modules"]["keystone"]["commit"]
    assert (result.code, told(result)) == (
        1,
        [
            (
                "deployed-generated",
                None,
                f"'Puppetfile' was made from another lock: module 'keystone': :ref is not '{commit}'",
            ),
            (
                "deployed-generated",
                None,
                f"'bin/config_version' was made from another lock: reports will contain {old} instead of {new}",
            ),
        ],
    )
    (own.production / "Puppetfile").unlink()
    (own.production / "bin/config_version").unlink()
    (own.production / "Puppetfile").symlink_to("Puppetfile")
    assert [code for code, _, _ in told(verify(own))] == ["deployed-unread"]


def test_what_was_generated_and_may_not_be_looked_at_leaves_the_answer_open(site: Site) -> None:
    (site.production / "bin").symlink_to("bin")
    result = verify(site)
    words = "'bin/config_version': this is a link that leads in a circle"
    assert (result.code, told(result)) == (3, [("deployed-unread", None, words)])


def test_no_such_directory(site: Site) -> None:
    result = site.cloud.run("verify", "--deployed", "nowhere")
    assert (result.code, result.err, site.server.is_dir()) == (
        2,
        "nowhere: the directory does not exist\n",
        True,
    )


def test_the_environment_instead_of_the_directory_above(site: Site) -> None:
    result = site.cloud.run("verify", "--deployed", str(site.server / "production"))
    assert (result.code, result.err) == (
        2,
        (
            f"{site.server}/production: this is one environment\n"
            f"  hint: name the directory that holds environments: {site.server}\n"
        ),
    )


def test_a_submodule_is_not_compared(own: Site) -> None:
    place = ["--git-dir", str(own.cloud.upstream("nova").path)]
    run_git(*place, "read-tree", "refs/heads/stable/2025.1")
    run_git(*place, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor/thing")
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org"]
    tree = run_git(*place, "write-tree")
    commit = run_git(*place, *who, "commit-tree", "-p", "refs/heads/stable/2025.1", "-m", "A submodule", tree)
    own.cloud.upstream("nova").move("refs/heads/stable/2025.1", commit)
    own.cloud.run("update")
    shutil.rmtree(own.server)
    check_out(own.cloud, "production", own.server)
    assert (own.nova / "vendor/thing").is_dir()
    assert told(verify(own)) == []
    (own.nova / "vendor/thing/file").touch()
    words = "module 'nova': 'vendor/thing' is a submodule, and its files were not compared"
    assert (verify(own).code, told(verify(own))) == (0, [("deployed-not-compared", "nova", words)])


def test_directories_that_cannot_be_listed(site: Site) -> None:
    shutil.rmtree(site.production / "modules")
    (site.production / "modules").symlink_to("modules")
    result = verify(site)
    assert result.code == 3
    assert told(result)[-1] == (
        "deployed-unread",
        None,
        f"{site.production}/modules cannot be read: too many levels of symbolic links",
    )
    shutil.rmtree(site.production)
    site.production.symlink_to("production")
    result = verify(site)
    assert result.code == 3
    assert {code for code, _, _ in told(result)} == {"deployed-unread"}
    site.production.unlink()
    (site.cloud.root / "loop").symlink_to("loop")
    result = site.cloud.run("verify", "--deployed", "../loop")
    assert (result.code, result.err) == (
        3,
        "../loop: the directory cannot be read: Too many levels of symbolic links\n",
    )
    (site.cloud.root / "loop").unlink()


@pytest.mark.parametrize(
    ("options", "verb"), [(("--accept-moved", "nova"), "concerns"), (("--isolation",), "checks")]
)
def test_options_that_make_no_sense_together(site: Site, options: tuple[str, ...], verb: str) -> None:
    result = site.cloud.run("verify", "--deployed", str(site.server), *options)
    assert result.code == 2
    assert f"Error: {options[0]} {verb} " in result.err


def test_findings_can_be_silenced(own: Site) -> None:
    (own.nova / "manifests/init.pp").write_text("")
    assert verify(own, "--ignore", "deployed-changed:nova").code == 0
    assert verify(own, "--ignore", "deployed-changed:keystone").code == 1
    own.cloud.manifest("production", f"{MANIFEST}findings: {{ignore: [deployed-changed]}}\n")
    assert told(verify(own)) == []


def test_modules_elsewhere_and_of_the_forge(own: Site) -> None:
    own.cloud.manifest(
        "production",
        "modules:\n"
        '  keystone: {git: "https://opendev.org/openstack/puppet-keystone", branch: stable/2025.1, install_path: site}\n'
        '  hieradata: {git: "https://opendev.org/openstack/puppet-nova", branch: stable/2025.1, install_path: ., module: false}\n'
        "  facts: {forge: acme/facts, version: 1.2.3}\n",
    )
    result = own.cloud.run("lock")
    assert result.code == 0, result
    place = own.production
    shutil.rmtree(place)
    (place / "modules/facts").mkdir(parents=True)
    (place / "modules/facts/metadata.json").write_text('{"name": "acme-facts", "version": "1.2.3"}')
    for path, upstream in (("site/keystone", "keystone"), ("hieradata", "nova")):
        source = str(own.cloud.upstream(upstream).path)
        run_git("clone", "--quiet", "--branch", "stable/2025.1", source, str(place / path))
    (place / "site/stranger").mkdir()
    assert [(code, module) for code, module, _ in told(verify(own))] == [
        ("deployed-not-compared", "facts"),
        ("deployed-unknown-module", "stranger"),
    ]
    (place / "modules/facts/metadata.json").write_text('{"name": "acme-facts", "version": "1.2.4"}')
    assert told(verify(own))[0] == (
        "deployed-other-version",
        "facts",
        "module 'facts': it is at 1.2.4, locked is 1.2.3",
    )
    (place / "modules/facts/metadata.json").unlink()
    assert told(verify(own))[0][0] == "deployed-unread"
