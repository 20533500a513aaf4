"""Third-party modules as upstream's gate runs them, added to drafts of locks step by step, each remote asked once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pinner.openstack.catalogue import ExternalPin
from pinner.openstack.series import Series
from pinner.operations.answers import Answers
from pinner.operations.drafts import Draft, describe_drafts, redraft, widened
from pinner.operations.externals import external_wants, gate_want, homeless, is_done_without, kept_externals
from pinner.operations.gate import URL, Gate, read_gate
from pinner.operations.inspection import of_modules
from pinner.operations.pinning import Moves
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.words.findings import Finding, Level
from pinner.words.manifests import Externals
from pinner.words.metadata import Metadata
from pinner.words.pins import Lock
from pinner.words.places import Place
from pinner.words.wants import Selector, Want


def gate_urls(sets: Iterable[WantedSet], moves: Moves) -> tuple[str, ...]:
    """Return what must be asked beside the modules' own repositories: upstream's gate, where a manifest follows it."""
    follows = any(
        wanted.manifest.externals is Externals.INTEGRATION
        and wanted.series
        and (
            not moves.modules or any(_is_moved_external(module, moves) for module in wanted.modules.values())
        )
        for wanted in sets
    )
    return (URL,) if follows else ()


def _is_moved_external(module: object, moves: Moves) -> bool:
    return (
        isinstance(module, WantedGit) and bool(module.required_by) and module.module in (moves.modules or ())
    )


def with_moved_externals(wanted: WantedSet, moves: Moves, answers: Answers) -> WantedSet:
    """Return what is wanted with the named third-party modules as upstream's gate runs them now."""
    if wanted.manifest.externals is not Externals.INTEGRATION or wanted.series is None:
        return wanted
    moved = [
        module
        for module in wanted.modules.values()
        if isinstance(module, WantedGit) and _is_moved_external(module, moves)
    ]
    gate = read_gate(wanted.series, answers).pins if moved else {}
    extra = {
        module.module: _settled(gate_want(wanted, pin, pin.ref, module.required_by), answers)
        for module in moved
        if (pin := gate.get(module.module)) and pin.ref
    }
    return widened(wanted, extra)


@dataclass(slots=True)
class _Gates:
    """What the gate runs for each release, read once a run; and which releases nobody could read it for."""

    answers: Answers
    moves: Moves
    _gates: dict[Series, Gate] = field(default_factory=dict)

    def gate(self, series: Series) -> Gate:
        if series not in self._gates:
            self._gates[series] = read_gate(series, self.answers)
        return self._gates[series]

    def pins(self, wanted: WantedSet) -> Mapping[str, ExternalPin]:
        return self.gate(wanted.series).pins if wanted.series else {}

    def kept(self, wanted: WantedSet, before: Lock | None) -> Mapping[str, WantedGit]:
        """Return what stays: everything for `lock`, and for `update` what upstream cannot be asked about."""
        is_known = wanted.series is not None and self.gate(wanted.series).flaw is None
        return {} if self.moves.modules is not None and is_known else kept_externals(wanted, before)


def with_gate(drafts: list[Draft], moves: Moves, answers: Answers) -> list[Draft]:
    """Add what the pinned modules require and the gate pins, and what that requires in turn, until nothing is left."""
    gates = _Gates(answers, moves)
    told: set[Series] = set()
    while True:
        drafts, metadata = describe_drafts(drafts, answers)
        extras = [_wants(draft, metadata, gates) for draft in drafts]
        answers.ask(module.git for extra in extras for module in extra.values())
        found = [_with_homes(draft, extra, answers) for draft, extra in zip(drafts, extras, strict=True)]
        extras = [extra for _, extra in found]
        drafts = [_with_note(draft, extra, gates, told) for draft, extra in found]
        if not any(extras):
            return drafts
        drafts = [
            redraft(draft, widened(draft.wanted, extra), moves, answers) if extra else draft
            for draft, extra in zip(drafts, extras, strict=True)
        ]


def _wants(draft: Draft, metadata: Mapping[str, Metadata], gates: _Gates) -> Mapping[str, WantedGit]:
    if draft.after is None or draft.wanted.manifest.externals is not Externals.INTEGRATION:
        return {}
    return external_wants(
        draft.wanted,
        draft.after.pins,
        of_modules(draft.after, metadata),
        gate=gates.pins(draft.wanted),
        kept=gates.kept(draft.wanted, draft.before),
    )


def _with_note(draft: Draft, extra: Mapping[str, WantedGit], gates: _Gates, told: set[Series]) -> Draft:
    """Note, once a release and run, that packaged facts stand in for what upstream's gate runs."""
    series = draft.wanted.series
    kept = kept_externals(draft.wanted, draft.before) if gates.moves.modules is None else {}
    if series is None or series in told or not extra.keys() - kept.keys() or not gates.gate(series).flaw:
        return draft
    told.add(series)
    message = (
        f"third-party modules of release {series} are pinned as pinner's own facts have them, because what upstream's gate "
        f"runs could not be read: {gates.gate(series).flaw}"
    )
    note = Finding(Level.INFO, "gate-unread", None, message, None, Place(draft.wanted.manifest.path))
    return replace(draft, notes=(*draft.notes, note))


def _with_homes(
    draft: Draft, extra: Mapping[str, WantedGit], answers: Answers
) -> tuple[Draft, Mapping[str, WantedGit]]:
    """Leave out, and note, what the gate runs but whose repository is gone."""
    gone = [module for module in extra.values() if is_done_without(module, draft.before, answers)]
    notes = tuple(dict.fromkeys((*draft.notes, *(homeless(module, answers) for module in gone))))
    rest = {name: _settled(module, answers) for name, module in extra.items() if module not in gone}
    return replace(draft, notes=notes), rest


def _settled(module: WantedGit, answers: Answers) -> WantedGit:
    """Return the want with a branch for what only a branch is called: a Puppetfile does not tell the two apart."""
    answers.ask([module.git])
    mirror = answers.mirror(module.git)
    name = module.want.value
    if mirror is None or module.want.selector is not Selector.TAG or mirror.refs.tag(name):
        return module
    return replace(module, want=Want(Selector.BRANCH, name)) if mirror.refs.branch(name) else module
