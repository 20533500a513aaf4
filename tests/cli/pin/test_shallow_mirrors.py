"""A place to fetch from that is a shallow clone: its tips can be pinned, and its missing history is never taken for "no"."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cloud import NO_CONFIG, Cloud, Upstream
from tests.support.exports import export
from tests.support.findings import codes, verify

NET = "{git: 'https://git.example.net/net', branch: main"


@dataclass(frozen=True)
class Shallow:
    """A project that fetches from `place`, a shallow mirror of the repository `real`; `commits` of that, oldest first."""

    cloud: Cloud
    real: Upstream
    place: Path
    commits: tuple[str, ...]

    def advance(self, version: str) -> str:
        made = self.real.commit("main", version=version, name="acme-net")
        self.git("fetch", "--quiet", "--depth=1", "origin")
        return made

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.place), *arguments],
            capture_output=True,
            check=True,
            env={**os.environ, **NO_CONFIG},
            text=True,
        )
        return done.stdout.strip()

    def pinned(self, environment: str = "lab") -> str:
        return str(self.cloud.lock(environment)["modules"]["net"]["commit"])


@pytest.fixture
def shallow(cloud: Cloud) -> Shallow:
    real = cloud.upstream("net", owner="real", repository="net")
    commits = [real.commit("main", version=f"1.{number}.0", name="acme-net") for number in range(4)]
    place = cloud.root / "upstreams" / "private" / "net"
    place.parent.mkdir()
    made = Shallow(cloud, real, place, tuple(commits))
    words = [
        "git",
        "clone",
        "--quiet",
        "--mirror",
        "--depth=1",
        "--no-single-branch",
        f"file://{real.path}",
        str(place),
    ]
    subprocess.run(words, check=True, env={**os.environ, **NO_CONFIG})
    cloud.manifest("lab", f"modules:\n  net: {NET}}}\n")
    assert cloud.run("lock", "lab").code == 0
    return made


def test_it_moves_with_the_place(shallow: Shallow) -> None:
    for version in ("1.4.0", "1.5.0"):
        tip = shallow.advance(version)
        assert shallow.cloud.run("update", "lab").code == 0
        assert (shallow.pinned(), shallow.cloud.lock("lab")["modules"]["net"]["version"]) == (tip, version)
    assert verify(shallow.cloud, "lab").code == 0


def test_whether_the_branch_was_rewritten_could_not_be_determined(shallow: Shallow) -> None:
    shallow.advance("1.4.0")
    result = verify(shallow.cloud, "lab")
    assert (result.code, codes(result, "lab")) == (3, [("history-shallow", "net")])
    status = shallow.cloud.run("status", "lab", "--format", "json").json["environments"][0]["modules"][0]
    assert status["behind"] is None


def test_a_day_before_the_history_that_is_there_could_not_be_determined(shallow: Shallow) -> None:
    day = shallow.real.git("show", "--no-patch", "--date=format-local:%Y-%m-%d", "--format=%cd", "main~2")
    shallow.cloud.manifest("then", f"modules:\n  net: {NET}, as_of: {day}}}\n")
    result = shallow.cloud.run("lock", "then")
    assert result.code == 3
    assert "is shallow" in result.out + result.err
    assert not shallow.cloud.lock_path("then").exists()


def test_a_day_that_the_history_reaches_is_answered(shallow: Shallow) -> None:
    shallow.cloud.manifest("then", f"modules:\n  net: {NET}, as_of: 2030-01-01}}\n")
    assert shallow.cloud.run("lock", "then").code == 0
    assert shallow.pinned("then") == shallow.commits[-1]


def test_an_older_commit_is_not_reported_as_in_no_environment(shallow: Shallow) -> None:
    result = shallow.cloud.run("find", shallow.commits[0], "lab")
    assert result.code == 3
    assert "is shallow: its older commits could not be searched" in result.err


def test_a_bisection_between_its_tips_could_not_be_determined(shallow: Shallow) -> None:
    lock = shallow.cloud.lock_path("lab").read_bytes()
    shallow.advance("1.4.0")
    shallow.cloud.run("update", "lab")
    old = shallow.cloud.project / "old.lock"
    old.write_bytes(lock)
    result = shallow.cloud.run(
        "bisect", "old.lock", "lab", "--", "mkdir", str(shallow.cloud.root / "made-once")
    )
    assert result.code == 3, result.err
    row = shallow.cloud.run("diff", "old.lock", "lab", "--format", "json").json["modules"][0]
    assert (row["change"], row["ahead"], row["behind"]) == ("moved", None, None)


def test_once_the_place_is_whole_everything_is_answered(shallow: Shallow) -> None:
    shallow.advance("1.4.0")
    shallow.git("fetch", "--quiet", "--unshallow", "origin")
    result = verify(shallow.cloud, "lab")
    assert (result.code, codes(result, "lab")) == (0, [])
    assert shallow.cloud.run("find", shallow.commits[0], "lab").code == 0


def test_a_place_that_became_shallow_is_followed(cloud: Cloud) -> None:
    real = cloud.upstream("net", owner="private", repository="net")
    for version in ("1.0.0", "1.1.0"):
        real.commit("main", version=version, name="acme-net")
    cloud.manifest("lab", f"modules:\n  net: {NET}}}\n")
    assert cloud.run("lock", "lab").code == 0
    copy = cloud.root / "copy"
    tip = real.commit("main", version="1.2.0", name="acme-net")
    words = [
        "git",
        "clone",
        "--quiet",
        "--mirror",
        "--depth=1",
        "--no-single-branch",
        f"file://{real.path}",
        str(copy),
    ]
    subprocess.run(words, check=True, env={**os.environ, **NO_CONFIG})
    real.path.rename(cloud.root / "away")
    copy.rename(real.path)
    assert cloud.run("update", "lab").code == 0
    assert cloud.lock("lab")["modules"]["net"]["commit"] == tip


def test_a_copy_of_a_commit_that_is_missing_there_could_not_be_identified(
    shallow: Shallow, modules: Path
) -> None:
    export(shallow.real, shallow.commits[0], modules / "net")
    (modules / "net" / "manifests" / "init.pp").write_text(f"class net {{\n{'  # mine' * 9}\n}}\n")
    result = shallow.cloud.run("identify", str(modules), "--against", "https://git.example.net/net")
    assert result.code == 3
    assert result.err == (
        "checked 1 repository\n"
        "the place https://git.example.net/net is fetched from is shallow: its older commits could not be searched\n"
        "  hint: fetch the whole history there ('git fetch --unshallow'), or change `rewrite` in pinner.yaml\n"
    )


def test_a_copy_that_claims_the_version_of_a_tag_is_identified_without_counting_commits(
    shallow: Shallow, modules: Path
) -> None:
    shallow.real.tag("1.0.0", shallow.commits[0])
    shallow.git("fetch", "--quiet", "--depth=1", "origin", "refs/tags/*:refs/tags/*")
    copy = export(shallow.real, shallow.commits[3], modules / "net")
    metadata = copy / "metadata.json"
    metadata.write_text(metadata.read_text().replace("1.3.0", "1.0.0"))
    result = shallow.cloud.run("identify", str(modules), "--against", "https://git.example.net/net")
    assert "its metadata has version 1.0.0, but this is not the tag 1.0.0\n" in result.out
