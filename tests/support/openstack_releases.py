"""Upstream's two sources of facts, as repositories of a cloud in the shape of the real ones."""

from collections.abc import Mapping

from tests.support.cloud import Cloud, Upstream

LATE = 20_000
"""Days after which the sources are newer than any packaged facts."""

STATUS = """---
- name: zulu
  release-id: 2199.2
  status: future
  initial-release: 2199-09-29
  next-phase:
    status: development
    date: 2199-04-01
- name: yankee
  release-id: 2199.1
  status: development
  slurp: yes
  initial-release: 2026-10-01
  next-phase:
    status: maintained
    date: 2026-10-01
  signing-key:
    key: 30566c450e41d7c91e442dfb231f942f608ddeff
    start: 2026-04-10
    end: present
- name: gazpacho
  release-id: 2026.1
  status: maintained
  slurp: yes
  initial-release: 2026-04-01
  next-phase:
    status: unmaintained
    date: 2027-10-27
- name: zed
  status: end of life
  initial-release: 2022-10-05
  eol-date: 2026-08-01
"""


def deliverable(name: str, series: str, *versions: str, branch: str | None = None) -> tuple[str, str]:
    """Return path and text of a deliverable; `name` is a module."""
    repository = f"openstack/puppet-{name}"
    text = (
        f"---\nlaunchpad: puppet-{name}\nrelease-model: cycle-with-intermediary\nteam: Puppet OpenStack\n"
        f"type: trailing\nrepository-settings:\n  {repository}: {{}}\n"
    )
    rows = "".join(
        f"  - projects:\n      - hash: {'a' * 40}\n        repo: {repository}\n    version: {version}\n"
        for version in versions
    )
    text += f"releases:\n{rows}" if rows else ""
    text += f"branches:\n  - name: {branch}\n    location: {versions[0]}\n" if branch else ""
    return f"deliverables/{series}/puppet-{name}.yaml", text


def releases(cloud: Cloud, files: Mapping[str, str] | None = None, *, status: str = STATUS) -> Upstream:
    """Commit the files of openstack/releases; without `files`, nova and keystone have released yankee."""
    made = cloud.upstream("releases", repository="releases")
    made.days = max(made.days, LATE)
    usual = dict(
        deliverable(name, "yankee", "90.0.0", "90.1.0", "yankee-eom", branch="stable/2199.1")
        for name in ("nova", "keystone")
    )
    made.commit("master", files={"data/series_status.yaml": status, **(usual if files is None else files)})
    return made
