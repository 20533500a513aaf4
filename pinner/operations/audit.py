"""`pinner audit`: the operator's hiera data and site code held against the code of one environment's modules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pinner.openstack.catalogue import find_module
from pinner.operations.inspection import keep_audible
from pinner.operations.material import Material
from pinner.operations.pinned_apis import PinnedApis, read_pinned_apis
from pinner.operations.workspace import Workspace
from pinner.puppet.usage.codebase import make_codebase
from pinner.puppet.usage.judging import Context, judge
from pinner.words.codes import RULES
from pinner.words.exit_codes import COULD_NOT_FIND_OUT
from pinner.words.findings import Finding, Level
from pinner.words.pins import Lock
from pinner.words.places import Place
from pinner.words.problems import InputError, Problem


@dataclass(frozen=True, slots=True)
class Audit:
    """One environment's findings, by place; `problems` say what could not be found out. `modules` counts what was read."""

    environment: str
    lock: Lock
    material: Material
    modules: int
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> int:
        """Return 3 where something could not be found out, 1 where something should be mended, else 0."""
        if self.problems:
            return COULD_NOT_FIND_OUT
        return int(any(finding.level is not Level.INFO for finding in self.findings))


def audit(
    workspace: Workspace,
    environment: str,
    material: Material,
    *,
    ignore: frozenset[tuple[str, str | None]] = frozenset(),
) -> Audit:
    """Return what in `material` does not go with the locked modules of an environment.

    `ignore` holds (code, module or None) pairs to be silent about, beside those of the manifest.
    """
    (wanted,) = workspace.want((environment,))
    lock = workspace.locks((environment,))[environment]
    if lock is None:
        hint = f"run 'pinner lock {environment}'"
        raise InputError(Problem(f"environment '{environment}' has no lock", hint=hint))
    pinned = read_pinned_apis(lock, workspace)
    audible = keep_audible(check_material(material, pinned), wanted)
    findings = [one for one in audible if not {(one.code, None), (one.code, one.module)} & ignore]
    problems = (*material.problems, *pinned.problems)
    return Audit(
        environment, lock, material, len(pinned.apis), tuple(sorted(findings, key=_position)), problems
    )


def check_material(material: Material, pinned: PinnedApis) -> Iterator[Finding]:
    """Yield the findings on all that the operator wrote, and on what kept pinner from reading all of it."""
    codebase = make_codebase(pinned.apis, material.definitions)
    yield from judge(material.uses(codebase), Context(codebase, material.options(), material.lookups))
    yield from _on_files(material)
    yield from _on_unpinned(material, codebase.modules | set(pinned.unread))
    yield from _on_unread(pinned)


def _on_files(material: Material) -> Iterator[Finding]:
    for file in material.files:
        if file.refusal:
            yield _finding("hiera-refused", file.refusal)
        yield from (_finding("hiera-flaw", flaw) for flaw in file.flaws)
    for site in material.sites:
        if site.refusal:
            yield _finding("code-unreadable", site.refusal)
    yield from (_finding("hiera-elsewhere", note) for note in material.notes)


def _on_unpinned(material: Material, known: frozenset[str]) -> Iterator[Finding]:
    """Yield one finding a module that pinner knows and the environment does not have; other names are the site's own."""
    keys = (datum.key for file in material.files for datum in file.data if "::" in datum.key)
    counts = Counter(key.removeprefix("::").partition("::")[0] for key in keys)
    for module in sorted(counts.keys() - known):
        if find_module(module, None):
            message = (
                f"hiera names module '{module}' ({counts[module]}x), which this environment does not have"
            )
            yield Finding(Level.INFO, "hiera-unpinned", module, message)


def _on_unread(pinned: PinnedApis) -> Iterator[Finding]:
    for module in pinned.unread:
        message = f"module '{module}' comes from the Forge: its code is not read"
        yield Finding(Level.INFO, "api-unreadable", module, message)
    for module, api in pinned.apis.items():
        for file in api.unreadable:
            message = f"{file.path} of module '{module}' could not be read: {file.reason}"
            yield Finding(Level.INFO, "api-unreadable", module, message)


def _finding(code: str, problem: Problem) -> Finding:
    return Finding(RULES[code].level, code, None, problem.message, problem.hint, problem.place)


def _position(finding: Finding) -> tuple[Place, str, str]:
    place = finding.place or Place("")
    return Place(place.path, place.line or 0, place.column or 0), finding.code, finding.message
