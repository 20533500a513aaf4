"""Addresses of commits, comparisons, files, reviews, bugs and vulnerabilities on the hosts that have pages for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote

_CLONE_URL: Final = re.compile(
    r"(?:https?|ssh|git)://(?:[A-Za-z0-9_.-]+@)?(?P<host>[A-Za-z0-9.-]+)(?::\d+)?/(?P<path>[A-Za-z0-9._~/-]+)"
)
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9._~/-]+")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_CHANGE_ID: Final = re.compile(r"I[0-9a-f]{40}")
_LAUNCHPAD: Final = re.compile(r"#?(\d{1,10})")
_BUGZILLA: Final = re.compile(r"rhbz#?(\d{1,10})", re.IGNORECASE)
_CVE: Final = re.compile(r"CVE-\d{4}-\d{4,7}")
_OSSA: Final = re.compile(r"OSSA-(\d{4}-\d{1,4})")


class HostKind(StrEnum):
    """The software of a git host, which determines the addresses of its pages."""

    GITEA = "gitea"
    GITHUB = "github"
    GITLAB = "gitlab"


_PAGES: Final[Mapping[HostKind, Mapping[str, str]]] = {
    HostKind.GITEA: {
        "commit": "commit/{commit}",
        "compare": "compare/{old}...{new}",
        "file": "src/commit/{commit}/",
    },
    HostKind.GITHUB: {
        "commit": "commit/{commit}",
        "compare": "compare/{old}...{new}",
        "file": "blob/{commit}/",
    },
    HostKind.GITLAB: {
        "commit": "-/commit/{commit}",
        "compare": "-/compare/{old}...{new}",
        "file": "-/blob/{commit}/",
    },
}
_links: dict[str, Mapping[str, str]] = {}
"""The beginning of git URLs to the addresses of pages, from the settings of the project of this run."""


def use_links(links: Mapping[str, Mapping[str, str]]) -> None:
    """Use these pages beside those of known hosts, for everything that follows; see Settings.links."""
    _links.clear()
    _links.update(links)


@dataclass(frozen=True, slots=True)
class WebPages:
    """The pages of one repository: `pages` has an address with placeholders for each kind of page.

    `repository` is the value of the placeholder of that name.
    """

    pages: Mapping[str, str]
    repository: str = ""

    def address(self, page: str, **values: str) -> str | None:
        """Return the address of a page with these values in place of its placeholders; None if there is none."""
        address = self.pages.get(page)
        for name, value in {"repository": self.repository, **values}.items():
            address = address and address.replace(f"{{{name}}}", quote(value))
        return address

    def commit(self, commit: str) -> str | None:
        """Return the address of a commit."""
        return self.address("commit", commit=commit) if _COMMIT.fullmatch(commit) else None

    def comparison(self, old: str, new: str) -> str | None:
        """Return the address of the commits from one to another."""
        if not (_COMMIT.fullmatch(old) and _COMMIT.fullmatch(new)):
            return None
        return self.address("compare", old=old, new=new)

    def file(self, commit: str, path: str) -> str | None:
        """Return the address of a file at a commit."""
        address = self.address("file", commit=commit) if _COMMIT.fullmatch(commit) else None
        return address and f"{address}{quote(path)}"


def web_pages(git: str) -> WebPages | None:
    """Return the pages of the repository with this clone URL; None if its host is not known to have any.

    Known are those of the settings, opendev.org, GitHub and GitLab, and hosts whose name begins with `gitlab.`,
    `github.` or `gitea.`.
    """
    prefix = max((prefix for prefix in _links if git.startswith(prefix)), key=len, default=None)
    if prefix is not None:
        repository = git.removeprefix(prefix).strip("/").removesuffix(".git")
        is_plain = _REPOSITORY.fullmatch(repository) and ".." not in repository
        return WebPages(_links[prefix], repository) if is_plain else None
    found = _CLONE_URL.fullmatch(git)
    if found is None:
        return None
    host, path = found["host"].lower(), found["path"].removesuffix("/").removesuffix(".git")
    first = "gitea" if host == "opendev.org" else host.partition(".")[0]
    if "." not in host or first not in set(HostKind) or ".." in path:
        return None
    pages = {page: f"https://{host}/{path}/{rest}" for page, rest in _PAGES[HostKind(first)].items()}
    if re.match(r"(opendev\.org|github\.com)/(openstack|x|openstack-archive)/", f"{host}/{path}"):
        pages["review"] = "https://review.opendev.org/q/{change}"
    return WebPages(pages)


def bug_address(bug: str, git: str = "") -> str | None:
    """Return the address of a bug that a commit names: `rhbz#1` is Red Hat's, a number Launchpad's.

    The settings may name another page of numbers for the repository `git`.
    """
    if found := _LAUNCHPAD.fullmatch(bug):
        pages = web_pages(git)
        if own := pages and pages.address("bug", bug=found[1]):
            return own
        return f"https://bugs.launchpad.net/bugs/{found[1]}"
    if found := _BUGZILLA.fullmatch(bug):
        return f"https://bugzilla.redhat.com/show_bug.cgi?id={found[1]}"
    return None


def vulnerability_address(name: str) -> str | None:
    """Return the address of a CVE or OSSA."""
    if _CVE.fullmatch(name):
        return f"https://www.cve.org/CVERecord?id={name}"
    found = _OSSA.fullmatch(name)
    return f"https://security.openstack.org/ossa/OSSA-{found[1]}.html" if found else None


def review_address(git: str, change_id: str | None) -> str | None:
    """Return the address of a Gerrit review: of an OpenStack repository on opendev.org or its mirror on GitHub, or as set."""
    pages = web_pages(git)
    if pages is None or change_id is None or not _CHANGE_ID.fullmatch(change_id):
        return None
    return pages.address("review", change=change_id)
