"""Map the current and former URLs and names of known modules to the current ones, and names on the Forge to repositories."""

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

from pinner.model.lock import Series
from pinner.openstack.packaged import ExternalPin, Misfit, Repository, ThirdParty, derived, facts

# Hosts that served OpenStack's repositories, and the owners that the repositories had there.
_OPENSTACK_HOSTS = frozenset(
    {"opendev.org", "github.com", "git.openstack.org", "review.openstack.org", "review.opendev.org"}
)
_GIT_OWNERS = ("openstack", "stackforge")
# Former name to current name of renamed repositories.
_RENAMED_REPOSITORIES = {"puppet-quantum": "puppet-neutron"}
_FORGE_OWNERS = ("openstack", "stackforge", "puppetlabs")
_FORGE_LIKE_URL = re.compile(
    r"(?:(?:https?|git|ssh)://(?:[^/@\s]*@)?|[\w.-]+@)(?P<host>[\w.-]+)(?::\d+)?[/:](?:cgit/|p/)?"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


@derived
def _third_party_by_name() -> dict[str, ThirdParty]:
    return {module.name: module for module in facts().third_party}


def third_party(name: str) -> ThirdParty | None:
    """Return the third-party module with that name (`stdlib`), or None."""
    return _third_party_by_name().get(name)


def integration_pins(series: Series) -> tuple[ExternalPin, ...]:
    """Return the third-party modules that upstream's gate runs for a series, by name; empty before kilo."""
    return facts().integration.get(series.id, ())


def gate_misfits(series: Series) -> tuple[Misfit, ...]:
    """Return the pairs that upstream's gate runs for a series although metadata forbids them."""
    return facts().misfits.get(series.id, ())


def canonical_module(forge_name: str) -> str:
    """Return one `owner/module` name for a module under any of its owners and with either separator.

    `puppetlabs-nova`, `stackforge/nova` and `openstack/nova` give `openstack/nova`. The name of an unknown
    module is returned in lower case, with `/` as its separator. `quantum` and `neutron` remain separate,
    because they are two directory names: code that includes `quantum` does not find `neutron`.
    """
    name = forge_name.strip().lower().replace("-", "/", 1)
    return _canonical_by_forge_name().get(name, name)


@derived
def _canonical_by_forge_name() -> dict[str, str]:
    names = {alias: module.forge_names[0] for module in facts().third_party for alias in module.forge_names}
    for repository in facts().repositories:
        for alias, name in _aliases(repository):
            names.setdefault(alias, name)
    return names


def _aliases(repository: Repository) -> Iterator[tuple[str, str]]:
    """Yield each `owner/module` name of a repository with its newest name that has the same module part."""
    newest: dict[str, str] = {}
    for forge_name in repository.forge_names:
        _, _, module = forge_name.partition("/")
        newest.setdefault(module, forge_name)
        yield forge_name, newest[module]
    for module, forge_name in newest.items():
        yield from ((f"{owner}/{module}", forge_name) for owner in _FORGE_OWNERS)


def canonical_url(url: str) -> str | None:
    """Return the current URL of a known module for any URL it has or had; None for every other URL."""
    found = _FORGE_LIKE_URL.fullmatch(url)
    if found is None:
        return None
    host, owner, name = (part.lower() for part in found.group("host", "owner", "name"))
    return _canonical_by_home().get(f"{host}/{owner}/{name}")


@derived
def _canonical_by_home() -> dict[str, str]:
    homes = {_home(old): module.git for module in facts().third_party for old in module.homes}
    old_names = {now: old for old, now in _RENAMED_REPOSITORIES.items()}
    for repository in facts().repositories:
        homes[_home(repository.git)] = repository.git
        names = {repository.name, old_names.get(repository.name, repository.name)}
        places = product(_OPENSTACK_HOSTS, _GIT_OWNERS, names)
        homes.update({f"{host}/{owner}/{name}": repository.git for host, owner, name in places})
    return homes


def _home(url: str) -> str:
    return url.partition("://")[2].lower()


# Hosts that serve https and do not (or no longer) serve git://.
_HTTPS_ONLY: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "opendev.org", "codeberg.org"})
_RENAMED_HOSTS: Final = {"git.openstack.org": "opendev.org", "www.github.com": "github.com"}
# Fuel's own Gerrit; its modules moved to GitHub under the same names.
_FUEL: Final = re.compile(r"(?:p/)?puppet-modules/([^/]+?)(?:\.git)?/?")
_OLD_URL: Final = re.compile(r"(?P<scheme>git|https?)://(?:[^/@]*@)?(?P<host>[^/:@]+)/(?P<path>.+)")


def current_home(url: str) -> str:
    """Return a repository's current URL: a known module's home, or `url` with a dead transport replaced.

    The user and password of an http(s) URL are removed, because git's credential helper supplies them. An ssh
    URL is returned unchanged unless it names a known module.
    """
    if known := canonical_url(url):
        return known
    match = _OLD_URL.fullmatch(url)
    if match is None:
        return url
    host = match["host"].lower()
    if host == "review.fuel-infra.org" and (module := _FUEL.fullmatch(match["path"])):
        return f"https://github.com/fuel-infra/{module[1]}"
    host = _RENAMED_HOSTS.get(host, host)
    path = match["path"].removeprefix("cgit/") if host == "opendev.org" else match["path"]
    scheme = "https" if host in _HTTPS_ONLY else match["scheme"]
    return f"{scheme}://{host}/{path}"


@derived
def _homes() -> dict[str, str]:
    homes: dict[str, str] = {}
    for repository in facts().repositories:
        homes |= dict.fromkeys(repository.forge_names, repository.git)
    for module in facts().third_party:
        if module.homes:
            homes |= dict.fromkeys(module.forge_names, module.git)
    return homes


def git_home(forge_name: str) -> str | None:
    """Return the URL of the repository that `owner/module` is published from, None if it is not in the catalogue."""
    return _homes().get(forge_name.lower().replace("-", "/", 1)) or _homes().get(canonical_module(forge_name))
