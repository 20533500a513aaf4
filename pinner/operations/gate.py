"""What upstream's gate runs beside OpenStack's own modules: the Puppetfile of puppet-openstack-integration.

It is read at the ref of the release. Where that cannot be done, the facts packaged with pinner stand in for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pinner.git.mirrors import Mirror
from pinner.git.objects import read_files
from pinner.openstack.catalogue import (
    ExternalPin,
    ModuleEntry,
    find_module,
    integration_pins,
    ref_candidates,
)
from pinner.openstack.series import Series
from pinner.operations.answers import Answers
from pinner.operations.wanted import Rule, WantedGit
from pinner.words.findings import Finding
from pinner.words.places import Place
from pinner.words.wants import Selector, Want

URL = "https://opendev.org/openstack/puppet-openstack-integration"
PUPPETFILE = "Puppetfile"
MAX_BYTES = 1024 * 1024

# Raised when the reader of Puppetfiles learns something new.
READER = "gate-1"


@dataclass(frozen=True, slots=True)
class Gate:
    """The third-party modules that the gate runs for a release, by name.

    `flaw` says why they could not be read from upstream, so that they are the packaged ones; None if they were.
    """

    pins: Mapping[str, ExternalPin]
    flaw: str | None = None


def read_gate(series: Series, answers: Answers) -> Gate:
    """Return what the gate runs for a series; its repository is asked unless it was already."""
    answers.ask([URL])
    answer = answers.answer(_wanted(series))
    if isinstance(answer, Finding):
        return _packaged(series, answer.message.partition(": ")[2])
    mirror = answers.mirror(URL)
    pins = _recall(answer.commit, mirror, answers) if mirror else ()
    if not pins:
        return _packaged(series, f"there is no {PUPPETFILE} that can be read at {answer.ref} of {URL}")
    foreign = (pin for pin in pins if not isinstance(find_module(pin.name, series), ModuleEntry))
    return Gate({pin.name: pin for pin in foreign})


def _wanted(series: Series) -> WantedGit:
    return WantedGit(
        module="openstack_integration",
        place=Place(URL),
        rule=Rule.INTEGRATION,
        git=URL,
        want=Want(Selector.RELEASE, series.id),
        install_path="",
        series=series,
        candidates=ref_candidates(URL, series),
    )


def _packaged(series: Series, flaw: str) -> Gate:
    return Gate({pin.name: pin for pin in integration_pins(series)}, flaw)


def _recall(commit: str, mirror: Mirror, answers: Answers) -> tuple[ExternalPin, ...]:
    memory = answers.workspace.memory
    if commit in (remembered := memory.recall(READER, [commit])):
        return tuple(ExternalPin(*row) for row in json.loads(remembered[commit]))
    pins = _read(commit, mirror)
    rows = [[pin.name, pin.git, pin.ref] for pin in pins]
    memory.remember(READER, {commit: json.dumps(rows, separators=(",", ":"))})
    return pins


def _read(commit: str, mirror: Mirror) -> tuple[ExternalPin, ...]:
    from pinner.operations.gate_puppetfile import read_pins  # noqa: PLC0415 - reads Ruby: start-up would feel it

    content = read_files(mirror, [(commit, PUPPETFILE)], max_bytes=MAX_BYTES)[commit, PUPPETFILE]
    return read_pins(content) if isinstance(content, bytes) else ()
