"""Bring pinner/openstack/data/catalogue.json up to date.

usage: python -m tools.distill_catalogue [PROJECT]

This is what `pinner catalogue update` does for a project, on the facts packaged with pinner: the same sources, read
and distilled by the same code. PROJECT is a directory whose pinner.yaml says where to fetch from (default: none, the
sources are fetched from upstream).
"""

import sys
from pathlib import Path

from pinner.cli.options import RemoteOptions
from pinner.cli.workspace import open_workspace
from pinner.inspecting.catalogue import read_sources, updated
from pinner.openstack.facts import facts_text, packaged_facts

OUTPUT = Path(__file__).resolve().parent.parent / "pinner" / "openstack" / "data" / "catalogue.json"


def main(arguments: list[str], output: Path = OUTPUT) -> None:
    """Read the sources and write OUTPUT; ends with a message if a part of them cannot be read."""
    if len(arguments) > 1:
        sys.exit(__doc__)
    remote = RemoteOptions(None, None, None, None, is_offline=False)
    workspace = open_workspace(arguments[0] if arguments else ".", remote, is_project_needed=False)
    sources, problems = read_sources(workspace)
    if problems:
        sys.exit("\n".join(problems))
    output.write_text(facts_text(updated(packaged_facts(), sources)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
