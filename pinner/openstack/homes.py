"""Where modules live and lived: one module over its owners and its git homes."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

from pinner.openstack.packaged import ExternalPin, Misfit, Repository, ThirdParty, facts
from pinner.openstack.series import Series

# Hosts that served OpenStack's repositories, and the owners they were served under.
_OPENSTACK_HOSTS = frozenset(
    {"opendev.org", "github.com", "git.openstack.org", "review.openstack.org", "review.opendev.org"}
)
_GIT_OWNERS = ("openstack", "stackforge")
# Repositories that were renamed, and what they are called now.
_RENAMED = {"puppet-quantum": "puppet-neutron"}
_FORGE_OWNERS = ("openstack", "stackforge", "puppetlabs")
_URL = re.compile(
    r"(?:(?:https?|git|ssh)://(?:[^/@\s]*@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[/:](?:cgit/|p/)?"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


@cache
def _third_party_by_name() -> dict[str, ThirdParty]:
    return {module.name: module for module in facts().third_party}


def third_party(name: str) -> ThirdParty | None:
    """Return the third-party module of that name (`stdlib`)."""
    return _third_party_by_name().get(name)


def integration_pins(series: Series) -> tuple[ExternalPin, ...]:
    """Return the third-party modules that upstream's gate runs for a series, by name; none before kilo."""
    return facts().integration.get(series.id, ())


def gate_misfits(series: Series) -> tuple[Misfit, ...]:
    """Return the pairs of modules that upstream's gate runs for a series although their metadata contradict each other."""
    return facts().misfits.get(series.id, ())


def canonical_module(forge_name: str) -> str:
    """Return one name, `owner/module`, for a module under any of its owners, whichever separator is used.

    `puppetlabs-nova`, `stackforge/nova` and `openstack/nova` give `openstack/nova`. A name that no known module had
    stays itself. `quantum` and `neutron` stay two: they are two names a directory can have, and code that includes
    `quantum` does not find `neutron`.
    """
    name = forge_name.strip().lower().replace("-", "/", 1)
    return _canonical_by_forge_name().get(name, name)


@cache
def _canonical_by_forge_name() -> dict[str, str]:
    names = {alias: module.forge_names[0] for module in facts().third_party for alias in module.forge_names}
    for repository in facts().repositories:
        for alias, name in _aliases(repository):
            names.setdefault(alias, name)
    return names


def _aliases(repository: Repository) -> Iterator[tuple[str, str]]:
    """Yield each `owner/module` of a repository with the newest that has the same module name."""
    newest: dict[str, str] = {}
    for forge_name in repository.forge_names:
        _, _, module = forge_name.partition("/")
        newest.setdefault(module, forge_name)
        yield forge_name, newest[module]
    for module, forge_name in newest.items():
        yield from ((f"{owner}/{module}", forge_name) for owner in _FORGE_OWNERS)


def canonical_url(url: str) -> str | None:
    """Return the URL a known module is fetched from now, for any home it has or had; None for every other URL."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    host, owner, name = (part.lower() for part in found.group("host", "owner", "name"))
    return _canonical_by_home().get(f"{host}/{owner}/{name}")


@cache
def _canonical_by_home() -> dict[str, str]:
    homes = {_home(old): module.git for module in facts().third_party for old in module.homes}
    old_names = {now: old for old, now in _RENAMED.items()}
    for repository in facts().repositories:
        homes[_home(repository.git)] = repository.git
        names = {repository.name, old_names.get(repository.name, repository.name)}
        places = product(_OPENSTACK_HOSTS, _GIT_OWNERS, names)
        homes.update({f"{host}/{owner}/{name}": repository.git for host, owner, name in places})
    return homes


def _home(url: str) -> str:
    return url.partition("://")[2].lower()
