"""Locks of what was imported: where the source says each commit, they are held at just those, and proved as any lock is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pinner.operations.answers import Answers
from pinner.operations.importing.drafting import Draft
from pinner.operations.importing.placed import Placed
from pinner.operations.lock import Outcome, lock_environments
from pinner.operations.resolve import Found
from pinner.operations.wanted import WantedGit, WantedSet
from pinner.operations.workspace import Workspace
from pinner.words.pins import GitPin, Lock
from pinner.words.refs import TAG
from pinner.words.wants import Selector


def is_pinned(draft: Draft) -> bool:
    """Tell whether the source alone says at which commit each module is, so that a lock takes nothing else over."""
    has_commit = any(module.commit for module in draft.modules)
    return has_commit and all(
        module.commit or module.forge or module.selector is Selector.TAG for module in draft.modules
    )


def lock_imported(workspace: Workspace, drafts: Sequence[Draft], answers: Answers) -> tuple[Outcome, ...]:
    """Lock these environments, whose manifests are written, at the commits that their sources say."""
    names = tuple(draft.name for draft in drafts)
    if not names:
        return ()
    wanted_by_name = {wanted.manifest.environment: wanted for wanted in workspace.want(names)}
    said = {draft.name: _said(draft, wanted_by_name[draft.name], answers) for draft in drafts}
    outcomes = lock_environments(workspace, names, said=said, answers=answers)
    return tuple(replace(outcome, before=_before(outcome)) for outcome in outcomes)


def _before(outcome: Outcome) -> Lock | None:
    """Return what a report compares with: there was no lock, and one that is written moves nothing."""
    return outcome.after if outcome.is_written else None


def _said(draft: Draft, wanted: WantedSet, answers: Answers) -> Lock:
    """Return what the source has locked; modules that are wanted by their commit need no such word."""
    pins = dict(_pins(draft.modules, wanted, answers))
    return Lock(draft.name, pins, wanted.manifest.moduledir)


def _pins(modules: tuple[Placed, ...], wanted: WantedSet, answers: Answers) -> Iterator[tuple[str, GitPin]]:
    for module in modules:
        wish = wanted.modules.get(module.name)
        if module.commit is None or not isinstance(wish, WantedGit):
            continue
        answer = answers.answer(wish)
        if isinstance(answer, Found) and wish.want.selector is not Selector.COMMIT:
            yield module.name, _pin(wish, answer, module.commit)


def _pin(wish: WantedGit, answer: Found, commit: str) -> GitPin:
    return GitPin(
        module=wish.module,
        git=wish.git,
        commit=commit,
        ref=_ref(wish, answer, commit),
        want=wish.want,
        install_path=wish.install_path,
        status=answer.status,
        is_module=wish.is_module,
    )


def _ref(wish: WantedGit, answer: Found, commit: str) -> str | None:
    """Return the ref that the commit was taken from: the release's branch, also where only a tag is left of that now."""
    is_past = wish.want.selector is Selector.RELEASE and answer.commit != commit
    return wish.candidates[0].ref if is_past and (answer.ref or "").startswith(TAG) else answer.ref
