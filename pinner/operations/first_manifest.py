"""The manifest that `pinner init` writes, as a person would write it: it locks as it stands."""

from pinner.openstack import catalogue
from pinner.openstack.series import Series
from pinner.operations.gate_overrides import gate_range

EVERY = "all"


def render_manifest(release: Series, modules: tuple[str, ...]) -> str:
    """Return the text of a first manifest; `modules` are names of that release, or `all` alone."""
    if modules == (EVERY,):
        names = tuple(entry.name for entry in catalogue.modules_in(release))
        return _manifest(release, "openstack: all", _overrides(release, names))
    listed = "".join(f"\n  - {name}" for name in sorted(modules))
    heading = "openstack:              # modules that follow the release; or `openstack: all`"
    return _manifest(release, heading + listed, _overrides(release, modules))


def _manifest(release: Series, openstack: str, overrides: str) -> str:
    return f"""\
# One Puppet environment: which modules it runs, and from where.
description: OpenStack {release.id} ({release.name})
# owners: [cloud@example.org]
release: {release.id}

{openstack}

# modules:              # everything that differs, and any other module
#   horizon: {{git: "https://git.example.net/puppet-horizon", branch: acme/{release.id}, reason: "login page"}}
#   stdlib:  {{version: ">= 9.0.0 < 10.0.0"}}

dependencies:
  externals: integration    # third-party modules as upstream's gate runs them for this release
{overrides}"""


def _overrides(release: Series, modules: tuple[str, ...]) -> str:
    """Return the overrides without which what the gate runs would contradict its own metadata; empty if none."""
    third_party = {pin.name for pin in catalogue.integration_pins(release)}
    ranges: dict[str, dict[str, str]] = {}
    for misfit in catalogue.gate_misfits(release):
        if misfit.module in third_party.union(modules) and misfit.dependency in third_party:
            ranges.setdefault(misfit.module, {})[misfit.dependency] = f'"{gate_range(misfit)}"'
    rows = [f"    {module}: {{{_pairs(wanted)}}}\n" for module, wanted in ranges.items()]
    heading = "  override:                 # the gate runs these pairs, though the metadata of one has not caught up\n"
    return "".join([heading, *rows]) if rows else ""


def _pairs(wanted: dict[str, str]) -> str:
    return ", ".join(f"{name}: {text}" for name, text in wanted.items())
