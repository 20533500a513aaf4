"""Where a repository that an old file names is fetched from today. Asks no remote."""

import re
from typing import Final

from pinner.openstack.homes import canonical_url

# Hosts that serve https, and git:// no longer (or never did).
_HTTPS_ONLY: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "opendev.org", "codeberg.org"})
_RENAMED: Final = {"git.openstack.org": "opendev.org", "www.github.com": "github.com"}
# Fuel's own Gerrit, whose modules went to GitHub under the same names.
_FUEL: Final = re.compile(r"(?:p/)?puppet-modules/([^/]+?)(?:\.git)?/?")
_URL: Final = re.compile(r"(?P<scheme>git|https?)://(?:[^/@]*@)?(?P<host>[^/:@]+)/(?P<path>.+)")


def current_home(url: str) -> str:
    """Return the URL a repository is fetched from now: a known module's home, or the same without a dead transport.

    A user in an http(s) URL is left out, with the password: git's credential helper has them. An URL of ssh stays as it is
    unless it names a known module.
    """
    if known := canonical_url(url):
        return known
    match = _URL.fullmatch(url)
    if match is None:
        return url
    host = match["host"].lower()
    if host == "review.fuel-infra.org" and (module := _FUEL.fullmatch(match["path"])):
        return f"https://github.com/fuel-infra/{module[1]}"
    host = _RENAMED.get(host, host)
    path = match["path"].removeprefix("cgit/") if host == "opendev.org" else match["path"]
    scheme = "https" if host in _HTTPS_ONLY else match["scheme"]
    return f"{scheme}://{host}/{path}"
