"""New manifests tried out in a directory of their own: read back as `lock` reads them, and locked, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pinner.operations.answers import Answers
from pinner.operations.importing.drafting import Draft, Wish
from pinner.operations.importing.locking import lock_imported
from pinner.operations.lock import Outcome
from pinner.operations.wanted import WantedForge, WantedSet, want_modules
from pinner.operations.workspace import Workspace
from pinner.project.layout import Project
from pinner.project.manifest import read_manifests
from pinner.words.problems import InputError


@dataclass(frozen=True, slots=True)
class Trial:
    """How it went: `locks` are the texts of those that could be written, by environment."""

    outcomes: tuple[Outcome, ...]
    locks: Mapping[str, str]


def try_out(
    workspace: Workspace,
    texts: Mapping[str, str],
    drafts: Sequence[Draft],
    answers: Answers,
    *,
    to_lock: Sequence[Draft],
) -> Trial:
    """Read the manifests (name to text) back, and lock those of `to_lock`; nothing of it is left on the disk.

    Raises InputError with what is wrong in a text.
    """
    with TemporaryDirectory(prefix="pinner-import-") as directory:
        project = Project(Path(directory).resolve(), workspace.project.prefix)
        project.environments.mkdir()
        for name, text in texts.items():
            project.manifest(name).write_text(text, encoding="utf-8")
        _prove(workspace, project, drafts)
        outcomes = lock_imported(replace(workspace, project=project), to_lock, answers)
        names = [outcome.environment for outcome in outcomes if outcome.is_written]
        return Trial(outcomes, {name: project.lock(name).read_text(encoding="utf-8") for name in names})


def _prove(workspace: Workspace, project: Project, drafts: Sequence[Draft]) -> None:
    """Raise where a manifest is no good, or does not say what its draft means (which is a bug)."""
    read = read_manifests(project)
    sets = [want_modules(manifest, workspace.settings) for manifest in read.manifests]
    if problems := [*read.problems, *(problem for wanted in sets for problem in wanted.problems)]:
        raise InputError(problems)
    wanted_by_name = {wanted.manifest.environment: wanted for wanted in sets}
    for draft in drafts:
        if _wishes(wanted_by_name[draft.name]) != draft.wishes:
            message = f"the manifest of {draft.name} does not say what was found"
            raise AssertionError(message)


def _wishes(wanted: WantedSet) -> Mapping[str, Wish]:
    return {
        name: Wish(f"forge:{module.forge}", module.version, module.install_path, is_module=True)
        if isinstance(module, WantedForge)
        else Wish(module.git, module.want, module.install_path, module.is_module)
        for name, module in wanted.modules.items()
    }
