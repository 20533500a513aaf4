"""What compiling the nodes of two releases costs, beside `puppet catalog compile`, which compiles one node a process."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.debian_modules import download
from tests.support.toy_estate import write_files
from tools.bench.cost import Command, Cost, measure
from tools.bench.estate import ROLES, write_cloud
from tools.bench.real_code import OPENSTACK, SUITES, THIRD_PARTY, RealCode, prepare
from tools.bench.rounds import Ratio, Run, Section, interleave
from tools.bench.site import Site

NODES: Mapping[str, int] = {"controller": 3, "compute": 192, "network": 5}
_FACTS = (
    "require 'puppet'; require 'json'; given = JSON.parse($stdin.read);"
    "print Puppet::Node::Facts.new(given['clientcert'], given).to_yaml"
)


@dataclass(frozen=True, slots=True)
class Estate:
    """Two locked releases, the same as directories of environments, a control repository and facts."""

    code: RealCode
    environments: Path
    control: Path
    facts: Path

    def words(self, nodes: Path | None = None) -> tuple[str, ...]:
        """Return the options that name nodes and the control repository.

        Without a sandbox: what runs in bubblewrap's process namespace is not in the usage that its parents get.
        """
        return "--nodes", str(nodes or self.facts), "--control", str(self.control), "--sandbox", "none"


def prepare_estate(work: Path) -> Estate:
    """Download and lock the modules of two releases, and write the nodes."""
    code = prepare(work)
    control, facts = write_cloud(work / "estate", NODES)
    modules = download(work / "debian", (*OPENSTACK, *THIRD_PARTY), SUITES)
    environments = work / "environments"
    for suite, found in modules.items():
        shutil.copytree(control, environments / suite)
        write_files(environments / suite, {"environment.conf": "modulepath = site:modules\n"})
        for module in found:
            shutil.copytree(module.path, environments / suite / "modules" / module.name)
    return Estate(code, environments, control, facts)


def bench_compile(_upstreams: Path, work: Path, rounds: int) -> tuple[Section, ...]:
    """Measure one release, beside Puppet's own command on one node of each role and release."""
    estate = prepare_estate(work)
    code = estate.code
    previewed = code.project.pinner("preview", code.old, code.new, *estate.words(), "--no-cache")
    compiled = code.project.pinner("compile", code.new, *estate.words(), "--no-cache")
    run_by_label: dict[str, Run] = {
        "pinner preview": lambda: measure(previewed),
        "pinner compile, one release": lambda: measure(compiled),
    }
    runs = interleave(rounds, run_by_label)
    preview, one = runs.values()
    return (
        Section(
            f"Compiling {sum(NODES.values())} nodes in {len(ROLES)} roles, thirty modules",
            "Debian's packages; a preview compiles two releases, and one node of each role twice.",
            tuple(runs.values()),
            (Ratio(one, preview, None, "cpu"),),
        ),
    )


_ON_RUBY_3 = """\
require 'octocatalog-diff'
class OctocatalogDiff::CatalogDiff::Filter::CompilationDir
  def traverse(value, &block)
    case value
    when Array then value.each { |one| traverse(one, &block) }
    when Hash then traverse(value.values, &block)
    else yield value
    end
  end
end
"""
"""Without it, 2.1.0 and 2.3.1 end with an error wherever a list changes: Ruby 3 has no `Proc.new` without a block."""


def by_octocatalog_diff(estate: Estate) -> Cost:
    """Return what octocatalog-diff costs for all nodes, from one of each kind."""
    site = estate.code.project.site
    fix = site.write("octocatalog/on_ruby_3.rb", _ON_RUBY_3)
    total = Cost(0.0, 0.0, 0)
    for role, number in NODES.items():
        name = f"{role}001.example.org"
        given = json.loads((estate.facts / f"{name}.json").read_text())
        facts = site.write(f"octocatalog/{name}.json", json.dumps({"name": name, "values": given}))
        old, new = (estate.environments / suite for suite in SUITES)
        places = ("--bootstrapped-from-dir", old, "--bootstrapped-to-dir", new, "--fact-file", facts)
        words = ("-n", name, *places, "--no-hiera-config", "--no-validate-references", "--no-color")
        program = ("ruby", "-r", fix, shutil.which("octocatalog-diff") or "octocatalog-diff")
        puppet = ("--puppet-binary", shutil.which("puppet") or "puppet")
        cost = measure(_differing(site.command(*program, *words, *puppet), site))
        total += Cost(cost.wall * number, cost.cpu * number, cost.peak)
    return total


def _differing(command: Command, site: Site) -> Command:
    """Return the command, which ends with 2 if catalogs differ."""
    return site.command("sh", "-c", '"$@"; test $? = 2', "sh", *command.words)


def by_puppet(site: Site, environments: Path, facts: Path) -> Cost:
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
