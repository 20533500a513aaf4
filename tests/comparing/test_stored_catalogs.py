"""A second preview compiles nothing that the first one did, shows the same, and has no secret in its cache.

Without the cache, it compiles each node again: here in two shards, whose reports put together are that of the first run.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from pinner.cli.workspace import open_workspace
from pinner.comparing.stored_catalogs import CatalogStore
from tests.comparing.test_compile import CONTROL, NOVA
from tests.comparing.test_preview import AFTER, BEFORE, DB, DB_AFTER, SECRETS, write_facts
from tests.support.cloud import Cloud, Result
from tests.support.oracles import find_tool
from tests.support.toy_estate import write_files

API = [f"api{number}.example.org" for number in (1, 2, 3)]
NODES = {*API, "broken1.example.org", "lost1.example.org"}
KINDS = {"api1.example.org", "broken1.example.org", "lost1.example.org"}
"""The first node of each kind, which is compiled twice."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run printed, the nodes that it compiled in each environment, and how often it started the compiler."""

    result: Result
    compiled: dict[str, list[str]]
    starts: int


class Watched:
    """A project whose site manifest adds a line to a file for each compilation, and whose Ruby does for each start."""

    def __init__(self, root: Path) -> None:
        self.cloud = Cloud(root)
        self.lines, self.starts, self.ruby = root / "lines", root / "starts", root / "ruby"
        nova = self.cloud.upstream("nova")
        old = {**NOVA, "manifests/init.pp": BEFORE, "manifests/db.pp": DB}
        new = {**old, "manifests/init.pp": AFTER, "manifests/db.pp": DB_AFTER}
        lax = {
            **old,
            "manifests/init.pp": BEFORE.replace("Sensitive('moved-six-six')", "'moved-six-six'"),
        }
        near = {**old, "manifests/init.pp": BEFORE.replace("value => 'ssh'", "value => 'tcp'")}
        for tag, files in (("1.0.0", old), ("2.0.0", new), ("3.0.0", lax), ("4.0.0", near)):
            nova.tag(tag, nova.commit("master", files=files))
        line = f"echo ${{environment}} ${{trusted['certname']}} >> {self.lines}"
        manifest = f"$done = generate('/bin/sh', '-c', \"{line}\")\n{CONTROL['manifests/site.pp']}"
        site = {
            "manifests/site.pp": manifest,
            "site/role/manifests/api.pp": "class role::api { include nova }\n",
        }
        write_files(root / "control", CONTROL | site)
        for number, name in enumerate(API):
            write_facts(root / "facts", name, "api", f"192.0.2.{number}")
        write_facts(root / "facts", "broken1.example.org", "broken", "192.0.2.9", fails=True)
        write_facts(root / "facts", "lost1.example.org", "lost", "192.0.2.7")
        self.ruby.write_text(f'#!/bin/sh\necho "$*" >> {self.starts}\nexec ruby "$@"\n')
        self.ruby.chmod(0o755)
        self.lock("production", "1.0.0")
        self.lock("staging", "2.0.0")

    def lock(self, environment: str, tag: str) -> None:
        source = "https://opendev.org/openstack/puppet-nova"
        manifest = f"modules:\n  nova: {{git: '{source}', tag: {tag}}}\n"
        self.cloud.project.joinpath(f"environments/{environment}.yaml").write_text(manifest)
        assert self.cloud.run("lock").code == 0

    def preview(self, *more: str) -> Run:
        for path in (self.lines, self.starts):
            path.write_text("")
        root = self.cloud.root
        words = ("--nodes", str(root / "facts"), "--control", str(root / "control"), "--ruby", str(self.ruby))
        result = self.cloud.run(
            "preview", "production", "staging", *words, "--sandbox", "none", "--format", "json", *more
        )
        assert result.code in {0, 1}, result.err
        lines = [line.split() for line in self.lines.read_text().splitlines()]
        found = {
            name: sorted(node for one, node in lines if one == name) for name in {name for name, _ in lines}
        }
        starts = [line for line in self.starts.read_text().splitlines() if "compile.rb" in line]
        return Run(result, found, len(starts))

    @property
    def cache(self) -> Path:
        (path,) = self.cloud.root.rglob("catalogs/memory.sqlite")
        return path


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    find_tool("puppet", "puppet-agent")
    watched = Watched(tmp_path_factory.mktemp("cloud"))
    broken = "class role::broken { include nova }\n"
    write_files(watched.cloud.root / "control", {"site/role/manifests/broken.pp": broken})
    return watched


@pytest.fixture(scope="module")
def runs(watched: Watched) -> dict[str, Run]:
    """Runs after each other, by what came before them."""
    runs = {"nothing": watched.preview(), "the same": watched.preview("-v")}
    key = watched.cloud.root / "key"
    key.write_text(CatalogStore(open_workspace(str(watched.cloud.project))).key)
    for number in (1, 2):
        runs[f"shard {number}"] = watched.preview("--no-cache", "--key", str(key), "--shard", f"{number}/2")
    content = watched.cache.read_bytes()
    assert content.count(b"python3-nova") > 0
    watched.cache.write_bytes(content.replace(b"python3-nova", b"python4-nova"))
    runs["damage"] = watched.preview()
    watched.lock("staging", "3.0.0")
    runs["another lock"] = watched.preview()
    runs["another lock, the same"] = watched.preview()
    return runs


def test_the_first_run_compiles_each_node_and_one_of_each_kind_twice(runs: dict[str, Run]) -> None:
    for compiled in runs["nothing"].compiled.values():
        assert set(compiled) == NODES
        assert {name for name in NODES if compiled.count(name) > 1} == KINDS
    assert runs["nothing"].starts == 2


def test_the_same_again_compiles_nothing_and_shows_the_same(runs: dict[str, Run]) -> None:
    first, again = runs["nothing"], runs["the same"]
    assert (again.compiled, again.starts) == ({}, 0)
    assert again.result.out == first.result.out
    assert "10 of 10 catalogs compiled before with the same inputs" in again.result.err


def test_without_the_cache_all_is_compiled_each_node_in_one_shard(runs: dict[str, Run]) -> None:
    for environment in ("production", "staging"):
        one, other = (set(runs[f"shard {number}"].compiled[environment]) for number in (1, 2))
        assert one
        assert other
        assert (one | other, one & other) == (NODES, set())


def test_merged_shards_are_the_whole_run(runs: dict[str, Run], watched: Watched, tmp_path: Path) -> None:
    names = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    for number, name in enumerate(names, 1):
        Path(name).write_text(runs[f"shard {number}"].result.out)
    merged = watched.cloud.run("preview", "--merge", *names, "--format", "json")
    assert (merged.code, merged.json) == (1, runs["nothing"].result.json)
    wrong = watched.cloud.run("preview", "--merge", names[0])
    assert (wrong.code, "shard 2/2 is missing" in wrong.err) == (2, True)


def test_a_damaged_row_is_compiled_again(runs: dict[str, Run]) -> None:
    """Each catalog has its own list of rows; those that share the damaged ones are not whole."""
    assert set(runs["damage"].compiled["production"]) >= set(API)
    assert "lost1.example.org" not in runs["damage"].compiled["production"]
    assert runs["damage"].result.out == runs["nothing"].result.out


def test_another_lock_leaves_the_other_side(runs: dict[str, Run]) -> None:
    """The new lock no longer marks a secret, so that its value must be had from one node of the old lock."""
    compiled = runs["another lock"].compiled
    assert set(compiled["staging"]) == NODES
    assert len(compiled["production"]) == 1
    assert (runs["another lock, the same"].compiled, runs["another lock, the same"].starts) == ({}, 0)
    assert runs["another lock, the same"].result.out == runs["another lock"].result.out


def test_a_secret_that_only_the_stored_side_marks_is_masked(runs: dict[str, Run]) -> None:
    shown = runs["another lock"].result.out
    assert "moved-six-six" not in shown
    changes = json.loads(shown)["changes"]
    (change,) = (one for one in changes if one["title"] == "six/moved")
    assert (change["secret"], change["effect"], change["old"]) == (True, "bookkeeping", change["new"])


@pytest.mark.parametrize("place", SECRETS)
def test_no_secret_is_in_the_cache(runs: dict[str, Run], watched: Watched, place: str) -> None:
    assert runs
    contents = {path: path.read_bytes() for path in watched.cache.parent.iterdir() if path.is_file()}
    assert any(b"libvirt/scheme" in content for content in contents.values())
    for path, content in contents.items():
        assert path.stat().st_mode & 0o077 == 0
        assert SECRETS[place].encode() not in content
        assert json.dumps(SECRETS[place])[1:-1].encode() not in content


def test_a_lock_with_the_same_secrets_compiles_one_side_only(watched: Watched, runs: dict[str, Run]) -> None:
    assert runs
    watched.lock("staging", "4.0.0")
    assert set(watched.preview().compiled) == {"staging"}
