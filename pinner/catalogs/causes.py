"""Group the failures of nodes by their cause, and find a hint for each."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from pinner.model.catalogs import Cause, Compiled, Failure, Notice

_PLACE = re.compile(r"\s*\(file: (?P<path>[^(),]+)(?:, line: (?P<line>\d+))?(?:, column: \d+)?\)")
_NODE = re.compile(r"\s+on node \S+$")
_LEADING = re.compile(r"^(?:Evaluation Error: |Error while evaluating an? [\w ]+?, )+")
_PARTS_OF_MODULE = {"manifests", "lib", "types", "functions", "templates", "plans", "files", "data"}
_LACKING = re.compile(
    r"Could not find (?:declared )?class (?:::)?(?P<a>[\w:]+)|Unknown resource type: '(?P<b>[\w:]+)'"
    r"|Unknown function: '(?P<c>[\w:]+)'|Resource type not found: (?P<d>[\w:]+)"
    r"|Could not find resource type '?(?P<e>[\w:]+)|references an unresolved type '(?P<f>[\w:]+)'"
)
_CORE: Final[Mapping[str, str]] = {
    "augeas": "augeas_core",
    "cron": "cron_core",
    "host": "host_core",
    "mount": "mount_core",
    "selboolean": "selinux_core",
    "selmodule": "selinux_core",
    "ssh_authorized_key": "sshkeys_core",
    "sshkey": "sshkeys_core",
    "yumrepo": "yumrepo_core",
    "zfs": "zfs_core",
    "zone": "zone_core",
    "archive": "archive",
}
"""Types that Puppet's own packages bring with them and Debian's do not, and one that many modules need."""
_NONE: Final[Mapping[str, str]] = {}
_HINTS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"puppetdb_query|PuppetDB"),
        "PuppetDB cannot be queried while compiling here; --exported FILE gives exported resources",
    ),
    (
        re.compile(r"cannot load such file -- (\S+)"),
        "install the Ruby library for the Ruby that compiles, or name another one with --ruby",
    ),
    (
        re.compile(
            r"Unknown variable|not applicable to an Undef Value|got Undef|expects a value for parameter"
        ),
        "a value is not set on these nodes: a fact that they lack, or a key that the hiera data do not have",
    ),
    (
        re.compile(r"memory|SIGXCPU|SIGKILL|within \d+ seconds"),
        "raise the limit of a node with --node-timeout or --node-memory, if its code is meant to take that much",
    ),
)


def group_failures(
    results: Iterable[Compiled], modules: Collection[str], ignored: Mapping[str, str] = _NONE
) -> tuple[Cause, ...]:
    """Return the causes of the failures among the results, most nodes first; `modules` are those of the environment.

    `ignored` are the modules that Puppet ignores, see EnvironmentTree.find_ignored.
    """
    nodes: defaultdict[Notice, list[str]] = defaultdict(list)
    for one in results:
        if isinstance(one.result, Failure):
            nodes[clean_notice(one.result.notice, one.node)].append(one.node)
    causes = (
        Cause(
            tuple(sorted(names)), notice, module_of(notice.path), find_hint(notice.message, modules, ignored)
        )
        for notice, names in nodes.items()
    )
    return tuple(sorted(causes, key=lambda cause: (-len(cause.nodes), cause.nodes)))


def clean_notice(notice: Notice, node: str) -> Notice:
    """Return the notice without the node's name, and with the place that its message has as its place.

    Of several places in a message, the first is where the code failed; the others are where it was called.
    """
    message = _NODE.sub("", notice.message.strip())
    place = _PLACE.search(message)
    path, line = notice.path, notice.line
    if place and place["path"] != "unknown":
        path, line = place["path"].strip(), int(place["line"]) if place["line"] else None
    message = _LEADING.sub("", _PLACE.sub("", message)).strip().removesuffix(f" for {node}")
    return Notice(message.replace(node, "{certname}") if "." in node else message, path, line)


def module_of(path: str | None) -> str | None:
    """Return the module that has a file, given relative to the environment; None for a file of no module."""
    parts = (path or "").split("/")
    at = next((index for index, part in enumerate(parts) if part in _PARTS_OF_MODULE), 0)
    return parts[at - 1] if at > 1 else None


def find_hint(message: str, modules: Collection[str], ignored: Mapping[str, str] = _NONE) -> str | None:
    """Return how to fix a failure, None if nothing is known about it."""
    if found := _LACKING.search(message):
        name = next(filter(None, found.groups())).lower()
        module = _CORE.get(name, name.partition("::")[0])
        if module in ignored:
            lacking = ignored[module]
            return f"Puppet ignores the module '{module}', because its metadata.json has no '{lacking}': add it there"
        if module not in modules and ("::" in name or name in _CORE or "class" in found[0]):
            return f"the lock has no module '{module}': add it to the manifest's modules"
        if module not in modules:
            return "no module of the lock defines it"
    return next((hint for pattern, hint in _HINTS if pattern.search(message)), None)
