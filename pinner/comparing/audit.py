"""`pinner audit` and `pinner api`: check operator data against the modules of an environment, and show what a module defines."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pinner.git.objects.read import Ambiguous, expand_commit, has_commits
from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.pins import require_known
from pinner.locking.requirements import read_requirements
from pinner.model.errors import InputError, Problem, UnknownError
from pinner.model.findings import Finding, drop_ignored, fold_findings
from pinner.model.lock import short_name
from pinner.model.results import Audit, CommitApi
from pinner.model.rules import RULES
from pinner.openstack.catalogue import find_module
from pinner.project.files import resolve
from pinner.puppet.platforms import Platform
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.judge import Context, judge
from pinner.workspace.apis import PinnedApis, read_apis, read_pinned_apis, with_control_code
from pinner.workspace.operator_data import OperatorData, check_package_releases
from pinner.workspace.workspace import Workspace


def audit(
    workspace: Workspace,
    environment: str,
    operator_data: OperatorData,
    *,
    ignore: frozenset[tuple[str, str | None]] = frozenset(),
    modules: frozenset[str] = frozenset(),
    reads_control: bool = False,
) -> Audit:
    """Return what in `operator_data` does not fit the locked modules of an environment.

    `ignore` holds (code, module) pairs of findings to leave out, in addition to those that the manifest
    ignores; None as the module stands for all modules. `modules` are those to report (none: all). With `reads_control`, the control repository's own modules
    are read too. Raises InputError if the environment has no lock, or
    lacks one of the modules.
    """
    (required,) = read_requirements(workspace, (environment,))
    lock = workspace.locks((environment,))[environment]
    if lock is None:
        hint = f"run 'pinner lock {environment}'"
        raise InputError(Problem(f"environment '{environment}' has no lock", hint=hint))
    require_known(modules, (required,), {environment: lock})
    if reads_control:
        operator_data = with_control_code(operator_data, workspace, lock)
    pinned = read_pinned_apis(lock, workspace)
    packages = check_package_releases(operator_data, required.series)
    everything = (*check_operator_data(operator_data, pinned, workspace.platforms), *packages)
    reported = drop_ignored(everything, required.ignored_findings)
    findings = [one for one in reported if not {(one.code, None), (one.code, one.module)} & ignore]
    findings = [one for one in findings if not modules or one.module in modules]
    problems = (*operator_data.problems, *pinned.problems)
    return Audit(
        environment,
        lock,
        modules=len(pinned.apis),
        data_files=len(operator_data.files),
        keys=operator_data.keys,
        code_files=len(operator_data.sites),
        findings=fold_findings(findings),
        problems=problems,
        only=tuple(sorted(modules)),
    )


def check_operator_data(
    operator_data: OperatorData, pinned: PinnedApis, platforms: tuple[Platform, ...]
) -> Iterator[Finding]:
    """Yield the findings about the operator data, and about data and code that could not be read."""
    codebase = make_codebase(pinned.apis, operator_data.definitions)
    context = Context(
        codebase,
        operator_data.options(),
        operator_data.lookups | codebase.lookups,
        operator_data.shows_values,
        operator_data.prefixes,
        operator_data.declared(codebase),
        platforms,
    )
    yield from judge(operator_data.uses(codebase), context)
    for file in operator_data.files:
        if file.refusal:
            yield _finding("hiera-refused", file.refusal)
        yield from (_finding("hiera-flaw", flaw) for flaw in file.flaws)
    for site in operator_data.sites:
        if site.refusal:
            yield _finding("code-unreadable", site.refusal)
    yield from (_finding("hiera-elsewhere", note) for note in operator_data.notes)
    yield from _unpinned_modules(operator_data, codebase.modules | set(pinned.unread))
    for module, reason in pinned.unread.items():
        message = f"module '{module}' is from the Forge: its code is not read, because {reason}"
        hint = "name its git repository under 'modules' in pinner.yaml"
        yield RULES["api-unreadable"].finding(module, message, hint=hint)
    for module, pin in pinned.forge.items():
        message = f"module '{module}' is from the Forge: its code is read at {short_name(pin.ref or '')} of {pin.git}"
        yield RULES["forge-code"].finding(module, message)
    for module, api in pinned.apis.items():
        for unreadable in api.unreadable:
            message = f"{unreadable.path} of module '{module}' could not be read: {unreadable.reason}"
            yield RULES["api-unreadable"].finding(module, message)


def _unpinned_modules(operator_data: OperatorData, known: frozenset[str]) -> Iterator[Finding]:
    """Yield a finding for each module that the data have keys of but that the environment does not pin.

    Modules that are not in the catalogue are left out: they are the site's own.
    """
    keys = (datum.key for file in operator_data.files for datum in file.data if "::" in datum.key)
    counts = Counter(key.removeprefix("::").partition("::")[0] for key in keys)
    for module in sorted(counts.keys() - known):
        if find_module(module, None):
            are = "key is" if counts[module] == 1 else "keys are"
            message = f"{counts[module]} Hiera {are} for module '{module}', which is not pinned here"
            yield RULES["hiera-unpinned"].finding(module, message)


def _finding(code: str, problem: Problem) -> Finding:
    return RULES[code].finding(None, problem.message, hint=problem.hint, place=problem.place)


_COMMIT = re.compile(r"[0-9a-f]{40}")


def read_api(workspace: Workspace, git: str, name: str) -> CommitApi:
    """Return the API of a repository, given by URL, path or the name of its module, at a commit.

    `name` is a commit id or the start of one, a branch or tag, or the whole name of a ref. Nothing is fetched
    if `name` is a whole commit id that the cache has. Raises InputError if the commit does not exist, and
    UnknownError if the repository could not be fetched.
    """
    if Path(git).is_dir():
        url = resolve(Path(git)).as_uri()
    else:
        known = find_module(git, None)
        url = workspace.settings.modules.get(git) or (known.git if known else git)
    cached = workspace.mirrors.open(url)
    if cached and _COMMIT.fullmatch(name) and has_commits(cached, [name]):
        return _api(workspace, cached, name)
    mirror = workspace.mirrors.current(url)
    if isinstance(mirror, SyncFailure):
        raise UnknownError(Problem(mirror.message, hint=mirror.hint))
    return _api(workspace, mirror, _find_commit(mirror, name, workspace))


def _api(workspace: Workspace, mirror: Mirror, commit: str) -> CommitApi:
    read = read_apis({mirror: [commit]}, workspace)
    return CommitApi(mirror.url, commit, read[commit])


def _find_commit(mirror: Mirror, name: str, workspace: Workspace) -> str:
    refs = [
        commit
        for commit in (mirror.refs.commits.get(name), mirror.refs.branch(name), mirror.refs.tag(name))
        if commit
    ]
    if len(set(refs)) > 1:
        hint = f"write 'refs/heads/{name}' or 'refs/tags/{name}'"
        raise InputError(Problem(f"{mirror.url} has a branch and a tag '{name}'", hint=hint))
    if refs:
        return refs[0]
    found = expand_commit(mirror, name)
    if isinstance(found, Ambiguous):
        message = (
            f"'{name}' is ambiguous: the ids of {len(found.candidates)} commits of {mirror.url} start with it"
        )
        raise InputError(Problem(message))
    if found or (_COMMIT.fullmatch(name) and workspace.mirrors.fetch_commit(mirror, name)):
        return found or name
    raise InputError(Problem(f"{mirror.url} has no commit, branch or tag {name!r}"))
