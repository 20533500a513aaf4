"""Links to anywhere, devices, pipes, sockets and directories in each place where a project's file is read or written."""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.control import lock_two
from tests.support.odd_files import KINDS, put
from tests.support.prepared import Prepared

SECRET = "SECRET-OF-THE-USER"  # noqa: S105 - what no message may hold
REPOSITORY = "ssh://git@git.example.net/puppet/control"
INTO_GIT = ("git-file", "git-new", "git-directory")
INSIDE = "leads out of", "into a git directory", "in a circle", "not a regular file"


@pytest.fixture(autouse=True)
def _no_test_waits_for_ever() -> Iterator[None]:
    def fail(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def locked(cloud: Cloud, prepared: Prepared) -> Cloud:
    """Production and staging, locked, in a git repository, with a secret beside the project."""
    return prepared(cloud, lock_beside_a_secret)


def lock_beside_a_secret(cloud: Cloud) -> None:
    lock_two(cloud)
    (cloud.root / "secret").write_text(SECRET)
    (cloud.root / "outside").mkdir()
    subprocess.run(["git", "init", "--quiet", "--template="], cwd=cloud.project, check=True)
    (cloud.project / ".git/hooks").mkdir()
    (cloud.project / ".git/config").write_text(f"[http]\n\textraheader = {SECRET}\n")


def lay(cloud: Cloud, path: Path, kind: str) -> None:
    """Replace what is at the path by something odd."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    git = cloud.project / ".git"
    targets = {"git-file": git / "config", "git-new": git / "new", "git-directory": git / "hooks"}
    if kind in targets:
        path.symlink_to(targets[kind])
    else:
        put(path, kind, cloud.root / "secret")


def state(cloud: Cloud) -> dict[str, tuple[bytes, int]]:
    """Return content and mode of everything that is not pinner's to change."""
    paths = [
        cloud.root / "secret",
        *(cloud.root / "outside").rglob("*"),
        *(cloud.project / ".git").rglob("*"),
    ]
    return {str(path): (path.read_bytes(), path.stat().st_mode) for path in paths if path.is_file()}


def check_refused(result: Result, path: str, what: str) -> None:
    assert result.code == 2, (what, result)
    assert SECRET not in result.out + result.err, what
    assert f"{path}: this is " in result.err, (what, result.err)
    assert any(words in result.err for words in INSIDE), (what, result.err)
    assert "\n  hint: put a " in result.err, (what, result.err)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("pinner.yaml", ("lock", "--check", "--offline")),
        ("environments/production.yaml", ("status",)),
        ("environments/production.yaml", ("generate", "production")),
        ("environments/production.lock", ("lock", "--check", "--offline")),
        ("environments/production.lock", ("lock", "--offline")),
        ("environments/production.lock", ("id",)),
        ("environments/production.lock", ("verify", "--offline")),
        ("environments/production.lock", ("diff", "environments/production.lock", "staging", "--offline")),
        ("environments", ("generate", "production")),
        ("Puppetfile.templates/default.j2", ("generate", "--stdout", "production")),
        ("Puppetfile.templates", ("generate", "--stdout", "production")),
    ],
)
def test_what_is_odd_is_not_read(locked: Cloud, path: str, command: tuple[str, ...]) -> None:
    is_directory = "." not in Path(path).name or path.endswith("templates")
    place = locked.project / path
    kept = locked.root / "kept"
    if place.exists():
        place.rename(kept)
    for kind in (*KINDS, *INTO_GIT):
        if is_directory and kind == "directory":
            continue
        lay(locked, place, kind)
        before = state(locked)
        result = locked.run(*command)
        assert result.code in {2, 3}, (kind, result)
        assert SECRET not in result.out + result.err, kind
        assert state(locked) == before
        if not is_directory and "no lock found at" not in result.err:
            check_refused(result, path, kind)
    lay(locked, place, "directory")
    place.rmdir()
    if kept.exists():
        kept.rename(place)
        assert locked.run(*command).code in {0, 1}


def test_a_huge_file_is_not_read(locked: Cloud) -> None:
    for path in (
        "environments/production.yaml",
        "environments/production.lock",
        "Puppetfile.templates/default.j2",
    ):
        place = locked.project / path
        place.parent.mkdir(exist_ok=True)
        before = place.read_bytes() if place.exists() else b""
        with place.open("wb") as file:
            file.truncate(1 << 40)
        result = locked.run("generate")
        assert (result.code, "the file is longer than" in result.err) == (2, True), result
        place.write_bytes(before)


@pytest.mark.parametrize(
    "word", ["include 'part'", "import 'part' as part", "extends 'part'", "from 'part' import x"]
)
def test_a_template_includes_nothing_odd(locked: Cloud, word: str) -> None:
    templates = locked.project / "Puppetfile.templates"
    templates.mkdir()
    (templates / "default.j2").write_text(f"# {{{{ header }}}}\n{{% {word} %}}\n")
    for kind in (*KINDS, *INTO_GIT):
        lay(locked, templates / "part", kind)
        result = locked.run("generate", "--stdout", "production")
        assert (result.code, SECRET in result.out + result.err) == (2, False), (kind, result)
        assert result.err.startswith(
            "Puppetfile.templates/default.j2:2: this template fails: Puppetfile.templates/part: this is "
        ), (kind, result.err)


@pytest.mark.parametrize(
    "name", ["../pinner.yaml", "/etc/passwd", "a/../../pinner.yaml", "part\\0", "", ".", "a" * 300]
)
def test_a_template_includes_only_what_is_beside_it(locked: Cloud, name: str) -> None:
    templates = locked.project / "Puppetfile.templates"
    templates.mkdir()
    (templates / "default.j2").write_text(f"# {{{{ header }}}}\n{{% include '{name}' %}}\n")
    result = locked.run("generate", "--stdout", "production")
    assert result.code == 2
    assert result.err.startswith("Puppetfile.templates/default.j2:2: this template fails: ")


def test_templates_include_files_links_inside_and_directories(locked: Cloud) -> None:
    built_in = locked.run("generate", "--stdout", "production").out
    templates = locked.project / "Puppetfile.templates"
    (templates / "deep").mkdir(parents=True)
    shipped = Path(__file__).resolve().parents[2] / "Puppetfile.templates/default.j2"
    (locked.project / "shared.j2").write_text(shipped.read_text())
    (templates / "deep/part").symlink_to("../../shared.j2")
    (templates / "default.j2").write_text("{% include 'deep/part' %}")
    assert locked.run("generate", "--stdout", "production").out == built_in


WRITTEN = {
    "puppetfiles": [
        "puppetfiles/production/Puppetfile",
        "puppetfiles/production/environment.conf",
        "puppetfiles/production/bin/config_version",
        "puppetfiles/production/bin",
        "puppetfiles/production",
        "puppetfiles",
    ],
    "one-branch": [
        "control/Puppetfile.production",
        "control/lock_ids/production",
        "control/environments.d",
        "control",
    ],
    "exec": ["control/r10k-environments", "control/bin/config_version", "control"],
}


@pytest.mark.parametrize(
    ("layout", "path"), [(layout, path) for layout, paths in WRITTEN.items() for path in paths]
)
def test_nothing_is_written_or_compared_through_what_is_odd(locked: Cloud, layout: str, path: str) -> None:
    command = ("generate", "--layout", layout, "--control-repo", REPOSITORY)
    assert locked.run(*command).code == 0
    is_directory = (locked.project / path).is_dir()
    for kind in (*KINDS, *INTO_GIT):
        if is_directory and kind == "directory":
            continue
        lay(locked, locked.project / path, kind)
        before = state(locked)
        for more in ((), ("--check",), ("--force",), ("production",)):
            result = locked.run(*command, *more)
            assert (result.code, SECRET in result.out + result.err) == (2, False), (kind, more, result)
            assert state(locked) == before, (kind, more)
            if not is_directory:
                check_refused(result, path, kind)
    lay(locked, locked.project / path, "directory")
    (locked.project / path).rmdir()
    assert locked.run(*command).code == 0
    assert locked.run(*command, "--check").code == 0


def test_a_huge_file_in_the_place_of_a_generated_one_is_somebody_elses(locked: Cloud) -> None:
    place = locked.project / "puppetfiles/production/Puppetfile"
    place.parent.mkdir(parents=True)
    with place.open("wb") as file:
        file.truncate(1 << 40)
    assert locked.run("generate", "--check").code == 1
    refused = locked.run("generate")
    assert (refused.code, "was not written by pinner" in refused.err) == (2, True)
    assert locked.run("generate", "--force").code == 0
    assert place.stat().st_size < 10_000


@pytest.mark.parametrize("kind", [*KINDS, *INTO_GIT])
def test_what_is_odd_is_of_no_environment_that_is_gone(locked: Cloud, kind: str) -> None:
    lay(locked, locked.project / "puppetfiles/gone/Puppetfile", kind)
    result = locked.run("generate")
    assert (result.code, result.err) == (0, "")


def test_another_name_of_a_generated_file_is_left_alone(locked: Cloud) -> None:
    locked.run("generate")
    program = locked.project / "puppetfiles/production/bin/config_version"
    other = locked.root / "outside/other"
    other.hardlink_to(program)
    other.chmod(0o600)
    assert locked.run("generate").code == 0
    assert other.stat().st_mode & 0o777 == 0o600
    assert program.stat().st_mode & 0o777 == 0o755


def test_directories_that_the_user_names_may_be_anywhere(locked: Cloud) -> None:
    (locked.root / "link").symlink_to("outside")
    for directory in (
        "../new/deep",
        str(locked.root / "absolute"),
        "../outside",
        "../link",
        "inside",
        "./in/side",
    ):
        assert locked.run("generate", "-o", directory).code == 0, directory
        assert locked.run("generate", "-o", directory, "--check").code == 0, directory
        assert (locked.project / directory / "production/Puppetfile").is_file()
    with contextlib.chdir(locked.project / "environments"):
        assert locked.run("generate", "-o", ".").code == 0


@pytest.mark.parametrize(
    "directory", ["x", "./x", "{project}/x", "../project/x", "environments/../x/y", "{link}/x"]
)
def test_a_link_of_the_project_is_not_followed_out_of_it_by_any_name(locked: Cloud, directory: str) -> None:
    (locked.root / "link").symlink_to("project")
    (locked.project / "x").symlink_to("../outside")
    named = directory.format(project=locked.project, link=locked.root / "link")
    for more in ((), ("--check",), ("--force",)):
        result = locked.run("generate", "-o", named, *more)
        assert (result.code, "this is a link that leads out of the project" in result.err) == (2, True), (
            result
        )
    assert not list((locked.root / "outside").iterdir())


def test_a_directory_elsewhere_has_no_links_out_of_it_either(locked: Cloud) -> None:
    elsewhere = locked.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "production").symlink_to("../outside")
    result = locked.run("generate", "-o", str(elsewhere))
    assert result.code == 2
    assert result.err.startswith(f"{elsewhere}/production: this is a link that leads out of {elsewhere}\n")
    assert not list((locked.root / "outside").iterdir())


def test_links_that_stay_inside_go_on_working(locked: Cloud) -> None:
    project = locked.project
    (project / "environments").rename(project / "envs")
    (project / "environments").symlink_to("envs")
    (project / "envs/production.yaml").rename(project / "production.yaml")
    (project / "envs/production.yaml").symlink_to("../production.yaml")
    (project / "envs/production.lock").rename(project / "production.lock")
    (project / "envs/production.lock").symlink_to("../production.lock")
    (project / "generated").mkdir()
    (project / "puppetfiles").symlink_to(project / "generated")
    locked.upstream("nova").commit("stable/2024.1", version="24.0.1")
    before = (project / "production.lock").read_bytes()
    for command in (("update",), ("lock", "--check"), ("generate",), ("generate", "--check"), ("status",)):
        assert locked.run(*command).code == 0, command
    assert (project / "production.lock").read_bytes() != before
    assert (project / "envs/production.lock").is_symlink()
    assert (project / "generated/production/Puppetfile").is_file()


@pytest.mark.parametrize("kind", [*KINDS, *INTO_GIT])
def test_import_writes_over_nothing_odd(locked: Cloud, kind: str) -> None:
    source = locked.root / "Puppetfile"
    source.write_text(
        "mod 'nova', :git => 'https://opendev.org/openstack/puppet-nova', :ref => 'stable/2025.1'\n"
    )
    for path in ("environments/x.yaml", "environments"):
        if (path, kind) == ("environments", "directory"):
            continue
        shutil.rmtree(locked.project / "environments") if path == "environments" else None
        lay(locked, locked.project / path, kind)
        before = state(locked)
        result = locked.run("import", str(source), "--as", "x", "--force", "--offline")
        assert result.code == 2, (path, result)
        assert state(locked) == before


ORDINARY = "nova::enabled: true\n"


@pytest.mark.parametrize("option", ["--hiera", "--code"])
@pytest.mark.parametrize("kind", [*KINDS, "git-file"])
def test_data_and_code_are_reported_and_never_waited_for(locked: Cloud, option: str, kind: str) -> None:
    name, content = ("x.yaml", ORDINARY) if option == "--hiera" else ("x.pp", "include nova\n")
    directory = locked.root / "elsewhere"
    directory.mkdir()
    (directory / f"ordinary{name[1:]}").write_text(content)
    lay(locked, directory / name, kind)
    result = locked.run("audit", "staging", option, str(directory), "--offline")
    assert result.code in {0, 1, 2, 3}
    assert SECRET not in result.out + result.err
    if kind != "directory":
        assert f"{directory}/{name}" in result.out + result.err, result


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "staging", "--hiera", "loop"),
        ("audit", "staging", "--code", "loop"),
        ("verify", "--deployed", "loop"),
        ("identify", "loop"),
        ("import", "loop"),
        ("api", "loop"),
        ("-C", "loop", "status"),
        ("-C", "loop", "init"),
        ("generate", "-o", "loop/x"),
        ("demo", "loop"),
        ("diff", "loop.lock", "staging"),
        ("id", "--from-report", "loop"),
        ("publish", "--control-repo", "loop", "--dry-run"),
    ],
)
def test_a_circle_that_the_user_names_is_no_bug(locked: Cloud, command: tuple[str, ...]) -> None:
    for name in ("loop", "loop.lock"):
        (locked.project / name).symlink_to(name)
    result = locked.run(*command)
    assert result.code in {2, 3}, result
    assert "Traceback" not in result.err


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"link", "dangling"}])
def test_a_report_or_lock_that_is_no_file_is_refused(locked: Cloud, kind: str) -> None:
    for name, command in {
        "x.lock": lambda path: ("diff", path, "staging", "--offline"),
        "report": lambda path: ("id", "--from-report", path),
    }.items():
        lay(locked, locked.root / name, kind)
        use: Callable[[str], tuple[str, ...]] = command
        result = locked.run(*use(str(locked.root / name)))
        assert result.code == 2, (name, result)
