"""What `diff` reports of the parameters of real modules is what Puppet makes of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from pinner.model.module_api import ApiChange, ApiChangeKind, Definition, ModuleApi, Severity, Unreadable
from pinner.project.operator.values import read_yaml
from pinner.puppet.code.compare import compare_apis
from pinner.puppet.code.defaults import ModuleSources, with_effective_defaults
from pinner.puppet.code.read import read_file, role_of
from pinner.puppet.hiera.hierarchy import Hierarchy, ModuleData, parse_hierarchy
from pinner.puppet.platforms import Platform
from tests.support import debian_modules
from tests.support.debian_modules import DebianModule
from tests.support.oracles import RubyOracle, run_oracle
from tests.support.verdicts import Judge, Verdict

pytestmark = pytest.mark.e2e

PLATFORMS = (Platform("Debian", "12"), Platform("CentOS", "9"), Platform("Ubuntu", "24.04"))
JUDGED = frozenset(
    {
        *(ApiChangeKind.PARAMETER_REQUIRED, ApiChangeKind.PARAMETER_REMOVED, ApiChangeKind.PARAMETER_RENAMED),
        *(ApiChangeKind.DEFAULT_CHANGED, ApiChangeKind.REMOVED),
    }
)
OF_A_KIND = 60
"""The most reports of one kind between two suites; they are spread over the modules."""
ENOUGH = 300


@pytest.fixture(scope="module")
def suites() -> Mapping[str, Mapping[str, DebianModule]]:
    found = debian_modules.download_kept()
    return {suite: {module.name: module for module in modules} for suite, modules in found.items()}


@pytest.fixture(scope="module")
def puppet() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_parameters.rb", "puppet-agent")


def modulepath(directory: Path, modules: Mapping[str, DebianModule]) -> Sequence[str]:
    """Return a directory with each module under its own name; Debian's directories have the owner's name too."""
    directory.mkdir()
    for name, module in modules.items():
        (directory / name).symlink_to(module.path)
    return [str(directory)]


def api_of(module: DebianModule) -> ModuleApi:
    definitions: list[Definition] = []
    unreadable: list[Unreadable] = []
    texts: dict[str, str] = {}
    for path in sorted(module.path.rglob("*")):
        inside = path.relative_to(module.path).as_posix()
        if not path.is_file() or role_of(inside) is None:
            continue
        content = path.read_bytes()
        found = read_file(inside, content)
        if isinstance(found, Unreadable):
            unreadable.append(found)
        else:
            definitions += found
        texts[inside] = content.decode(errors="replace")
    api = ModuleApi(tuple(definitions), tuple(unreadable))
    return with_effective_defaults(api, ModuleSources(texts, data_of(module)), PLATFORMS)


def data_of(module: DebianModule) -> ModuleData | None:
    hiera = module.path / "hiera.yaml"
    if not hiera.exists():
        return None
    hierarchy = parse_hierarchy(read_yaml(hiera.read_bytes(), "hiera.yaml", is_raw=True).root, "hiera.yaml")
    assert isinstance(hierarchy, Hierarchy)
    files = {
        path.relative_to(module.path).as_posix(): read_yaml(path.read_bytes(), str(path)).root
        for path in (module.path / "data").rglob("*.yaml")
    }
    return ModuleData(module.name, hierarchy, {path: root for path, root in files.items() if root})  # type: ignore[misc]  # all are hashes


def sample(changes: Mapping[str, Sequence[ApiChange]]) -> Iterator[tuple[str, ApiChange]]:
    """Yield up to OF_A_KIND reports of each kind, taken from the modules in turn."""
    for kind in sorted(JUDGED):
        queues = [
            [(name, one) for one in some if one.change is kind and one.severity is not Severity.INFO]
            for name, some in sorted(changes.items())
        ]
        taken = 0
        for index in range(max((len(queue) for queue in queues), default=0)):
            for queue in queues:
                if index < len(queue) and taken < OF_A_KIND:
                    taken += 1
                    yield queue[index]


def test_puppet_agrees_with_the_reports(
    suites: Mapping[str, Mapping[str, DebianModule]], puppet: RubyOracle, tmp_path: Path
) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    wrong: list[str] = []
    apis = {suite: {name: api_of(one) for name, one in modules.items()} for suite, modules in suites.items()}
    paths = {suite: modulepath(tmp_path / suite, modules) for suite, modules in suites.items()}
    for old, new in pairwise(suites):
        judge = Judge(puppet, paths[old], paths[new], PLATFORMS)
        changes = {
            name: compare_apis(apis[old][name], apis[new][name]) for name in apis[old] if name in apis[new]
        }
        for module, change in sample(changes):
            verdict = judge.verdict(change)
            counts[change.kind, verdict] += 1
            if verdict is Verdict.FALSE:
                wrong.append(
                    f"{old} to {new}, {module}: {change.kind} {change.definition} {change.parameter}"
                )
    assert wrong == [], dict(counts)
    assert sum(number for (_, verdict), number in counts.items() if verdict is Verdict.TRUE) >= ENOUGH
