"""Determine the content of environments from their locks and the control repository; writes nothing."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from posixpath import normpath

from pinner.deploying.environment_files import module_directories
from pinner.deploying.generate import own_branch, read_locked
from pinner.deploying.versions.content import ROOT, Content, Plan, Source
from pinner.git.objects.read import TooLarge, read_files
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.model.control import ENVIRONMENT_CONF, ControlFile, Layout, own_module_directories
from pinner.model.deployment import module_versions
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.findings import Finding
from pinner.model.lock import ForgePin, GitPin, Lock, short_name
from pinner.model.rules import RULES
from pinner.puppet.puppetfile.writer import HEADER_MARK
from pinner.workspace.locks import ForgeCode, find_forge_code, hold_pins, tree_ids
from pinner.workspace.workspace import Workspace

_FETCH = "run without --offline, and check that the repository still has that commit"
_MOST_BYTES = 1024 * 1024


def read_plans(
    workspace: Workspace, environments: tuple[str, ...], *, types: str | None = None
) -> tuple[Plan, ...]:
    """Return the plans of the named environments (none: all).

    `types` is the version of Puppet that will generate types. Remotes are contacted for commits that the cache
    lacks, and for the control repository. Raises InputError if a lock is missing or stale, if the control
    repository lacks a branch, or if the code of a Forge module cannot be had from git; UnknownError if a
    commit is not available.
    """
    locked = read_locked(workspace, environments)
    locks = {each.lock.environment: each.lock for each in locked}
    forge = find_forge_code((pin for lock in locks.values() for pin in lock.pins.values()), workspace)
    pins = {name: tuple(_git_pins(lock, forge)) for name, lock in locks.items()}
    mirrors = _hold((pin for some in pins.values() for pin in some), workspace)
    control = _control(workspace, tuple(locks))
    sources = {
        name: {
            **({ROOT: control[name]} if name in control else {}),
            **{
                normpath(f"{pin.install_path}/{pin.module}"): Source(mirrors[pin.commit], pin.commit)
                for pin in some
            },
        }
        for name, some in pins.items()
    }
    mirrors = {source.commit: source.mirror for some in sources.values() for source in some.values()}
    trees = tree_ids(mirrors, workspace)
    plans = []
    for each in locked:
        name = each.lock.environment
        files, findings = _own_files(own_branch(each).files, control.get(name), locks[name])
        content = Content(
            environment=name,
            lock_id=locks[name].lock_id,
            modules=module_versions(locks[name]),
            trees={path: trees[source.commit] for path, source in sources[name].items()},
            files={file.path: file for file in files},
            control=control[name].commit if name in control else None,
            types=types,
        )
        found = (*_forge_findings(locks[name], forge), *findings)
        plans.append(Plan(content, sources[name], found))
    return tuple(plans)


def _git_pins(lock: Lock, forge: ForgeCode) -> Iterator[GitPin]:
    """Yield the git pins of a lock, those that stand for Forge modules included."""
    refused = {
        pin: why
        for pin in lock.pins.values()
        if isinstance(pin, ForgePin) and (why := forge.reasons.get(pin))
    }
    if refused:
        hint = (
            "deploy this environment with r10k ('pinner generate'), or pin the module by its git repository"
        )
        raise InputError(
            Problem(
                f"environment '{lock.environment}': module '{pin.module}' comes from the Forge, and {why}",
                hint=hint,
            )
            for pin, why in refused.items()
        )
    for pin in lock.pins.values():
        found = forge.pin(pin)
        if isinstance(found, GitPin):
            yield found if found is pin else replace(found, install_path=pin.install_path)


def _hold(pins: Iterable[GitPin], workspace: Workspace) -> Mapping[str, Mirror]:
    """Return commit to the mirror that has it; raises UnknownError with all pins whose commit none has."""
    pins = tuple(pins)
    wanted = {(pin.module, pin.git, pin.commit) for pin in pins}
    holdings = hold_pins(pins, workspace)
    held = {commit: holdings[git].with_commits(commit) for _, git, commit in wanted}
    if lacking := sorted(row for row in wanted if held[row[2]] is None):
        raise UnknownError(
            Problem(f"module '{module}': commit {commit} of {git} is not available", hint=_FETCH)
            for module, git, commit in lacking
        )
    return {commit: mirror for commit, mirror in held.items() if mirror}


def _control(workspace: Workspace, environments: tuple[str, ...]) -> Mapping[str, Source]:
    """Return the newest commit of the control repository for each environment; empty if none is set.

    With the layout `branches`, each environment has its own branch; otherwise all share one.
    """
    settings = workspace.settings
    url = settings.control_repo
    if url is None:
        return {}
    mirror = workspace.mirrors.current(url)
    if isinstance(mirror, SyncFailure):
        raise UnknownError(Problem(f"control repository: {mirror.message}", hint=mirror.hint))
    has_own = settings.layout is Layout.BRANCHES
    branches = {name: name if has_own else settings.control_branch for name in environments}
    tips = {name: mirror.refs.branch(branch) for name, branch in branches.items()}
    if lacking := sorted({branches[name] for name, tip in tips.items() if tip is None}):
        hint = "make the branch ('pinner publish'), or correct 'layout' and 'control_branch' in pinner.yaml"
        raise InputError(
            Problem(f"the control repository has no branch '{name}'", hint=hint) for name in lacking
        )
    return {name: Source(mirror, tip) for name, tip in tips.items() if tip}


def _own_files(
    files: tuple[ControlFile, ...], control: Source | None, lock: Lock
) -> tuple[tuple[ControlFile, ...], tuple[Finding, ...]]:
    """Return the generated files without those that the control repository has of its own, and findings about these.

    A file with pinner's header is one of pinner's own, and is replaced.
    """
    if control is None:
        return files, ()
    requests = [(control.commit, file.path) for file in files]
    there = read_files(control.mirror, requests, max_bytes=_MOST_BYTES)
    texts = {path: b"" if isinstance(text, TooLarge) else text for (_, path), text in there.items()}
    kept = {
        path: text for path, text in texts.items() if text is not None and HEADER_MARK.encode() not in text
    }
    findings = []
    for path, text in kept.items():
        message = f"'{path}' of the control repository is deployed instead of a generated one"
        if path == ENVIRONMENT_CONF:
            on_path = own_module_directories(text.decode(errors="replace"))
            lacking = [name for name in module_directories(lock) if name not in on_path]
            if lacking:
                message += f", and its modulepath lacks '{lacking[0]}'"
        findings.append(RULES["deploy-own-file"].finding(None, message, hint=_OWN_FILE))
    return tuple(file for file in files if file.path not in kept), tuple(findings)


_OWN_FILE = "remove it from the control repository, or make sure that it fits the lock"


def _forge_findings(lock: Lock, forge: ForgeCode) -> Iterator[Finding]:
    for pin in lock.pins.values():
        if isinstance(pin, ForgePin):
            found = forge.pins[pin]
            message = f"its code is that of {short_name(found.ref or '')} in {found.git}"
            yield RULES["deploy-forge"].finding(pin.module, message)
