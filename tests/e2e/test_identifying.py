"""Real modules as Debian installs them, without history, and the commits that they are: the truth is known otherwise.

git itself compares the directories (`git diff --no-index`), and knows nothing of pinner's indexes.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support import debian_modules
from tests.support.debian_modules import DebianModule, download_upstream
from tests.support.debian_upstreams import commit_modules
from tests.support.repositories import Repository, run_git
from tests.support.sites import Site

pytestmark = pytest.mark.e2e
Modules = Mapping[str, tuple[DebianModule, ...]]
SOURCES = "trixie"
READ = (
    "manifests",
    "lib",
    "templates",
    "files",
    "functions",
    "types",
    "tasks",
    "plans",
    "facts.d",
    "locales",
    "data",
)


def start(root: Path, upstreams: Path) -> Site:
    """Return a site whose project fetches everything from below `upstreams`."""
    site = Site(root)
    rows = "".join(f'  "https://{host.name}/": "{host}/"\n' for host in sorted(upstreams.iterdir()))
    site.write("project/pinner.yaml", f"rewrite:\n{rows}cache: ../cache\n")
    return site


def identify(site: Site, directory: Path) -> dict[str, Any]:
    """Return what is said of each module, by directory."""
    words = ("identify", str(directory), "--format", "json")
    told = json.loads(site.pinner(*words, cwd=site.root / "project", expect=None))
    return {row["directory"]: row for row in told["modules"]}


def installed(modules: Iterable[DebianModule]) -> Path:
    """Return the directory that the modules of one suite lie in."""
    return next(iter(modules)).path.parent


def differing(before: Path, after: Path) -> dict[str, tuple[str, str]]:
    """Return path to the lines added and removed from one directory to the other, as git counts them."""
    options = ["--no-index", "--numstat", "--no-renames", "-z"]
    out = run_git("diff", *options, "--", str(before), str(after), check=False)
    fields = iter(out.split("\0"))
    found = {}
    for field in (field for field in fields if field):
        added, removed, _ = field.split("\t")
        sides = next(fields), next(fields)
        path = next(
            side.removeprefix(f"{root}/")
            for side, root in zip(sides, (before, after), strict=True)
            if side != "/dev/null"
        )
        found[path] = added, removed
    return found


def named(differences: Mapping[str, Any]) -> set[str]:
    """Return all paths that were said to differ."""
    rows = (row["path"] for kind in ("changed", "only_here", "only_there") for row in differences[kind])
    return {
        *rows,
        *(path for kind in ("dropped", "left_by_tools", "line_ends", "modes") for path in differences[kind]),
    }


def test_every_module_of_every_suite_is_found_among_the_versions_of_all(
    modules: Modules, tmp_path: Path
) -> None:
    upstreams = tmp_path / "upstreams"
    commit_modules(upstreams, modules)
    site = start(tmp_path, upstreams)
    for suite, packaged in modules.items():
        found = identify(site, installed(packaged))
        for module in packaged:
            identity = found[module.path.name]["identity"]
            if is_hidden(module, modules):
                continue
            assert found[module.path.name]["match"] == "exact", (suite, module.name)
            repository = Repository(upstreams / f"{identity['git'].partition('://')[2]}.git")
            tree = repository.git("rev-parse", f"{identity['commit']}^{{tree}}")
            assert tree == tree_of(module.path, tmp_path / "scratch")
            assert identity["wrong_claim"] is None, (suite, module.name)


def is_hidden(module: DebianModule, modules: Modules) -> bool:
    """Tell whether an older suite has the same version of a third-party module, which then has the tag."""
    suites = list(modules)
    older = (other for suite in suites[: suites.index(module.suite)] for other in modules[suite])
    return module.owner != "openstack" and any(
        (other.name, other.version) == (module.name, module.version) for other in older
    )


def tree_of(directory: Path, scratch: Path) -> str:
    """Return the id of the tree that git makes of a directory."""
    shutil.rmtree(scratch, ignore_errors=True)
    run_git("init", "--quiet", "--bare", "--template=", str(scratch))
    place = [f"--git-dir={scratch}", f"--work-tree={directory}"]
    run_git(*place, "-C", str(directory), "add", "--force", "--all", ".")
    return run_git(*place, "write-tree")


def test_a_suite_that_no_repository_has_comes_near_to_the_right_neighbour(
    modules: Modules, tmp_path: Path
) -> None:
    suite, *others = list(modules)[1:2] + [name for name in modules if name != list(modules)[1]]
    upstreams = tmp_path / "upstreams"
    commit_modules(upstreams, {name: modules[name] for name in others})
    found = identify(start(tmp_path, upstreams), installed(modules[suite]))
    sure = 0
    for module in modules[suite]:
        row = found[module.path.name]
        neighbours = [other for name in others for other in modules[name] if other.name == module.name]
        taken_away = set.intersection(*(files_of(one.path) for one in neighbours)) - files_of(module.path)
        lines = {other.suite: distance(other.path, module.path, taken_away) for other in neighbours}
        if row["match"] == "unknown":
            assert 2 * min(lines.values()) > sum(map(length, files_read(module.path))), module.name
            continue
        sure += 1
        message = Repository(upstreams / f"{row['identity']['git'].partition('://')[2]}.git").git(
            "log", "-1", "--format=%s", row["identity"]["commit"]
        )
        taken = message.rpartition(" as in ")[2]
        assert lines[taken] == min(lines.values()), (module.name, taken, lines)
        near = next(other for other in neighbours if other.suite == taken)
        assert named(row["identity"]["differences"]) == set(differing(near.path, module.path)), module.name
    assert sure >= len(modules[suite]) / 2


def distance(before: Path, after: Path, taken_away: set[str]) -> int:
    """Return how many lines differ in what Puppet reads; a file that was taken away counts as one."""
    return sum(
        1 if path in taken_away or "-" in lines else sum(map(int, lines))
        for path, lines in differing(before, after).items()
        if path.partition("/")[0] in READ or path in {"metadata.json", "hiera.yaml"}
    )


def files_of(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()}


def files_read(directory: Path) -> list[Path]:
    return [
        path
        for path in directory.rglob("*")
        if path.is_file() and path.relative_to(directory).parts[0] in READ
    ]


def length(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def test_what_debian_changed_in_its_packages_is_named_file_by_file(modules: Modules, tmp_path: Path) -> None:
    """The repositories hold what upstream released, beside what Debian has of older and newer versions."""
    sources = download_upstream(tmp_path / "sources", debian_modules.THIRD_PARTY, SOURCES)
    packaged = {module.path.name: module for module in modules[SOURCES]}
    released = {name: replace(packaged[name], suite="upstream", path=path) for name, path in sources.items()}
    upstreams = tmp_path / "upstreams"
    others = {suite: found for suite, found in modules.items() if suite != SOURCES}
    commit_modules(upstreams, {"upstream": tuple(released.values()), **others})
    found = identify(start(tmp_path, upstreams), installed(modules[SOURCES]))
    changed = 0
    for name, module in released.items():
        identity = found[name]["identity"]
        repository = Repository(upstreams / f"{identity['git'].partition('://')[2]}.git")
        assert repository.git("log", "-1", "--format=%s", identity["commit"]).endswith(" as in upstream"), (
            name
        )
        assert identity["ref"] == f"refs/tags/v{module.version}"
        truth = differing(module.path, packaged[name].path)
        assert named(identity["differences"]) == set(truth), name
        for row in identity["differences"]["changed"]:
            changed += 1
            assert (str(row["added"]), str(row["removed"])) == truth[row["path"]], (name, row["path"])
    assert changed
