"""Add the newest releases of third-party modules that are in all required ranges (`externals: newest`).

If no set of releases is, the requirements that conflict are described.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pinner.locking.checks import LABELS, DependencyEdge, describe, overrides_of, runtimes_of
from pinner.locking.externals import (
    external_requirement,
    is_left_out,
    kept_externals,
    left_out,
)
from pinner.locking.pins import UpdateScope, describe_pins, repin
from pinner.locking.requirements import GitRequirement, PinnedEnvironment
from pinner.locking.resolve import RefResolver, read_pinned_metadata
from pinner.locking.solver import (
    MOST_ROUNDS,
    Candidate,
    Candidates,
    NoSolutionError,
    ResolutionProblem,
    TooManyRoundsError,
    find_candidates,
    is_open,
    prefetch,
    solve,
)
from pinner.model.findings import Finding, Level
from pinner.model.lock import ForgePin, GitPin, Selector, SelectorKind
from pinner.model.manifest import Externals
from pinner.model.rules.table import RULES


def add_newest(
    environments: list[PinnedEnvironment], scope: UpdateScope, resolver: RefResolver
) -> list[PinnedEnvironment]:
    """Return the environments; those with `externals: newest` get the newest releases in all ranges.

    One without a solution gets failures that describe the conflicts.
    """
    environments = describe_pins(environments, resolver)
    candidates = Candidates(resolver)
    problems = {
        each.name: _problem(each, scope, resolver)
        for each in environments
        if not each.failures and each.required.manifest.externals is Externals.NEWEST
    }
    prefetch(problems.values(), candidates)
    return [
        _solved(each, problems[each.name], scope, candidates) if each.name in problems else each
        for each in environments
    ]


def _problem(environment: PinnedEnvironment, scope: UpdateScope, resolver: RefResolver) -> ResolutionProblem:
    manifest = environment.required.manifest
    overrides = overrides_of(manifest)
    fixed = {
        name: pin.version
        for name, pin in environment.pins.items()
        if isinstance(pin, ForgePin)
        or (pin.is_module and not (pin.required_by and name in (scope.modules or ())))
    }
    edges = (
        edge
        for module, metadata in environment.metadata.items()
        if module in fixed
        for edge in overrides.edges(module, metadata.dependencies)
    )
    return ResolutionProblem(
        roots=tuple(sorted({edge for edge in edges if edge.target not in fixed})),
        fixed=fixed,
        overrides=overrides,
        runtimes=runtimes_of(manifest),
        kept=_kept(environment, resolver) if scope.modules is None else {},
    )


def _kept(environment: PinnedEnvironment, resolver: RefResolver) -> Mapping[str, Candidate]:
    """Return the locked externals as releases that the solver tries first."""
    before = environment.before.pins if environment.before else {}
    names = kept_externals(environment.required, environment.before)
    pins = {name: pin for name in names if isinstance(pin := before[name], GitPin)}
    found = read_pinned_metadata(pins.values(), resolver)
    return {
        name: Candidate(
            name,
            pin.want.value,
            pin.commit,
            pin.version or "",
            found[pin.commit].dependencies,
            found[pin.commit].requirements,
        )
        for name, pin in pins.items()
        if pin.commit in found
    }


def _solved(
    environment: PinnedEnvironment, problem: ResolutionProblem, scope: UpdateScope, candidates: Candidates
) -> PinnedEnvironment:
    try:
        releases = solve(problem, candidates)
    except (NoSolutionError, TooManyRoundsError):
        return replace(
            environment,
            failures=tuple(
                RULES["dependency-conflict"].finding(
                    one.module,
                    f"module '{one.module}': {one.message}",
                    hint=one.hint,
                    place=_requirement(environment, one.module, "", (), candidates).place,
                )
                for one in explain_collision(problem, candidates)
            ),
        )
    edges = [*problem.roots, *(edge for one in releases.values() for edge in problem.edges_of(one))]
    requirers: dict[str, set[str]] = {}
    for edge in edges:
        requirers.setdefault(edge.target, set()).add(edge.module)
    unmet = {name: modules for name, modules in sorted(requirers.items()) if name not in problem.fixed}
    findings = tuple(dict.fromkeys(_unavailable(environment, unmet, candidates)))
    failures = tuple(finding for finding in findings if finding.level is Level.ERROR)
    if failures:
        return replace(environment, failures=failures)
    environment = replace(environment, notes=(*environment.notes, *findings))
    extra = {
        name: _requirement(environment, name, one.tag, requirers[name], candidates)
        for name, one in releases.items()
    }
    if scope.is_partial:
        scope = replace(scope, modules=(scope.modules or frozenset()) | extra.keys())
    return repin(environment, extra, scope, candidates.resolver) if extra else environment


def _requirement(
    environment: PinnedEnvironment, module: str, tag: str, requirers: Iterable[str], candidates: Candidates
) -> GitRequirement:
    selector = Selector(SelectorKind.TAG, tag)
    git = candidates.home(module) or ""
    return external_requirement(environment.required, module, git, selector, tuple(sorted(requirers)))


def _unavailable(
    environment: PinnedEnvironment, requirers: Mapping[str, Iterable[str]], candidates: Candidates
) -> Iterator[Finding]:
    """Yield why required modules with a known home have no releases: they are gone or unreachable."""
    for module, names in requirers.items():
        failure = candidates.failure(module) if candidates.home(module) else None
        if failure is None:
            continue
        requirement = _requirement(environment, module, "", names, candidates)
        if is_left_out(requirement, environment.before, candidates.resolver):
            yield left_out(requirement, candidates.resolver)
        else:
            message = f"module '{module}': {failure.message}"
            rule = RULES["remote-unreachable"]
            yield rule.finding(module, message, hint=failure.hint, place=requirement.place)


MOST_COLLISIONS = 5
"""Maximum number of collisions between modules that are reported in one run."""
MOST_FACTS = 10
"""Maximum number of phrases in one message."""
NAMED = 3
"""Number of modules with the same dependency that are listed by name if there are more."""

# Dependencies of several modules on the same module in the same range.
Group = tuple[DependencyEdge, ...]


@dataclass(frozen=True, slots=True)
class Collision:
    """Requirements that no set of releases meets; `module` is the module that the message is about."""

    module: str
    message: str
    hint: str


def explain_collision(problem: ResolutionProblem, candidates: Candidates) -> tuple[Collision, ...]:
    """Return the collisions of a problem without a solution: at one module, then some between others."""
    roots = sorted(edge for edge in problem.roots if is_open(edge, problem, candidates))
    modules = dict.fromkeys(edge.target for edge in roots)
    on = {module: [edge for edge in roots if edge.target == module] for module in modules}
    stuck = [module for module in modules if not _is_possible(module, on[module], problem, candidates)]
    rest = replace(problem, roots=tuple(edge for edge in roots if edge.target not in stuck))
    found = (_at_one_module(module, on[module], problem, candidates) for module in stuck)
    return (*found, *_between_modules(rest, candidates))


def _is_possible(
    module: str, edges: Iterable[DependencyEdge], problem: ResolutionProblem, candidates: Candidates
) -> bool:
    return next(find_candidates(module, tuple(edges), problem, candidates), None) is not None


def _at_one_module(
    module: str, edges: Sequence[DependencyEdge], problem: ResolutionProblem, candidates: Candidates
) -> Collision:
    groups = _fewest(_groups(edges), lambda some: not _is_possible(module, _all(some), problem, candidates))
    nearest = next(find_candidates(module, _all(groups), problem, candidates, with_conflicts=True), None)
    conflicts = tuple(problem.conflicts(nearest)) if nearest else ()
    facts = [_phrase(group) for group in (*groups, *_groups(conflicts))]
    facts += [
        f"the environment runs {describe(problem.runtimes)}"
        if target in LABELS
        else f"'{target}' is pinned at {problem.fixed[target]}"
        for target in dict.fromkeys(edge.target for edge in conflicts)
    ]
    name = groups[0][0].name
    if conflicts or len(groups) > 1:
        message = f"no release of {name} satisfies all requirements: {', '.join(facts)}"
    else:
        newest = next(find_candidates(module, (), problem, candidates, with_conflicts=True), None)
        there_is = f"the newest is {newest.version}" if newest else "it has no releases"
        message = f"no release of {name} is in the range: {', '.join(facts)}; {there_is}"
    return Collision(module, message, _hint(module, (*conflicts, *min(groups, key=len))))


def _between_modules(problem: ResolutionProblem, candidates: Candidates) -> Iterator[Collision]:
    """Yield a collision, then drop the rarest of its requirements and yield the next one that remains."""
    left = _groups(problem.roots)
    for _ in range(MOST_COLLISIONS):
        try:
            solve(replace(problem, roots=_all(left)), candidates)
        except NoSolutionError:
            groups = _fewest(left, lambda some: not _is_solvable(some, problem, candidates))
            yield _of_several(groups, problem, candidates)
            rarest = min(groups, key=len)
            left = [group for group in left if group is not rarest]
        except TooManyRoundsError:
            message = f"no set of releases was found in {MOST_ROUNDS} steps that satisfies all requirements"
            hint = "name the version of one or two modules under 'modules' to make the search smaller"
            yield Collision(left[0][0].target, message, hint)
            return
        else:
            return


def _of_several(groups: list[Group], problem: ResolutionProblem, candidates: Candidates) -> Collision:
    tensions = tuple(_tensions(groups, problem, candidates))
    facts = [_phrase(group) for group in (*groups, *_groups(tensions))]
    if len(facts) > MOST_FACTS:
        facts = [*facts[:MOST_FACTS], f"and {len(facts) - MOST_FACTS} more requirements"]
    message = f"no set of releases satisfies all requirements: {', '.join(facts)}"
    rarest = min(groups, key=len)
    target = rarest[0].target
    fixable = [edge for edge in tensions if edge.module == target]
    return Collision(target, message, _hint(target, (*fixable, *rarest)))


def _is_solvable(groups: Iterable[Group], problem: ResolutionProblem, candidates: Candidates) -> bool:
    """Return whether these requirements alone have a solution; True if the search gave up."""
    try:
        solve(replace(problem, roots=_all(groups)), candidates)
    except NoSolutionError:
        return False
    except TooManyRoundsError:
        pass
    return True


def _tensions(
    groups: Sequence[Group], problem: ResolutionProblem, candidates: Candidates
) -> Iterator[DependencyEdge]:
    """Yield what the releases in all ranges require of each other, or of the same third module."""
    on: dict[str, list[DependencyEdge]] = {}
    for edge in _all(groups):
        on.setdefault(edge.target, []).append(edge)
    required = {
        module: [
            edge
            for candidate in find_candidates(module, edges, problem, candidates)
            for edge in problem.edges_of(candidate)
        ]
        for module, edges in on.items()
    }
    requirers = Counter(name for edges in required.values() for name in {edge.target for edge in edges})
    for edges in required.values():
        yield from (edge for edge in edges if edge.target in on or requirers[edge.target] > 1)


def _groups(edges: Iterable[DependencyEdge]) -> list[Group]:
    found: dict[tuple[str, str], list[DependencyEdge]] = {}
    for edge in edges:
        found.setdefault((edge.target, edge.range), []).append(edge)
    return [tuple(some) for some in found.values()]


def _all(groups: Iterable[Group]) -> tuple[DependencyEdge, ...]:
    return tuple(edge for group in groups for edge in group)


def _fewest(groups: list[Group], collide: Callable[[list[Group]], bool]) -> list[Group]:
    """Return conflicting requirements, none of which can be left out."""
    left = groups
    for group in groups:
        fewer = [other for other in left if other is not group]
        if fewer and collide(fewer):
            left = fewer
    return left


def _phrase(group: Group) -> str:
    names = [edge.subject for edge in group]
    if len(names) > NAMED + 1:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    listed = ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
    requires = "requires" if len(group) == 1 else "require"
    return f"{listed} {requires} {group[0].name} {group[0].range}".rstrip()


def _hint(module: str, fixable: Sequence[DependencyEdge]) -> str:
    one = fixable[0]
    return (
        f"name a version of '{module}' under 'modules', or, if upstream's range is wrong, override it: "
        f'dependencies: {{override: {{{one.module}: {{{one.target}: "…"}}}}}}'
    )
