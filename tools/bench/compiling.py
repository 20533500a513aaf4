"""What compiling the nodes of two releases costs, beside `puppet catalog compile`, which compiles one node a process."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.debian_modules import download
from tests.support.real_estate import CONTROL, ROLES, write_estate
from tests.support.toy_estate import write_files
from tools.bench.cost import Cost, measure
from tools.bench.real_code import OPENSTACK, SUITES, THIRD_PARTY, prepare
from tools.bench.rounds import Ratio, Run, Section, interleave
from tools.bench.site import Site

NODES: Mapping[str, int] = {"identity": 10, "compute": 80, "network": 10}
LEAST = 1 / 10
_FACTS = (
    "require 'puppet'; require 'json'; given = JSON.parse($stdin.read);"
    "print Puppet::Node::Facts.new(given['clientcert'], given).to_yaml"
)


def bench_compile(_upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure a preview of a hundred nodes, and Puppet's own command on one node of each role and release."""
    code = prepare(work)
    control, facts = write_estate(work / "estate", NODES)
    modules = download(work / "debian", (*OPENSTACK, *THIRD_PARTY), SUITES)
    environments = work / "environments"
    for suite, found in modules.items():
        write_files(environments / suite, CONTROL | {"environment.conf": "modulepath = site:modules\n"})
        for module in found:
            shutil.copytree(module.path, environments / suite / "modules" / module.name)
    words = ("--nodes", str(facts), "--control", str(control))
    previewed = code.project.pinner("preview", code.old, code.new, *words)
    compiled = code.project.pinner("compile", code.new, *words)
    run_by_label: dict[str, Run] = {
        "puppet catalog compile, both releases": lambda: _by_puppet(code.project.site, environments, facts),
        "pinner preview": lambda: measure(previewed),
        "pinner compile, one release": lambda: measure(compiled),
    }
    runs = interleave(rounds, run_by_label)
    puppet, preview, one = runs.values()
    return (
        Section(
            f"Preview of {sum(NODES.values())} nodes in {len(ROLES)} roles, thirty modules",
            "Debian's packages of two releases. Puppet's command is measured on one node of each role and release, and its "
            "costs are multiplied by the number of nodes; its wall time is that of one process after another.",
            tuple(runs.values()),
            (
                Ratio(preview, puppet, LEAST, "cpu"),
                Ratio(preview, puppet, None, "wall"),
                Ratio(one, preview, None, "cpu"),
            ),
        ),
    )


def _by_puppet(site: Site, environments: Path, facts: Path) -> Cost:
    """Return what Puppet's own command costs for all nodes and both releases, from one of each kind."""
    total = Cost(0.0, 0.0, 0)
    for suite in SUITES:
        for role, number in NODES.items():
            name = f"{role}001.example.org"
            scratch = site.root / "puppet" / suite
            yaml = scratch / "var/yaml/facts" / f"{name}.yaml"
            if not yaml.exists():
                given = json.loads((facts / f"{name}.json").read_text())
                done = subprocess.run(
                    ["ruby", "-e", _FACTS],
                    input=json.dumps(given),
                    capture_output=True,
                    text=True,
                    check=True,
                )
                write_files(yaml.parent, {yaml.name: done.stdout})
            settings = {
                "environmentpath": environments,
                "environment": suite,
                "confdir": scratch / "conf",
                "vardir": scratch / "var",
                "codedir": scratch / "code",
                "basemodulepath": scratch / "none",
                "facts_terminus": "yaml",
                "node_terminus": "plain",
            }
            flags = [word for key, value in settings.items() for word in (f"--{key}", str(value))]
            cost = measure(site.command("puppet", "catalog", "compile", name, *flags, "--render-as", "json"))
            total += Cost(cost.wall * number, cost.cpu * number, cost.peak)
    return total
