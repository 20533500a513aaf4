"""Where a repository that an old file names is fetched from today. Asks no remote."""

import re
from typing import Final

from pinner.openstack.homes import canonical_url

# Hosts that serve https, and git:// no longer (or never did).
_HTTPS_ONLY: Final = frozenset({"github.com", "gitlab.com", "bitbucket.org", "opendev.org", "codeberg.org"})
_RENAMED: Final = {"git.openstack.org": "opendev.org", "www.github.com": "github.com"}
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
    host = _RENAMED.get(host, host)
    path = match["path"].removeprefix("cgit/") if host == "opendev.org" else match["path"]
    scheme = "https" if host in _HTTPS_ONLY else match["scheme"]
    return f"{scheme}://{host}/{path}"
