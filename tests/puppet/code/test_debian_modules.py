"""Real modules of several OpenStack releases, as Debian packages them, read by pinner and by Puppet's own parser."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pinner.model.module_api import ApiChange, ApiChangeKind, Definition, Unreadable
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.code.read import Role, read_file, role_of
from tests.support import debian_modules
from tests.support.debian_modules import SUITES, DebianModule
from tests.support.module_files import read_module
from tests.support.oracles import RubyOracle, give_up
from tests.support.puppet_code import Row, rows_of, rows_of_puppet

pytestmark = pytest.mark.e2e

CHECKOUT = Path(__file__).parents[3]
ENOUGH = 500

PuppetReader = Callable[[Path], Any]
Suites = Mapping[str, tuple[DebianModule, ...]]
Rows = Mapping[tuple[str, str], Row]


@pytest.fixture(scope="session")
def suites() -> Suites:
    """The modules of each suite, kept for the next run in PINNER_DEBIAN_MODULES or in the checkout's .e2e."""
    return debian_modules.download_kept()


@pytest.fixture(scope="session")
def read_by_puppet(puppet_parser: RubyOracle) -> PuppetReader:
    """What Puppet's parser says of a file; each is parsed once in a run."""
    return cache(lambda path: puppet_parser.ask({"path": str(path)}))


def files_of(module: DebianModule) -> Mapping[str, bytes]:
    paths = (path for path in sorted(module.path.rglob("*")) if path.is_file() and not path.is_symlink())
    contents = {path.relative_to(module.path).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in contents.items() if role_of(name)}


def manifests_of(module: DebianModule) -> Mapping[str, bytes]:
    return {path: text for path, text in files_of(module).items() if role_of(path) is Role.MANIFEST}


def modules_in(suites: Suites, suite: str) -> tuple[DebianModule, ...]:
    if suite not in suites:
        give_up(f"the mirror has no {suite}")
    return suites[suite]


@pytest.mark.parametrize("suite", SUITES)
def test_every_manifest_is_read_as_puppet_reads_it(
    suites: Suites, suite: str, read_by_puppet: PuppetReader
) -> None:
    counts: Counter[str] = Counter()
    for module in modules_in(suites, suite):
        for path, text in manifests_of(module).items():
            answer = read_by_puppet(module.path / path)
            found = read_file(path, text)
            assert "error" not in answer, (module.name, path)
            expected = rows_of_puppet(answer)
            if isinstance(found, Unreadable):
                assert (expected, found.reason[:36]) == ([], "the file contains code, but defines no "), (
                    module.name,
                    path,
                )
            else:
                assert rows_of(found) == expected, (module.name, path)
            counts.update(files=1, parameters=sum(len(row["parameters"]) for row in expected))
    assert counts["files"] > ENOUGH, counts
    assert counts["parameters"] > 10 * ENOUGH, counts


@pytest.mark.parametrize("suite", SUITES)
def test_every_file_of_an_api_is_read(suites: Suites, suite: str) -> None:
    for module in modules_in(suites, suite):
        unreadable = read_module(files_of(module)).unreadable
        assert [one for one in unreadable if "defines no" not in one.reason] == [], module.name


def test_upgrades_are_told_with_the_numbers_that_puppets_parser_gives(
    suites: Suites, read_by_puppet: PuppetReader
) -> None:
    compared = 0
    for older, newer in pairwise(suites.values()):
        new_by_name = {module.name: module for module in newer}
        for module in older:
            if module.name in new_by_name:
                check_upgrade(module, new_by_name[module.name], read_by_puppet)
                compared += 1
    assert compared > 2 * len(debian_modules.OPENSTACK)


def check_upgrade(older: DebianModule, newer: DebianModule, read_by_puppet: PuppetReader) -> None:
    changes = compare_apis(read_module(manifests_of(older)), read_module(manifests_of(newer)))
    before, after = (rows_in(module, read_by_puppet) for module in (older, newer))
    gone, come = before.keys() - after.keys(), after.keys() - before.keys()
    assert named(changes, ApiChangeKind.REMOVED, ApiChangeKind.RENAMED) == {name for _, name in gone}
    assert len(named(changes, ApiChangeKind.ADDED)) == len(come) - len(named(changes, ApiChangeKind.RENAMED))
    renamed = named(changes, ApiChangeKind.RENAMED)
    for key in before.keys() & after.keys():
        own = [one for one in changes if one.definition == key[1] and one.definition not in renamed]
        check_parameters(own, parameters_of(before[key]), parameters_of(after[key]))


def rows_in(module: DebianModule, read_by_puppet: PuppetReader) -> Rows:
    answers = (read_by_puppet(module.path / path) for path in manifests_of(module))
    return {(row["kind"], row["name"]): row for answer in answers for row in rows_of_puppet(answer)}


def parameters_of(row: Row) -> Mapping[str, tuple[str | None, str | None]]:
    return {name: (type_, default) for name, _, type_, default, _ in row["parameters"]}


def named(changes: Iterable[ApiChange], *kinds: ApiChangeKind) -> set[str]:
    return {one.definition for one in changes if one.change in kinds}


def check_parameters(
    changes: list[ApiChange],
    before: Mapping[str, tuple[str | None, str | None]],
    after: Mapping[str, tuple[str | None, str | None]],
) -> None:
    of = {kind: {one.parameter for one in changes if one.change is kind} for kind in ApiChangeKind}
    moved = {one.new for one in changes if one.change is ApiChangeKind.PARAMETER_RENAMED}
    come = after.keys() - before.keys()
    assert (
        of[ApiChangeKind.PARAMETER_REMOVED] | of[ApiChangeKind.PARAMETER_RENAMED]
        == before.keys() - after.keys()
    )
    assert of[ApiChangeKind.PARAMETER_ADDED] == {name for name in come if after[name][1] is not None} - moved
    lost_default = {
        name for name in before.keys() & after.keys() if before[name][1] and after[name][1] is None
    }
    required = {name for name in come if after[name][1] is None} - moved
    assert of[ApiChangeKind.PARAMETER_REQUIRED] == required | lost_default
    other_types = {name for name in before.keys() & after.keys() if before[name][0] != after[name][0]}
    assert of[ApiChangeKind.TYPE_CHANGED] - of[ApiChangeKind.PARAMETER_RENAMED] <= other_types | {None}
    other_defaults = {name for name in before.keys() & after.keys() if before[name][1] != after[name][1]}
    assert of[ApiChangeKind.DEFAULT_CHANGED] - of[ApiChangeKind.PARAMETER_RENAMED] <= other_defaults


@pytest.mark.parametrize("suite", SUITES)
def test_native_types_have_the_attributes_that_puppet_loads(suites: Suites, suite: str) -> None:
    modules = modules_in(suites, suite)
    libs = [str(module.path / "lib") for module in modules]
    counts: Counter[str] = Counter()
    with closing(RubyOracle("puppet_plugins.rb", "puppet-agent")) as oracle:
        for module in modules:
            for path, text in files_of(module).items():
                if role_of(path) is Role.TYPE:
                    found = read_file(path, text)
                    assert not isinstance(found, Unreadable), (module.name, path)
                    for one in found:
                        question = {"libs": libs, "kind": "type", "file": str(module.path / path)}
                        counts.update(compare_type(one, oracle.ask({**question, "name": one.name})))
    assert counts["attributes"] > ENOUGH, counts
    assert counts["open"] < counts["types"] / 10, counts


def compare_type(one: Definition, loaded: Mapping[str, Any] | None) -> Counter[str]:
    """Compare a type that was read with what Puppet loaded, None if that needs a library that is not there."""
    if loaded is None:
        return Counter(unloaded=1)
    ours = {parameter.name: parameter.rule for parameter in one.parameters}
    lacking = loaded.keys() - ours.keys() - {"provider"}
    assert not ours.keys() - loaded.keys(), one.name
    assert one.is_open or not lacking, (one.name, lacking)
    rules = ((name, rule) for name, rule in ours.items() if rule is not None)
    flags = {name: (rule.is_property, rule.is_namevar) for name, rule in rules}
    assert flags == {name: (loaded[name]["property"], loaded[name]["namevar"]) for name in flags}, one.name
    return Counter(types=1, open=int(one.is_open), attributes=len(ours))
