"""Add the newest releases of third-party modules that are in all required ranges (`externals: newest`).

resolvelib chooses among the candidate releases, first without and then with pruning. Two releases are compatible if each is in the ranges of the other, and if every module that both depend on has
a version that is in the ranges of both.

If no set of releases is, the requirements that conflict are described.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, ResolutionTooDeep, Resolver

from pinner.git.process.failures import SyncFailure
from pinner.git.process.repository import Mirror
from pinner.locking.checks import (
    LABELS,
    DependencyEdge,
    DependencyOverrides,
    describe,
    is_met,
    overrides_of,
    runtimes_of,
    short_name_of_module,
    unmet_requirements,
)
from pinner.locking.externals import (
    external_requirement,
    is_left_out,
    kept_externals,
    left_out,
)
from pinner.locking.pins import UpdateScope, describe_pins, repin
from pinner.locking.requirements import GitRequirement, PinnedEnvironment
from pinner.locking.resolve import RefResolver, read_pinned_metadata, release_tags, unreachable
from pinner.model.findings import Finding, Level
from pinner.model.lock import TAG, Dependency, Externals, ForgePin, GitPin, Metadata, Selector, SelectorKind
from pinner.model.rules import RULES
from pinner.openstack.catalogue import third_party
from pinner.puppet.names import check_ref_name
from pinner.workspace.locks import read_metadata

if TYPE_CHECKING:
    from resolvelib.structs import Matches, RequirementInformation


AT_ONCE = 8
"""Number of tags whose metadata is read together."""
MOST = 200
"""Maximum number of tags of one module, newest first, that are read for one set of ranges."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release of a module, with the metadata at the tag's commit."""

    module: str
    tag: str
    commit: str
    version: str
    dependencies: tuple[Dependency, ...] = ()
    requirements: tuple[Dependency, ...] = ()


@dataclass(slots=True)
class Candidates:
    """The releases of all modules with a known home, for all environments of a run; no tag is read twice."""

    resolver: RefResolver
    _tags: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    _metadata: dict[str, Metadata] = field(default_factory=dict)

    def home(self, module: str) -> str | None:
        """Return a third-party module's URL, from pinner.yaml or else from the catalogue; None if unknown."""
        known = third_party(module)
        return self.resolver.workspace.settings.modules.get(module) or (known.git if known else None)

    def fetch(self, modules: Iterable[str]) -> None:
        """Contact the homes of those modules in one batch, except those already contacted."""
        self.resolver.fetch(home for module in modules if (home := self.home(module)))

    def failure(self, module: str) -> SyncFailure | None:
        """Return why the releases of a module with a known home could not be fetched; None if they were."""
        self.fetch([module])
        found = self.resolver.mirrors.get(self.home(module) or "")
        return found if isinstance(found, SyncFailure) else None

    def newest_first(self, module: str, admits: Callable[[str], bool]) -> Iterator[Candidate]:
        """Yield the releases whose version `admits` accepts.

        Tags without metadata of that module are skipped.
        """
        self.fetch([module])
        mirror = self.resolver.mirror(self.home(module) or "")
        if mirror is None:
            return
        matching = islice((tag for version, tag in self._versions(mirror) if admits(version)), MOST)
        while some := tuple(islice(matching, AT_ONCE)):
            self._read({mirror: [mirror.refs.commits[TAG + tag] for tag in some]})
            for tag in some:
                found = self._metadata.get(commit := mirror.refs.commits[TAG + tag])
                if found is None or found.name is None or found.version is None:
                    continue
                if short_name_of_module(found.name) == module and admits(found.version):
                    yield Candidate(
                        module, tag, commit, found.version, found.dependencies, found.requirements
                    )

    def versions(self, module: str) -> tuple[str, ...]:
        """Return the versions in the module's tag names, newest first, without reading metadata."""
        self.fetch([module])
        mirror = self.resolver.mirror(self.home(module) or "")
        return tuple(version for version, _ in self._versions(mirror)) if mirror else ()

    def read_ahead(self, ranges: Iterable[tuple[str, Callable[[str], bool]]]) -> None:
        """Read the metadata of the first matching tags of several modules in one batch."""
        commits: dict[Mirror, set[str]] = {}
        for module, admits in ranges:
            mirror = self.resolver.mirror(self.home(module) or "")
            if mirror is not None:
                tags = islice((tag for version, tag in self._versions(mirror) if admits(version)), AT_ONCE)
                commits.setdefault(mirror, set()).update(mirror.refs.commits[TAG + tag] for tag in tags)
        self._read(commits)

    def _versions(self, mirror: Mirror) -> tuple[tuple[str, str], ...]:
        """Return (version, tag) of all release tags, newest first."""
        if mirror.url not in self._tags:
            rows = sorted((row for row in release_tags(mirror) if not check_ref_name(row[1])), reverse=True)
            self._tags[mirror.url] = tuple((str(version), tag) for version, tag in rows)
        return self._tags[mirror.url]

    def _read(self, commits: Mapping[Mirror, Iterable[str]]) -> None:
        unread = {mirror: set(ids) - self._metadata.keys() for mirror, ids in commits.items()}
        if any(unread.values()):
            self._metadata |= read_metadata(
                {mirror: ids for mirror, ids in unread.items() if ids}, self.resolver.workspace
            )


@dataclass(frozen=True, slots=True)
class ResolutionProblem:
    """The resolution problem of one environment.

    `roots` are the dependencies of the modules that are present in every solution. `fixed` maps those
    modules, and all others that the manifest names, to versions (None: unknown). `runtimes` are what the
    environment runs, see `runtimes_of`. `kept` are releases that stay as long as they are in all ranges.
    `remaining` are the tags that remain of a module after pruning.
    """

    roots: tuple[DependencyEdge, ...]
    fixed: Mapping[str, str | None]
    overrides: DependencyOverrides
    runtimes: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, Candidate] = field(default_factory=dict)
    remaining: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def edges_of(self, candidate: Candidate) -> tuple[DependencyEdge, ...]:
        """Return the dependencies of a release, after the manifest's overrides and without duplicates."""
        edges = self.overrides.edges(candidate.module, candidate.dependencies, release=candidate.version)
        return tuple(dict.fromkeys(edges))

    def conflicts(self, candidate: Candidate) -> Iterator[DependencyEdge]:
        """Yield the dependencies of a release that the fixed versions do not meet."""
        for edge in self.edges_of(candidate):
            version = self.fixed.get(edge.target)
            if version is not None and not is_met(edge.range, version):
                yield edge
        for row, _ in unmet_requirements(candidate.requirements, self.runtimes):
            yield DependencyEdge(candidate.module, row.name, row.name, row.range, candidate.version)


def is_open(edge: DependencyEdge, problem: ResolutionProblem, candidates: Candidates) -> bool:
    """Return whether a release must be found: the target is not fixed and has a reachable home."""
    if edge.target in problem.fixed or candidates.home(edge.target) is None:
        return False
    return candidates.failure(edge.target) is None


def admits_all(edges: Iterable[DependencyEdge]) -> Callable[[str], bool]:
    """Return a function that returns whether a version is in the ranges of all edges."""
    return _is_in_all(frozenset(edge.range for edge in edges))


@lru_cache(maxsize=4_096)
def _is_in_all(ranges: frozenset[str]) -> Callable[[str], bool]:
    # A search tries the same few sets of ranges on the same versions, thousands of times each.
    return cache(lambda version: all(is_met(each, version) for each in ranges))


def find_candidates(
    module: str,
    edges: Sequence[DependencyEdge],
    problem: ResolutionProblem,
    candidates: Candidates,
    *,
    with_conflicts: bool = False,
) -> Iterator[Candidate]:
    """Return the releases in the ranges of all edges: the kept one first, then the newest.

    Releases that conflict with fixed versions are left out unless `with_conflicts`.
    """
    admits = admits_all(edges)
    kept = problem.kept.get(module)
    found = candidates.newest_first(module, admits)
    if kept and admits(kept.version):
        found = chain(
            (kept,), (one for one in candidates.newest_first(module, admits) if one.tag != kept.tag)
        )
    tags = problem.remaining.get(module)
    allowed = (one for one in found if tags is None or one.tag in tags)
    return (one for one in allowed if with_conflicts or not any(problem.conflicts(one)))


def prefetch(problems: Iterable[ResolutionProblem], candidates: Candidates) -> None:
    """Fetch all modules that the problems seem to need and read their first releases, level by level."""
    problems = tuple(problems)
    seen: set[str] = set()
    wave = {edge.target for problem in problems for edge in problem.roots}
    while wave:
        seen |= wave
        candidates.fetch(wave)
        rows = [
            (module, [edge for edge in problem.roots if edge.target == module], problem)
            for problem in problems
            for module in sorted(wave)
        ]
        candidates.read_ahead((module, admits_all(edges)) for module, edges, _ in rows)
        firsts = [
            (problem, next(find_candidates(module, edges, problem, candidates), None))
            for module, edges, problem in rows
        ]
        wave = {
            edge.target
            for problem, first in firsts
            for edge in (problem.edges_of(first) if first else ())
            if edge.target not in problem.fixed
        } - seen


FIRST_ROUNDS = 100
"""Rounds after which the candidates are pruned to those that can be part of a solution."""
MOST_ROUNDS = 2_000


class NoSolutionError(Exception):
    """No set of releases is in all ranges; caught within `pinner.locking`."""


class TooManyRoundsError(Exception):
    """The search reached its limit of rounds before it found a solution; caught within `pinner.locking`."""


def solve(problem: ResolutionProblem, candidates: Candidates) -> Mapping[str, Candidate]:
    """Return module to release; raises NoSolutionError or TooManyRoundsError."""
    try:
        return _search(problem, candidates, FIRST_ROUNDS)
    except TooManyRoundsError:
        remaining = prune(problem, candidates)
    if not all(remaining.values()):
        raise NoSolutionError
    return _search(replace(problem, remaining=remaining), candidates, MOST_ROUNDS)


def _search(problem: ResolutionProblem, candidates: Candidates, rounds: int) -> Mapping[str, Candidate]:
    roots = [edge for edge in problem.roots if is_open(edge, problem, candidates)]
    provider = _Provider(problem, candidates)
    resolver: Resolver[DependencyEdge, Candidate, str] = Resolver(provider, BaseReporter())
    try:
        return resolver.resolve(roots, max_rounds=rounds).mapping
    except ResolutionImpossible:
        raise NoSolutionError from None
    except ResolutionTooDeep:
        raise TooManyRoundsError from None


class _Provider(AbstractProvider[DependencyEdge, Candidate, str]):
    """Resolvelib's view of modules, dependencies and releases."""

    def __init__(self, problem: ResolutionProblem, candidates: Candidates) -> None:
        self._problem = problem
        self._candidates = candidates

    def identify(self, requirement_or_candidate: DependencyEdge | Candidate) -> str:
        if isinstance(requirement_or_candidate, Candidate):
            return requirement_or_candidate.module
        return requirement_or_candidate.target

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],  # noqa: ARG002 - resolvelib's signature
        candidates: Mapping[str, Iterator[Candidate]],  # noqa: ARG002 - the same
        information: Mapping[str, Iterator["RequirementInformation[DependencyEdge, Candidate]"]],
        backtrack_causes: Sequence["RequirementInformation[DependencyEdge, Candidate]"],
    ) -> tuple[bool, bool, int, str]:
        """Prefer dependencies of the environment's own modules, so that they get the newest versions.

        Among those, modules that caused the last conflict come first, then those with the fewest candidates,
        because otherwise most of the search is wasted.
        """
        is_cause = any(
            identifier in {cause.requirement.target, cause.parent.module if cause.parent else None}
            for cause in backtrack_causes
        )
        edges = [row.requirement for row in information[identifier]]
        is_indirect = all(edge.release for edge in edges)
        count = sum(map(admits_all(edges), self._candidates.versions(identifier)))
        return is_indirect, not is_cause, count, identifier

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[DependencyEdge]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> "Matches[Candidate]":
        edges = tuple(requirements[identifier])
        refused = frozenset(incompatibilities[identifier])
        return lambda: (
            one
            for one in find_candidates(identifier, edges, self._problem, self._candidates)
            if one not in refused
        )

    def is_satisfied_by(self, requirement: DependencyEdge, candidate: Candidate) -> bool:
        return is_met(requirement.range, candidate.version)

    def get_dependencies(self, candidate: Candidate) -> list[DependencyEdge]:
        edges = self._problem.edges_of(candidate)
        return [edge for edge in edges if is_open(edge, self._problem, self._candidates)]


@dataclass(slots=True)
class _Pruning:
    """The remaining releases of each module, and the ranges that each of them requires of other modules."""

    remaining: dict[str, list[Candidate]]
    ranges: Mapping[Candidate, Mapping[str, frozenset[str]]]
    versions: Mapping[str, tuple[str, ...]]
    _both: dict[tuple[str, frozenset[str]], bool] = field(default_factory=dict)

    def are_compatible(self, one: Candidate, other: Candidate) -> bool:
        ranges, others = self.ranges[one], self.ranges[other]
        for candidate, required in ((other, ranges), (one, others)):
            if not all(is_met(some, candidate.version) for some in required.get(candidate.module, ())):
                return False
        return all(
            self._has_version(module, ranges[module] | others[module])
            for module in ranges.keys() & others.keys()
        )

    def _has_version(self, module: str, ranges: frozenset[str]) -> bool:
        key = module, ranges
        if key not in self._both:
            versions = self.versions.get(module, ())
            self._both[key] = any(all(is_met(some, found) for some in ranges) for found in versions)
        return self._both[key]

    def prune(self, module: str) -> bool:
        """Drop a module's releases that fit no release of some other module; return whether any were."""
        others = [releases for name, releases in self.remaining.items() if name != module]
        kept = [
            one
            for one in self.remaining[module]
            if all(any(self.are_compatible(one, other) for other in releases) for releases in others)
        ]
        is_less = len(kept) < len(self.remaining[module])
        self.remaining[module] = kept
        return is_less


def prune(problem: ResolutionProblem, candidates: Candidates) -> Mapping[str, tuple[str, ...]]:
    """Return module to its remaining tags, for the modules that the roots of `problem` depend on.

    If a module has none left, the problem cannot be solved.
    """
    roots: dict[str, list[DependencyEdge]] = {}
    for edge in problem.roots:
        if is_open(edge, problem, candidates):
            roots.setdefault(edge.target, []).append(edge)
    remaining = {
        module: list(find_candidates(module, edges, problem, candidates)) for module, edges in roots.items()
    }
    ranges: dict[Candidate, dict[str, frozenset[str]]] = {}
    for candidate in (one for releases in remaining.values() for one in releases):
        required = ranges.setdefault(candidate, {})
        for edge in problem.edges_of(candidate):
            if is_open(edge, problem, candidates):
                required[edge.target] = required.get(edge.target, frozenset()) | {edge.range}
    versions = {
        module: tuple(one.version for one in remaining[module])
        if module in remaining
        else candidates.versions(module)
        for module in {module for required in ranges.values() for module in required}
    }
    pruning = _Pruning(remaining, ranges, versions)
    while any(pruning.prune(module) for module in sorted(remaining)):
        if not all(remaining.values()):
            break
    return {module: tuple(one.tag for one in releases) for module, releases in remaining.items()}


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
            yield unreachable(module, failure, requirement.place)


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
    names = [f"{edge.module} {edge.release}" if edge.release else edge.module for edge in group]
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
