"""Write what puppet_openstack_builder's Puppetfile means for each release: pinner/openstack/data/puppet_openstack_builder.json.

usage: python -m tools.distill_puppet_openstack_builder REPOSITORY [REV] [OUTPUT]

REPOSITORY is a clone of puppet_openstack_builder, REV (default: HEAD) the commit to take. Its Puppetfile is a Ruby
program with loops and environment variables, so this runs it, once for each release that it knows, with nothing but
`mod` declared: read it before you do. pinner itself never runs one. The same commit gives the same bytes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

RELEASES = ("grizzly", "havana", "icehouse")
OUTPUT = (
    Path(__file__).resolve().parent.parent / "pinner" / "openstack" / "data" / "puppet_openstack_builder.json"
)
UPSTREAM = "https://github.com/CiscoSystems/puppet_openstack_builder"
PROGRAM = """
require 'json'
rows = []
reader = Object.new
reader.define_singleton_method(:mod) { |name, args = {}| rows << [name, args[:git], args[:ref]] }
reader.instance_eval($stdin.read, 'Puppetfile')
puts JSON.dump(rows)
"""


def evaluate(puppetfile: str, release: str) -> list[list[str | None]]:
    """Return name, URL and ref of each module that the program declares for a release, in its order."""
    environment = {"PATH": os.environ["PATH"], "openstack_version": release}
    done = subprocess.run(
        ["ruby", "-e", PROGRAM], input=puppetfile, env=environment, capture_output=True, text=True, check=True
    )
    rows: list[list[str | None]] = json.loads(done.stdout)
    return rows


def git(repository: str, *arguments: str) -> str:
    """Return what git says of the repository."""
    done = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def render(commit: str, rows_by_release: dict[str, list[list[str | None]]]) -> str:
    """Return the file's text: a module a line."""
    releases = (
        f'  "{release}": [\n' + ",\n".join(f"   {json.dumps(row)}" for row in rows) + "\n  ]"
        for release, rows in rows_by_release.items()
    )
    head = f'{{\n "format": 1,\n "source": "{UPSTREAM}",\n "commit": "{commit}",\n "releases": {{\n'
    return head + ",\n".join(releases) + "\n }\n}\n"


def main(repository: str, rev: str = "HEAD", output: str = str(OUTPUT)) -> None:
    """Write the file."""
    commit = git(repository, "rev-parse", "--verify", f"{rev}^{{commit}}").strip()
    puppetfile = git(repository, "show", f"{commit}:Puppetfile")
    text = render(commit, {release: evaluate(puppetfile, release) for release in RELEASES})
    Path(output).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
