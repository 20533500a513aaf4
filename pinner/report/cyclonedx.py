"""A lock's bill of materials as CycloneDX 1.6 JSON (https://cyclonedx.org/docs/1.6/json/).

The same lock makes the same bytes: the serial number comes from the lock id, and there is no date unless one is given.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from pinner import __version__
from pinner.operations.sbom import Bill
from pinner.report.as_json import encode
from pinner.report.purl import absolute, package_url
from pinner.words.pins import ForgePin, GitPin, Pin

SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
_NAMESPACE: Final = UUID("5e1ab2f0-6c9e-5b7e-9a55-70696e6e6572")
"""Of all serial numbers that pinner makes; it was drawn once and must stay."""

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
"""Ids of SPDX that Puppet modules name; every other text is a licence's name, which is always right."""


def cyclonedx(bill: Bill, *, licences: Mapping[str, str], moment: int | None = None) -> str:
    """Return the text of the document.

    `licences` are by module, as written; `moment`, in seconds since 1970, is when the document says that it was made.
    """
    lock = bill.lock
    serial = uuid5(_NAMESPACE, f"{lock.environment}\n{lock.lock_id}")
    return encode(
        {
            "$schema": SCHEMA,
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{serial}",
            "version": 1,
            "metadata": _metadata(bill, moment),
            "components": [_component(pin, licences.get(name)) for name, pin in sorted(lock.pins.items())],
            "dependencies": [
                {"ref": lock.lock_id, "dependsOn": list(bill.direct)},
                *({"ref": module, "dependsOn": list(needs)} for module, needs in bill.needs.items()),
            ],
        }
    )


def _metadata(bill: Bill, moment: int | None) -> Json:
    dated = {} if moment is None else {"timestamp": datetime.fromtimestamp(moment, UTC).isoformat()}
    environment = {
        "type": "application",
        "bom-ref": bill.lock.lock_id,
        "name": bill.lock.environment,
        "version": bill.lock.lock_id,
        "description": "a Puppet environment",
    }
    tool = {"type": "application", "name": "pinner", "version": __version__}
    return {**dated, "tools": {"components": [tool]}, "component": environment}


def _component(pin: Pin, licence: str | None) -> Json:
    """Return one module. Its `bom-ref` is its name, which no other module of the environment has."""
    if isinstance(pin, ForgePin):
        owner, _, name = pin.forge.partition("/")
        kind, about = "library", _forge(pin)
    else:
        owner, _, name = (pin.name or pin.module).replace("/", "-").rpartition("-")
        kind, about = "library" if pin.is_module else "data", _git(pin)
    return {
        "type": kind,
        "bom-ref": pin.module,
        **({"group": owner} if owner else {}),
        "name": name,
        **({"licenses": [{"license": _licence(licence)}]} if licence else {}),
        **about,
    }


def _licence(text: str) -> Json:
    return {"id" if text in LICENCES else "name": text}


def _forge(pin: ForgePin) -> Json:
    return {
        "version": pin.version,
        "purl": package_url(pin),
        "properties": _properties({"install_path": pin.install_path}),
    }


def _git(pin: GitPin) -> Json:
    facts = {"install_path": pin.install_path, "ref": pin.ref, "status": pin.status}
    url = absolute(pin.git)
    return {
        "version": pin.version or pin.commit,
        "purl": package_url(pin),
        "pedigree": {"commits": [{"uid": pin.commit}]},
        "externalReferences": [{"type": "vcs", "url": url, "comment": f"commit {pin.commit}"}],
        "properties": _properties(facts),
    }


def _properties(facts: Mapping[str, str | None]) -> list[Json]:
    return [{"name": f"pinner:{name}", "value": value} for name, value in facts.items() if value is not None]
