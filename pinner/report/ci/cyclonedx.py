"""SBOMs in CycloneDX format, with package URLs.

The same lock produces the same bytes: the serial number comes from the lock id, and the document has a date
only if one is given.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID, uuid5

from pinner import __version__
from pinner.model.lock import ForgePin, GitPin, Pin
from pinner.model.results import Bill
from pinner.report.json.encoding import encode

_HOSTED: Final = {"github.com": "github", "bitbucket.org": "bitbucket"}
"""Hosts with a purl type of their own: `pkg:github/<owner>/<name>@<commit>`, owner and name in lower case."""

_SHORT_SSH: Final = re.compile(r"(?P<login>[^/@:]+@[^/:]+):(?P<path>.+)")


def package_url(pin: Pin) -> str:
    """Return the package URL of a pin; for a git module it has the commit, whatever version is claimed."""
    if isinstance(pin, ForgePin):
        return f"pkg:puppet/{pin.forge}@{_quoted(pin.version)}"
    parts = urlsplit(absolute(pin.git))
    path = parts.path.removesuffix("/").removesuffix(".git")
    segments = [unquote(segment) for segment in path.split("/") if segment]
    kind = _HOSTED.get((parts.hostname or "").lower())
    if kind and len(segments) == len(("owner", "name")):
        return f"pkg:{kind}/{'/'.join(map(_quoted, segments)).lower()}@{pin.commit}"
    return f"pkg:generic/{_quoted(segments[-1])}@{pin.commit}?vcs_url={_quoted(location(pin))}"


def location(pin: GitPin) -> str:
    """Return where the pinned code is, as SPDX writes it: `git+https://host/path@<commit>`."""
    return f"git+{absolute(pin.git)}@{pin.commit}"


def absolute(git: str) -> str:
    """Return a git URL with a scheme, which ssh's short form and absolute paths do not have."""
    if git.startswith("/"):
        return f"file://{git}"
    short = None if "://" in git else _SHORT_SSH.fullmatch(git)
    return f"ssh://{short['login']}/{short['path'].lstrip('/')}" if short else git


def _quoted(text: str) -> str:
    """Return a part of a purl, percent-encoded except for letters, digits, `.-_~`, `:` and `/`."""
    return quote(text, safe=":/")


SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_NAMESPACE: Final = UUID("5e1ab2f0-6c9e-5b7e-9a55-70696e6e6572")
"""The namespace of all serial numbers that pinner makes; it was chosen at random and must not change."""

Json = dict[str, Any]


LICENCES: Final = frozenset(
    {
        *("AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-1.1", "Apache-2.0", "Artistic-2.0", "BSD-2-Clause"),
        *(
            "BSD-3-Clause",
            "CC0-1.0",
            "EPL-1.0",
            "EPL-2.0",
            "GPL-2.0",
            "GPL-2.0+",
            "GPL-2.0-only",
            "GPL-2.0-or-later",
        ),
        *("GPL-3.0", "GPL-3.0+", "GPL-3.0-only", "GPL-3.0-or-later", "ISC", "LGPL-2.1", "LGPL-2.1-only"),
        *("LGPL-3.0", "LGPL-3.0-only", "MIT", "MPL-2.0", "Unlicense", "WTFPL", "Zlib"),
    }
)
"""SPDX ids that Puppet modules use; any other text is written as a licence's name, which is always valid."""


def cyclonedx(bill: Bill, *, licences: Mapping[str, str], moment: int | None = None) -> str:
    """Return the text of the document.

    `licences` are by module, as written; `moment` is the document's date, in seconds since 1970.
    """
    lock = bill.lock
    serial = uuid5(_NAMESPACE, f"{lock.environment}\n{lock.lock_id}")
    dated = {} if moment is None else {"timestamp": datetime.fromtimestamp(moment, UTC).isoformat()}
    tool = {"type": "application", "name": "pinner", "version": __version__}
    environment = {
        "type": "application",
        "bom-ref": lock.lock_id,
        "name": lock.environment,
        "version": lock.lock_id,
        "description": "a Puppet environment",
    }
    return encode(
        {
            "$schema": SCHEMA,
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{serial}",
            "version": 1,
            "metadata": {**dated, "tools": {"components": [tool]}, "component": environment},
            "components": [
                *(_component(pin, licences.get(name)) for name, pin in sorted(lock.pins.items())),
                *(_runtime(name, version) for name, version in bill.runtimes.items()),
            ],
            "dependencies": [
                {"ref": lock.lock_id, "dependsOn": [*bill.direct, *map(_reference, bill.runtimes)]},
                *({"ref": module, "dependsOn": list(needs)} for module, needs in bill.needs.items()),
                *({"ref": _reference(name), "dependsOn": []} for name in bill.runtimes),
            ],
        }
    )


def _runtime(name: str, version: str) -> Json:
    """Return Puppet or OpenVox, which are Ruby gems of these names."""
    purl = f"pkg:gem/{name}@{version}"
    return {"type": "platform", "bom-ref": _reference(name), "name": name, "version": version, "purl": purl}


def _reference(runtime: str) -> str:
    """Return the `bom-ref` of Puppet or OpenVox; a module may be named `puppet`, but never like this."""
    return f"runtime:{runtime}"


def _component(pin: Pin, licence: str | None) -> Json:
    """Return one module; its `bom-ref` is its name, which is unique in the environment."""
    if isinstance(pin, ForgePin):
        owner, _, name = pin.forge.partition("/")
        properties: dict[str, str | None] = {"install_path": pin.install_path}
        source: Json = {"version": pin.version, "purl": package_url(pin)}
    else:
        owner, _, name = (pin.name or pin.module).replace("/", "-").rpartition("-")
        properties = {"install_path": pin.install_path, "ref": pin.ref, "status": pin.status}
        vcs = {"type": "vcs", "url": absolute(pin.git), "comment": f"commit {pin.commit}"}
        source = {
            "version": pin.version or pin.commit,
            "purl": package_url(pin),
            "pedigree": {"commits": [{"uid": pin.commit}]},
            "externalReferences": [vcs],
        }
    return {
        "type": "library" if isinstance(pin, ForgePin) or pin.is_module else "data",
        "bom-ref": pin.module,
        **({"group": owner} if owner else {}),
        "name": name,
        **(
            {"licenses": [{"license": {"id" if licence in LICENCES else "name": licence}}]} if licence else {}
        ),
        **source,
        "properties": [
            {"name": f"pinner:{key}", "value": value}
            for key, value in properties.items()
            if value is not None
        ],
    }
