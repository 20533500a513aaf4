"""The `import` command: plan manifests and locks, prove them in a temporary project, and write them.

What several environments share goes to a base.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pinner.adopting.place import (
    PlacedEnvironment,
    PlacedModule,
    carries,
    follows,
    homes_to_fetch,
    infer_release,
    is_at_home,
    is_openstacks,
    leave_dead_forks,
    place_modules,
    recognise,
    report_missing,
    report_moved,
    report_unfetched,
    restore_commits,
    with_names,
)
from pinner.adopting.puppetfiles import join_environments, overlay_environments
from pinner.adopting.sources import read_source, select_modules
from pinner.git.mirrors.metadata import temporary_directory
from pinner.locking.lock import lock_environments
from pinner.locking.requirements import (
    EnvironmentRequirements,
    ForgeRequirement,
    GitRequirement,
    read_requirements,
    requirements_of,
)
from pinner.locking.resolve import Progress, RefResolver, fetch_all
from pinner.model.errors import InputError, Location, Problem, UnknownError
from pinner.model.findings import EnvironmentResult, Level
from pinner.model.lock import TAG, GitPin, Lock, ResolvedRef, Selector, SelectorKind, Series
from pinner.model.manifest import FoundSources, Settings
from pinner.model.text import quoted
from pinner.project.files import FileChange, Project, list_environments, write_together
from pinner.project.manifest.lock import LONGEST
from pinner.project.manifest.read import SELECTORS, ManifestLoader, extended, read_manifests
from pinner.project.yaml.edit import ModuleGroup, NewManifest, NewModule, render_manifest
from pinner.project.yaml.schema import check_line, check_prose
from pinner.puppet.names import check_moduledir
from pinner.workspace.workspace import Workspace

DEFAULT_MODULEDIR = "modules"


@dataclass(frozen=True, slots=True)
class ModuleChoice:
    """What the written manifest must require when read back; `where` is a git URL or `forge:owner/module`."""

    where: str
    want: Selector | str
    install_path: str
    is_module: bool


@dataclass(frozen=True, slots=True)
class ManifestDraft:
    """One environment before it is written as a manifest.

    `own` names OpenStack's own modules among its overrides. `left_out` are the problems of what is missing in
    it, `ignored` the findings that the manifest ignores, `remarks` the comments at its top.
    """

    name: str
    source: str
    modules: tuple[PlacedModule, ...]
    release: Series | None
    openstack: tuple[str, ...]
    overrides: Mapping[str, NewModule]
    own: frozenset[str]
    wishes: Mapping[str, ModuleChoice]
    description: str | None
    owners: tuple[str, ...]
    moduledir: str
    modulepath: tuple[str, ...]
    left_out: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def draft_manifest(
    placed: PlacedEnvironment, settings: Settings, *, left_out: Sequence[Problem] = ()
) -> ManifestDraft:
    """Return the draft of an environment's manifest."""
    found = placed.found
    release = recognise(found, placed.modules)
    modules = sorted(placed.modules, key=lambda module: module.name)
    is_listed = {module.name: follows(module, release, settings) for module in modules}
    rest = [module for module in modules if not is_listed[module.name]]
    notes = list(_unfit(placed))
    moduledir = found.moduledir if check_moduledir(found.moduledir) is None else DEFAULT_MODULEDIR
    return ManifestDraft(
        name=found.name,
        source=found.source,
        modules=tuple(modules),
        release=release,
        openstack=tuple(name for name, listed in is_listed.items() if listed),
        overrides={module.name: _override(module, release, settings) for module in rest},
        own=frozenset(module.name for module in rest if is_openstacks(module)),
        wishes={
            module.name: ModuleChoice(
                f"forge:{module.forge}" if module.forge else module.git or "",
                _selector_of(module, settings),
                module.install_path or moduledir,
                module.is_module,
            )
            for module in modules
        },
        description=found.description
        if found.description and not check_prose(found.description) and found.description.strip()
        else None,
        owners=tuple(dict.fromkeys(owner for owner in found.owners if check_line(owner) is None)),
        moduledir=moduledir,
        modulepath=found.modulepath,
        left_out=tuple(left_out),
        notes=tuple(notes),
        remarks=found.remarks,
    )


def _unfit(placed: PlacedEnvironment) -> Iterator[Problem]:
    """Yield a note for each property of the environment itself that a manifest cannot hold."""
    found = placed.found
    place = Location(placed.modules[0].place.path) if placed.modules else None
    if check_moduledir(found.moduledir):
        message = f"the moduledir {quoted(found.moduledir)} is not a directory inside an environment: it becomes '{DEFAULT_MODULEDIR}'"
        yield Problem(message, place, "r10k uses another directory only if its own settings allow it")
    for text in (*([found.description] if found.description else []), *found.owners):
        if check_prose(text):
            yield Problem(f"{quoted(text)} is omitted: it is not valid in a manifest", place)


def _selector_of(module: PlacedModule, settings: Settings) -> Selector | str:
    if module.forge is not None:
        return module.forge_version
    if module.series is not None and carries(module, module.series, settings):
        return Selector(SelectorKind.RELEASE, module.series.id)
    return Selector(module.selector or SelectorKind.COMMIT, module.value)


def _override(module: PlacedModule, release: Series | None, settings: Settings) -> NewModule:
    want = _selector_of(module, settings)
    fields: list[tuple[str, str]] = []
    if isinstance(want, str):
        fields += [("forge", module.forge or ""), ("version", want)]
    else:
        carried = module.series if want.selector is SelectorKind.RELEASE else release
        fields += [] if is_at_home(module, carried, settings) else [("git", module.git or "")]
        fields.append((want.selector.value, want.value))
    if module.install_path:
        fields.append(("install_path", module.install_path))
    if not module.is_module:
        fields.append(("module", "false"))
    comment = f"from {module.was}" if module.was else "follows the branch" if module.floats else None
    return NewModule(module.name, tuple(fields), comment)


_ENOUGH = 2
_THIRD_PARTY = "third-party modules"
_SELECTORS = frozenset((*SELECTORS, "as_of"))


@dataclass(frozen=True, slots=True)
class Shared:
    """What all environments have in common; their own manifests do not repeat it."""

    release: str | None
    openstack: tuple[str, ...]
    modules: Mapping[str, NewModule]
    own: frozenset[str]
    owners: tuple[str, ...]
    moduledir: str | None


def write_manifests(drafts: Sequence[ManifestDraft], base: str) -> tuple[NewManifest, ...]:
    """Return the manifests; if the environments share enough, a base named `base` comes first."""
    shared = _share(drafts)
    if shared is None:
        return tuple(_manifest(draft) for draft in drafts)
    common = NewManifest(
        name=base,
        remarks=("What the imported environments share.",),
        owners=shared.owners,
        release=shared.release,
        openstack=shared.openstack,
        groups=_groups(shared.modules, shared.own),
        moduledir=shared.moduledir,
    )
    return (common, *(_above(draft, shared, base) for draft in drafts))


def _share(drafts: Sequence[ManifestDraft]) -> Shared | None:
    if len(drafts) < _ENOUGH:
        return None
    first = drafts[0]
    openstack = first.openstack if all(draft.openstack == first.openstack for draft in drafts) else ()
    modules = dict(_common_modules(drafts))
    if not openstack and not modules:
        return None
    releases = {draft.release.id if draft.release else None for draft in drafts}
    return Shared(
        release=releases.pop() if len(releases) == 1 else None,
        openstack=openstack,
        modules=modules,
        own=frozenset(name for draft in drafts for name in draft.own),
        owners=first.owners if all(draft.owners == first.owners for draft in drafts) else (),
        moduledir=_moduledir(first) if len({draft.moduledir for draft in drafts}) == 1 else None,
    )


def _common_modules(drafts: Sequence[ManifestDraft]) -> Iterator[tuple[str, NewModule]]:
    """Yield the overrides that all environments have and that at least two share.

    The others may differ only in the ref.
    """
    for name in drafts[0].overrides:
        entries = [draft.overrides[name] for draft in drafts if name in draft.overrides]
        # All fields of a Forge module; of another, those that are no ref.
        compared = {
            tuple(
                field
                for field in entry.fields
                if field[0] not in _SELECTORS or any(key == "forge" for key, _ in entry.fields)
            )
            for entry in entries
        }
        if len(entries) < len(drafts) or len(compared) > 1:
            continue
        most, count = Counter(entries).most_common(1)[0]
        if count >= _ENOUGH:
            yield name, most


def _manifest(draft: ManifestDraft) -> NewManifest:
    files = " and ".join(dict.fromkeys(module.place.path for module in draft.modules))
    left_out = [f"  {problem.place}: {problem.message}" for problem in draft.left_out]
    heading = ["Omitted, because it could not be imported:"] if left_out else []
    return NewManifest(
        name=draft.name,
        remarks=(f"Imported from {files}.", *draft.remarks),
        description=draft.description,
        owners=draft.owners,
        release=draft.release.id if draft.release else None,
        openstack=draft.openstack,
        groups=_groups(draft.overrides, draft.own),
        moduledir=_moduledir(draft),
        modulepath=draft.modulepath,
        ignored=draft.ignored,
        left_out=(*heading, *left_out),
    )


def _above(draft: ManifestDraft, shared: Shared, base: str) -> NewManifest:
    """Return the manifest of an environment that extends the base, with only what differs."""
    whole = _manifest(draft)
    differing = {
        name: module
        if name not in shared.modules
        else replace(module, fields=tuple(field for field in module.fields if field[0] in _SELECTORS))
        for name, module in draft.overrides.items()
        if module != shared.modules.get(name)
    }
    return replace(
        whole,
        extends=base,
        owners=() if shared.owners else whole.owners,
        release=None if shared.release else whole.release,
        openstack=() if shared.openstack else whole.openstack,
        groups=_groups(differing, draft.own),
        moduledir=None if shared.moduledir else whole.moduledir,
    )


def _groups(modules: Mapping[str, NewModule], own: frozenset[str]) -> tuple[ModuleGroup, ...]:
    ours = tuple(module for name, module in sorted(modules.items()) if name in own)
    others = tuple(module for name, module in sorted(modules.items()) if name not in own)
    return ModuleGroup(ours), ModuleGroup(others, _THIRD_PARTY if ours and others else None)


def _moduledir(draft: ManifestDraft) -> str | None:
    return None if draft.moduledir == DEFAULT_MODULEDIR else draft.moduledir


def is_pinned(draft: ManifestDraft) -> bool:
    """Return whether the source alone determines each module's commit, so that a lock takes nothing else."""
    has_commit = any(module.commit for module in draft.modules)
    return has_commit and all(
        module.commit or module.forge or module.selector is SelectorKind.TAG for module in draft.modules
    )


def lock_imported(
    workspace: Workspace, drafts: Sequence[ManifestDraft], resolver: RefResolver
) -> tuple[EnvironmentResult, ...]:
    """Lock these environments, whose manifests are written, at the commits in their sources."""
    names = tuple(draft.name for draft in drafts)
    if not names:
        return ()
    wanted_by_name = {wanted.manifest.environment: wanted for wanted in read_requirements(workspace, names)}
    previous = {}
    for draft in drafts:  # modules required by their commit are left out
        wanted = wanted_by_name[draft.name]
        pins = dict(_pins(draft.modules, wanted, resolver))
        previous[draft.name] = Lock(draft.name, pins, wanted.manifest.moduledir)
    outcomes = lock_environments(workspace, names, previous=previous, resolver=resolver)
    # There was no lock before: a written one is compared with itself, so that reports show no changed pins.
    return tuple(
        replace(outcome, before=outcome.after if outcome.is_written else None) for outcome in outcomes
    )


def _pins(
    modules: tuple[PlacedModule, ...], wanted: EnvironmentRequirements, resolver: RefResolver
) -> Iterator[tuple[str, GitPin]]:
    for module in modules:
        wish = wanted.modules.get(module.name)
        if module.commit is None or not isinstance(wish, GitRequirement):
            continue
        answer = resolver.resolve(wish)
        if isinstance(answer, ResolvedRef) and wish.want.selector is not SelectorKind.COMMIT:
            # The commit was taken from the release's branch, even if only a tag is left of it now.
            is_past = wish.want.selector is SelectorKind.RELEASE and answer.commit != module.commit
            ref = wish.candidates[0].ref if is_past and (answer.ref or "").startswith(TAG) else answer.ref
            yield (
                module.name,
                GitPin(
                    module=wish.module,
                    git=wish.git,
                    commit=module.commit,
                    ref=ref,
                    want=wish.want,
                    install_path=wish.install_path,
                    status=answer.status,
                    is_module=wish.is_module,
                ),
            )


@dataclass(frozen=True, slots=True)
class ImportTrial:
    """The result of a trial: `locks` are the texts of the locks that could be written, by environment."""

    outcomes: tuple[EnvironmentResult, ...]
    locks: Mapping[str, str]


def try_import(
    workspace: Workspace,
    texts: Mapping[str, str],
    drafts: Sequence[ManifestDraft],
    resolver: RefResolver,
    *,
    to_lock: Sequence[ManifestDraft],
) -> ImportTrial:
    """Read the manifests (name to text) back, and lock those of `to_lock`, leaving nothing on the disk.

    Raises InputError with the problems of a text.
    """
    with temporary_directory("pinner-import-") as directory:
        project = Project(directory, workspace.project.prefix)
        project.environments.mkdir()
        for name, text in texts.items():
            project.manifest(name).write_text(text, encoding="utf-8")
        read = read_manifests(project)
        sets = [requirements_of(manifest, workspace.settings) for manifest in read.manifests]
        if problems := [*read.problems, *(problem for wanted in sets for problem in wanted.problems)]:
            raise InputError(problems)
        wanted_by_name = {wanted.manifest.environment: wanted for wanted in sets}
        for draft in drafts:
            if _wishes(wanted_by_name[draft.name]) != draft.wishes:
                message = f"the manifest of {draft.name} does not match what was found"
                raise AssertionError(message)
        outcomes = lock_imported(replace(workspace, project=project), to_lock, resolver)
        names = [outcome.environment for outcome in outcomes if outcome.is_written]
        return ImportTrial(outcomes, {name: project.lock(name).read_text(encoding="utf-8") for name in names})


def _wishes(wanted: EnvironmentRequirements) -> Mapping[str, ModuleChoice]:
    return {
        name: ModuleChoice(f"forge:{module.forge}", module.version, module.install_path, is_module=True)
        if isinstance(module, ForgeRequirement)
        else ModuleChoice(module.git, module.want, module.install_path, module.is_module)
        for name, module in wanted.modules.items()
    }


BASE = "_base"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import. `kind` and `name` are None if the source decides.

    `is_partial` imports the rest if something cannot be imported; `is_accepting` locks at once and writes the
    error findings of a set into its manifest as ignored; `is_forced` overwrites.
    """

    kind: str | None = None
    name: str | None = None
    is_partial: bool = False
    is_accepting: bool = False
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would write: `texts` of manifests, the base first, and `locks`, both by name.

    `problems` name what is missing (only with `is_partial`), `notes` what the user should check; `outcomes`
    are the results of locking.
    """

    drafts: tuple[ManifestDraft, ...]
    texts: Mapping[str, str]
    locks: Mapping[str, str]
    outcomes: tuple[EnvironmentResult, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Import:
    """What the stages of one import share."""

    workspace: Workspace
    options: ImportOptions
    found: FoundSources
    resolver: RefResolver


def plan_import(
    workspace: Workspace, sources: Sequence[str], options: ImportOptions, *, on_done: Progress | None = None
) -> ImportPlan:
    """Return what the sources become, without writing anything; with `options.name`, one environment.

    Raises InputError with everything that cannot be imported, unless `options.is_partial` is set. Raises
    UnknownError as `plan_found` does.
    """
    parts = (read_source(source, options.kind, workspace) for source in sources)
    is_joined = options.name is not None and len(sources) > 1
    found = overlay_environments(tuple(parts)) if is_joined else join_environments(parts)
    return plan_found(workspace, found, options, on_done=on_done)


def plan_found(
    workspace: Workspace, source: FoundSources, options: ImportOptions, *, on_done: Progress | None = None
) -> ImportPlan:
    """Return what the environments become, however they were found; otherwise like `plan_import`.

    Raises UnknownError if only the resolver of repositories are missing.
    """
    found = with_names(source, options.name)
    resolver = fetch_all(workspace, homes_to_fetch(found.environments), on_done=on_done)
    found = leave_dead_forks(found, resolver)
    placed = select_modules([place_modules(each, resolver) for each in found.environments], resolver)
    problems = (*found.problems, *found.assumed, *(problem for each in placed for problem in each.problems))
    if problems and not options.is_partial:
        unasked = {problem for each in placed for problem in each.unasked}
        error = UnknownError if unasked.issuperset(problems) else InputError
        raise error((*problems, Problem("nothing was imported", hint="use '--partial' to import the rest")))
    this = _Import(workspace, options, found, resolver)
    drafts, trial = _best(this, placed)
    notes = (
        *report_unfetched(this.resolver, homes_to_fetch(this.found.environments)),
        *report_moved(this.found.environments),
        *report_missing((module for each in placed for module in each.modules), this.resolver),
        *this.found.notes,
        *(note for each in placed for note in each.notes),
        *(note for draft in drafts for note in draft.notes),
    )
    return ImportPlan(drafts, _manifest_texts(this, drafts), trial.locks, trial.outcomes, problems, notes)


def _best(
    this: _Import, placed: Sequence[PlacedEnvironment]
) -> tuple[tuple[ManifestDraft, ...], ImportTrial]:
    """Return drafts that name releases and branches if a lock holds the commits, and commits otherwise."""
    loose = [infer_release(each, this.resolver, this.workspace.settings) for each in placed]
    drafts = _drafts(this, loose)
    trial = _try(this, drafts)
    if this.options.is_accepting and (accepted := _accepted(drafts, trial)) != drafts:
        drafts = accepted
        trial = _try(this, drafts)
    final_placed = [
        wide if wide.found.name in trial.locks else restore_commits(narrow)
        for wide, narrow in zip(loose, placed, strict=True)
    ]
    ignored = {draft.name: draft.ignored for draft in drafts if draft.name in trial.locks}
    final = tuple(
        replace(draft, ignored=ignored.get(draft.name, ())) for draft in _drafts(this, final_placed)
    )
    if final != drafts:
        try_import(this.workspace, _manifest_texts(this, final), final, this.resolver, to_lock=())
    return final, trial


def _drafts(this: _Import, placed: Sequence[PlacedEnvironment]) -> tuple[ManifestDraft, ...]:
    drafts = tuple(
        draft_manifest(each, this.workspace.settings, left_out=_left_out(this.found, each))
        for each in placed
        if each.modules
    )
    if not drafts:
        problems = (*this.found.problems, *(problem for each in placed for problem in each.problems))
        hint = None if problems else "is this the right source?"
        raise InputError((*problems, Problem("no module to import was found", hint=hint)))
    return drafts


def _left_out(found: FoundSources, placed: PlacedEnvironment) -> tuple[Problem, ...]:
    """Return the problems of an environment's modules and of the files that it was read from."""
    paths = {module.place.path for module in placed.found.modules}
    read = (
        problem
        for problem in found.problems
        if len(found.environments) == 1 or (problem.place and problem.place.path in paths)
    )
    return (*read, *placed.problems)


def _try(this: _Import, drafts: tuple[ManifestDraft, ...]) -> ImportTrial:
    to_lock = [draft for draft in drafts if this.options.is_accepting or is_pinned(draft)]
    if this.workspace.is_offline:
        to_lock = [
            draft
            for draft in to_lock
            if all(this.resolver.mirror(module.git) for module in draft.modules if module.git)
        ]
    return try_import(this.workspace, _manifest_texts(this, drafts), drafts, this.resolver, to_lock=to_lock)


def _accepted(drafts: tuple[ManifestDraft, ...], trial: ImportTrial) -> tuple[ManifestDraft, ...]:
    """Return the drafts with the error findings of their sets ignored, if nothing else prevents locking."""
    codes = {
        outcome.environment: sorted(
            f"{finding.code}:{finding.module}" if finding.module else finding.code
            for finding in set(outcome.findings)
            if finding.level is Level.ERROR
        )
        for outcome in trial.outcomes
        if not outcome.failures
    }
    return tuple(replace(draft, ignored=tuple(dict.fromkeys(codes.get(draft.name, ())))) for draft in drafts)


def _manifest_texts(this: _Import, drafts: Sequence[ManifestDraft]) -> Mapping[str, str]:
    names = {draft.name for draft in drafts}
    base = _free_base(this.workspace.project, names, is_forced=this.options.is_forced)
    return {manifest.name: render_manifest(manifest) for manifest in write_manifests(drafts, base)}


def _free_base(project: Project, names: set[str], *, is_forced: bool) -> str:
    """Return a name for the base: one that no file has, or if forced one that no other manifest extends."""
    listing = list_environments(project)
    loader = ManifestLoader(project)
    others = [name for name in (*listing.environments, *listing.bases) if name not in names]
    extends = {found.text for name in others if (found := extended(loader.file(name)))}
    number = 1
    while True:
        base = BASE if number == 1 else f"{BASE}_{number}"
        is_there = project.manifest(base).exists()
        if not is_there or (is_forced and base not in extends):
            return base
        number += 1


def write_plan(workspace: Workspace, plan: ImportPlan, *, is_forced: bool = False) -> tuple[str, ...]:
    """Write manifests and locks and return their paths.

    Raises InputError, and writes nothing, if one of the files exists; with `is_forced` it is overwritten. If
    a file cannot be written, raises UnknownError and restores those before it, because a manifest without its
    lock means something else.
    """
    project = workspace.project
    texts = _file_texts(project, plan)
    if problems := find_in_the_way(workspace, plan, is_forced=is_forced):
        raise InputError(problems)
    write_together(
        [FileChange(project.files, path, project.shown(path), text.encode()) for path, text in texts.items()],
        limit=LONGEST,
    )
    return tuple(project.shown(path) for path in texts)


def find_in_the_way(
    workspace: Workspace, plan: ImportPlan, *, is_forced: bool = False
) -> tuple[Problem, ...]:
    """Return what prevents the plan from being written: existing files, and links out of the project."""
    project = workspace.project
    problems = []
    for path in _file_texts(project, plan):
        shown = project.shown(path)
        if flaw := project.files.find_flaw(path, shown=shown):
            problems.append(flaw)
        elif not is_forced and project.files.exists(path, shown=shown):
            hint = "use '--force' to overwrite it, or '--as' for another name"
            problems.append(Problem("this file already exists", Location(shown), hint))
    return tuple(dict.fromkeys(problems))


def _file_texts(project: Project, plan: ImportPlan) -> Mapping[Path, str]:
    manifests = {project.manifest(name): text for name, text in plan.texts.items()}
    return manifests | {project.lock(name): text for name, text in plan.locks.items()}
