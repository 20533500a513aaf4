"""Check each pin by itself: whether its values can come from its source, and its ref, tag, tree and life cycle.

A lock is input: someone who can change only the lock must not be able to choose where code comes from. A value that
cannot come from the manifest, pinner.yaml or the catalogue is unexplained, and reported as a flaw, unless facts that
changed since the lock was written can account for it. A value that the manifest now gives differently makes the lock
stale instead. No remote is contacted here; `read_remote_state` in resolve.py reads what the remotes have.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from pinner.git.objects.history import UNSHALLOW_HINT
from pinner.git.objects.read import HINT
from pinner.locking.requirements import (
    EnvironmentRequirements,
    GitRequirement,
    PinAtRemote,
    PinnedEnvironment,
    hint_to_go_back,
)
from pinner.model.errors import Location
from pinner.model.findings import Finding
from pinner.model.lock import (
    BRANCH,
    TAG,
    Externals,
    GitPin,
    Lock,
    Metadata,
    Pin,
    Refs,
    ResolvedRef,
    SelectorKind,
    Status,
    short_name,
)
from pinner.model.rules import RULES
from pinner.openstack.catalogue import (
    RefCandidate,
    integration_pins,
    phase_today,
    release_of,
    status_of,
    third_party,
)
from pinner.puppet.versions import parse_range, version_of_tag
from pinner.workspace.locks import TagLog, joined_dependencies, meaning_of

_EXTERNAL_SELECTORS = {
    Externals.INTEGRATION: frozenset({SelectorKind.TAG, SelectorKind.BRANCH, SelectorKind.COMMIT}),
    Externals.NEWEST: frozenset({SelectorKind.TAG}),
}


def lock_flaws(required: EnvironmentRequirements, lock: Lock) -> Mapping[str, tuple[str, ...]]:
    """Return module to descriptions of the unexplained values of its pin; modules without any are left out.

    A pin whose selector or URL differs from the manifest's is skipped, because that lock is stale.
    """
    found = {module: tuple(_flaws(required, lock, pin)) for module, pin in sorted(lock.pins.items())}
    return {module: flaws for module, flaws in found.items() if flaws}


def without_pins(lock: Lock, modules: Mapping[str, object]) -> Lock:
    """Return the lock without the pins of those modules."""
    return replace(lock, pins={name: pin for name, pin in lock.pins.items() if name not in modules})


def _flaws(required: EnvironmentRequirements, lock: Lock, pin: Pin) -> Iterator[str]:
    requirement = required.modules.get(pin.module)
    if not isinstance(pin, GitPin):
        return
    if requirement is None or (isinstance(requirement, GitRequirement) and requirement.required_by):
        if pin.required_by and required.manifest.externals in _EXTERNAL_SELECTORS:
            yield from external_flaws(required, pin, moduledir=lock.moduledir)
    elif isinstance(requirement, GitRequirement) and (requirement.git, requirement.want) == (
        pin.git,
        pin.want,
    ):
        yield from ref_flaws(pin, requirement.candidates)


def external_flaws(required: EnvironmentRequirements, pin: GitPin, *, moduledir: str) -> Iterator[str]:
    """Yield the values that a pin of a module that the manifest does not name cannot have from its source."""
    homes = external_homes(required, pin.module)
    mode = required.manifest.externals
    if homes is not None and pin.git not in homes:
        named = (
            f"the repository of '{pin.module}' is {homes[0]}" if homes else "no repository is known for it"
        )
        yield f"it is locked from {pin.git}, but {named}"
    if pin.want.selector not in _EXTERNAL_SELECTORS[mode] or pin.want.as_of:
        yield f"its want is '{pin.want.describe()}', which 'externals: {mode}' never uses"
    if pin.install_path != moduledir:
        yield f"it is installed in {pin.install_path}, but third-party modules are in {moduledir}"
    if not pin.is_module:
        yield "it is locked as something that is not a Puppet module"
    yield from ref_flaws(pin, ())


def external_homes(required: EnvironmentRequirements, module: str) -> tuple[str, ...] | None:
    """Return the URLs that a module that the manifest does not name may have, the current one first.

    Empty if the source cannot add the module at all; None if only upstream's gate can name it, so that it
    must be read.
    """
    known = third_party(module)
    if required.manifest.externals is Externals.NEWEST:
        own = required.homes.get(module)
        return (own,) if own else known.homes if known else ()
    if known is not None:
        return known.homes
    pins = integration_pins(required.series) if required.series else ()
    return tuple(pin.git for pin in pins if pin.name == module) or None


def moved_home(required: EnvironmentRequirements, module: str, git: str) -> str | None:
    """Return where a third-party module is hosted now if `git` is a former URL of it; else None."""
    homes = external_homes(required, module) or ()
    return homes[0] if git in homes[1:] else None


def ref_flaws(pin: GitPin, candidates: tuple[RefCandidate, ...]) -> Iterator[str]:
    """Yield why the ref, status and metadata of a pin cannot come from its selector.

    `candidates` are the refs that may carry its release.
    """
    if pin.want.selector is SelectorKind.RELEASE:
        candidate = next((one for one in candidates if one.ref == pin.ref), None)
        if candidate is None:
            places = ", ".join(short_name(one.ref) for one in candidates)
            yield f"its ref {pin.ref} cannot carry release {pin.want.value}, which is looked up at {places}"
        elif pin.status not in _statuses(candidate, candidates):
            yield f"its status is '{pin.status}', but {short_name(candidate.ref)} is {candidate.status}"
    elif pin.status is not None:
        yield f"its status is '{pin.status}', but only a release has one"
    if pin.want.selector is SelectorKind.COMMIT and (pin.ref is not None or pin.commit != pin.want.value):
        yield f"commit {pin.want.value} is required, but {pin.ref or pin.commit} is locked"
    if pin.want.selector is SelectorKind.VERSION and not _is_in_range(pin):
        yield f"its ref {pin.ref} is not a release tag in the range '{pin.want.value}'"
    if pin.moved_from and not (pin.ref or "").startswith(TAG):
        yield "it has commits from which a tag moved, but it is not pinned at a tag"
    if not pin.is_module and (pin.name or pin.version or pin.dependencies):
        yield "it has a module's name, version or dependencies, but it is not a Puppet module"


def _statuses(candidate: RefCandidate, candidates: tuple[RefCandidate, ...]) -> frozenset[Status]:
    """Return the statuses that a pin at that ref may have.

    `import` writes the branch that a release had, with the status of the tag that replaced it. A ref without
    a standard name has the status of its series, which may have ended since the lock was written.
    """
    found = {candidate.status}
    if candidate is candidates[0]:
        found |= {one.status for one in candidates if one.ref.startswith(TAG)}
    if candidate.status is Status.END_OF_LIFE and not candidate.ref.endswith("-eol"):
        found.add(Status.UNMAINTAINED)
    return frozenset(found)


def _is_in_range(pin: GitPin) -> bool:
    if pin.ref is None or not pin.ref.startswith(TAG):
        return False
    version = version_of_tag(short_name(pin.ref))
    return version is not None and not version.pre_release and parse_range(pin.want.value).matches(version)


def fact_flaws(pin: GitPin, metadata: Metadata) -> Iterator[str]:
    """Yield the values of a pin that differ from the module's metadata at its commit."""
    where = f"{metadata.file or 'the module'} at {pin.commit} has"
    for key, locked, real in (
        ("name", pin.name, metadata.name),
        ("version", pin.version, metadata.version),
    ):
        if locked != real:
            yield f"its {key} is '{locked or ''}' in the lock, but {where} '{real or ''}'"
    dependencies = joined_dependencies(metadata)
    for name in sorted(pin.dependencies.keys() | dependencies.keys()):
        locked, real = pin.dependencies.get(name), dependencies.get(name)
        if locked != real:
            old, new = ("missing" if text is None else f"'{text}'" for text in (locked, real))
            yield f"its dependency on {name} is {old} in the lock, but {where} {new}"


def differing_pin(required: EnvironmentRequirements, module: str, flaw: str, path: str) -> Finding:
    """Return `lock-differs` for a pin; `flaw` describes the unexplained value, `path` is the lock's."""
    hint = f"find out who changed the lock; 'pinner lock {required.environment}' pins the module anew"
    rule = RULES["lock-differs"]
    return rule.finding(module, f"module '{module}': {flaw}", hint=hint, place=Location(path))


@dataclass(frozen=True, slots=True)
class Verification:
    """What the checks of a run share.

    `today` is the date that expiry dates are compared with. `log` holds the commits of tags in earlier locks,
    and `accepted` names the modules whose moved tags are accepted. `tree_flaws` maps each commit that was read
    to the reason why git would not check it out (empty: it would).
    """

    today: date
    log: TagLog = field(default_factory=TagLog)
    accepted: frozenset[str] = frozenset()
    tree_flaws: Mapping[str, str] = field(default_factory=dict)


def check_lifecycle(environment: PinnedEnvironment, verification: Verification) -> Iterator[Finding]:
    """Yield `end-of-life` and `override-expired`, by module name."""
    for module, pin in sorted(environment.git_pins.items()):
        status, series = status_of(pin), release_of(pin)
        if status and phase_today(status, series) is Status.END_OF_LIFE:
            release = pin.want.value if pin.want.selector is SelectorKind.RELEASE else series
            is_past = series and series.eol and date.fromisoformat(series.eol) <= verification.today
            since = f" on {series.eol}" if series and is_past else ""
            ref = short_name(pin.ref or "")
            message = f"release {release} has reached its end of life{since}: {ref} gets no more fixes"
            yield environment.finding("end-of-life", module, message, "plan an upgrade: 'pinner upgrade'")
    for module, requirement in environment.required.modules.items():
        until = requirement.until
        if until is not None and date.fromisoformat(until.value) < verification.today:
            message = f"this override was to end on {until}"
            yield environment.finding(
                "override-expired", module, message, "remove it, or give it a new 'until'"
            )


# r10k treats such a name as a commit before it looks for a branch or tag (its ref_type)
LIKE_A_COMMIT = re.compile(r"[0-9a-f]{5,40}", re.IGNORECASE)
SHOWN_HOMES = 3


def check_refs(environment: PinnedEnvironment, _verification: Verification) -> Iterator[Finding]:
    """Yield changes of the pins' refs and commits, by module name, for remotes that were contacted."""
    for module, pin in sorted(environment.git_pins.items()):
        at = environment.remote.get(module)
        if at is None:
            continue
        requirement = environment.required.git_modules.get(module)
        is_as_required = requirement and (requirement.git, requirement.want) == (pin.git, pin.want)
        if at.is_missing:
            yield _missing_commit(environment, pin, at)
        elif at.is_undetermined:
            message = (
                f"the repository that {pin.git} is fetched from is shallow: whether {short_name(pin.ref or 'any ref')!r} "
                f"still contains the pinned commit {pin.commit} could not be determined"
            )
            yield environment.finding("history-shallow", module, message, UNSHALLOW_HINT)
        elif at.refs is None or not is_as_required:
            if isinstance(at.resolution, Finding):
                yield at.resolution
        elif pin.ref is None:
            if at.is_unreached:
                message = f"no branch and no tag of {pin.git} contains {pin.commit}: it is a change under review, or its branch was rewritten"
                hint = "give it an 'until' date, and return to a branch or tag once it is merged"
                yield environment.finding("commit-unmerged", module, message, hint)
        else:
            yield from _names(environment, pin, at.refs)
            if pin.ref not in at.refs.commits:
                yield from _gone(environment, pin, at)
            else:
                yield from _rewritten(environment, pin, at, pin.ref)
                yield from _status_changed(environment, pin, at)
                yield from _undated(environment, pin, at)


def _missing_commit(environment: PinnedEnvironment, pin: GitPin, at: PinAtRemote) -> Finding:
    if at.stand_in:
        message = f"the pinned commit {pin.commit} is not in {at.stand_in}, which may be behind"
        hint = hint_to_go_back(pin.module, at.stand_in)
    else:
        message = f"the pinned commit {pin.commit} is not in {pin.git}"
        hint = f"was it deleted or rewritten? 'pinner update -m {pin.module}' pins a commit that exists"
    return environment.finding("commit-unreachable", pin.module, message, hint)


def _names(environment: PinnedEnvironment, pin: GitPin, refs: Refs) -> Iterator[Finding]:
    """Yield names in the manifest that other tools may resolve to something else."""
    if pin.want.selector not in {SelectorKind.BRANCH, SelectorKind.TAG}:
        return
    name, kind = pin.want.value, pin.want.selector.value
    if LIKE_A_COMMIT.fullmatch(name):
        message = f"{kind} {name!r} has a name like a commit id: r10k and git read 5 to 40 hex digits as a commit first"
        hint = f"rename it in {pin.git}; pinner's Puppetfiles name the commit and are safe"
        yield environment.finding("ref-like-commit", pin.module, message, hint)
    if refs.branch(name) and refs.tag(name):
        other = "tag" if pin.want.selector is SelectorKind.BRANCH else "branch"
        message = f"{pin.git} has a {other} {name!r} as well: the {kind} is pinned, other tools may use the other one"
        yield environment.finding("ref-ambiguous", pin.module, message)


def _gone(environment: PinnedEnvironment, pin: GitPin, at: PinAtRemote) -> Iterator[Finding]:
    """Yield findings about a ref that no longer exists and what replaced it."""
    ref, now = short_name(pin.ref or ""), at.resolution
    if isinstance(now, ResolvedRef) and pin.want.selector is SelectorKind.RELEASE:
        yield from _rewritten(environment, pin, at, now.ref or "")
        yield from _status_changed(environment, pin, at)
    elif isinstance(now, ResolvedRef):
        message = f"tag {ref!r} is not in {at.stand_in or pin.git}; {pin.want.value} means {short_name(now.ref or '')!r} there"
        hint = f"'pinner update -m {pin.module} --allow-older {pin.module}' pins that"
        yield environment.finding("ref-missing", pin.module, message, hint)
    elif (pin.ref or "").startswith(BRANCH):
        yield _branch_gone(environment, pin, at)
    elif at.stand_in:
        message = f"tag {ref!r}, which is locked, is not in {at.stand_in}, which may be behind"
        yield environment.finding("ref-missing", pin.module, message, now.hint)
    else:
        yield now


def _branch_gone(environment: PinnedEnvironment, pin: GitPin, at: PinAtRemote) -> Finding:
    # Refs named after the same release come first: `unmaintained/zed` and `zed-eol` for `stable/zed`.
    release = (pin.ref or "").rpartition("/")[2]
    refs = sorted(at.containing_refs, key=lambda ref: (release not in ref, not ref.startswith(BRANCH), ref))
    gone = f"branch {short_name(pin.ref or '')!r} of {pin.git} is gone"
    if refs:
        named = ", ".join(repr(short_name(ref)) for ref in refs[:SHOWN_HOMES])
        more = f" and {len(refs) - SHOWN_HOMES} more" if len(refs) > SHOWN_HOMES else ""
        kind = "branch" if refs[0].startswith(BRANCH) else "tag"
        message = f"{gone}; its commits are still in {named}{more}"
        hint = f"write '{kind}: {short_name(refs[0])}', or keep the pinned commit with 'commit: {pin.commit}'"
    else:
        message = f"{gone}, and no branch and no tag has the pinned commit {pin.commit}"
        hint = f"pin it with 'commit: {pin.commit}' as long as the server has it, or use another branch"
    return environment.finding("branch-gone", pin.module, message, hint)


def _status_changed(environment: PinnedEnvironment, pin: GitPin, at: PinAtRemote) -> Iterator[Finding]:
    now = at.resolution
    if not isinstance(now, ResolvedRef) or pin.want.selector is not SelectorKind.RELEASE:
        return
    if (now.ref, now.status) == (pin.ref, pin.status):
        return
    old, new = short_name(pin.ref or ""), short_name(now.ref or "")
    if now.ref == pin.ref:
        message = f"{old!r} of {pin.git} is locked as {pin.status}, and is {now.status}"
    else:
        message = f"release {pin.want.value} moved in {pin.git}, from {old!r} to {new!r} ({now.status})"
    hint = f"'pinner update -m {pin.module}' records the change"
    yield environment.finding("status-changed", pin.module, message, hint)


def _undated(environment: PinnedEnvironment, pin: GitPin, at: PinAtRemote) -> Iterator[Finding]:
    now = at.resolution
    if isinstance(now, ResolvedRef) and now.is_undated and now.ref == pin.ref:
        tag = short_name(now.ref or "")
        message = (
            f"tag {tag!r} of {pin.git} is a lightweight tag, without a date of its own: that it existed on "
            f"{pin.want.as_of} was decided by the date of its commit"
        )
        hint = "it may have been made later; 'tag: NAME' takes one tag whatever its date"
        yield environment.finding("tag-undated", pin.module, message, hint)


def _rewritten(environment: PinnedEnvironment, pin: GitPin, at: PinAtRemote, ref: str) -> Iterator[Finding]:
    """Yield `branch-rewritten` if the ref lacks the pinned commit.

    The ref may be a tag that replaced a branch. If a mirror or the cache is merely behind,
    `older-than-locked` is yielded instead; a tag replaces a branch later, so it is not behind.
    """
    position = at.position
    if position is None or not position.ahead:
        return
    if at.stand_in and not position.behind and not ref.startswith(TAG):
        commits = "1 commit" if position.ahead == 1 else f"{position.ahead} commits"
        message = (
            f"{short_name(ref)!r} of {at.stand_in} is older than the locked commit {pin.commit}, by {commits}"
        )
        hint = hint_to_go_back(pin.module, at.stand_in)
        yield environment.finding("older-than-locked", pin.module, message, hint)
        return
    message = (
        f"{short_name(ref)!r} of {pin.git} was rewritten: it no longer contains the pinned commit {pin.commit} "
        f"(commits gone: {position.ahead}, new: {position.behind})"
    )
    older = "" if position.behind else f" --allow-older {pin.module}"
    hint = f"compare the two before you accept it with 'pinner update -m {pin.module}{older}'"
    yield environment.finding("branch-rewritten", pin.module, message, hint)


def check_tags(environment: PinnedEnvironment, verification: Verification) -> Iterator[Finding]:
    """Yield `history-incomplete` and, by module name, `tag-moved`."""
    tagged = {module: pin for module, pin in environment.git_pins.items() if meaning_of(pin)}
    if tagged and verification.log.gap:
        message = f"{verification.log.gap}: tags are compared only with the locks that can be read"
        hint = "fetch the whole history (in CI: 'fetch-depth: 0'), or see what 'git log' reports here"
        yield RULES["history-incomplete"].finding(None, message, hint=hint, place=environment.place(None))
    for module, pin in sorted(tagged.items()):
        if module not in verification.accepted:
            yield from _moved(environment, pin, verification.log)


def _moved(environment: PinnedEnvironment, pin: GitPin, log: TagLog) -> Iterator[Finding]:
    at = environment.remote.get(pin.module)
    now = at.refs.commits.get(pin.ref or "") if at and at.refs else None
    tag = short_name(pin.ref or "")
    if now is not None and now != pin.commit:
        what = f"tag {tag!r} of {pin.git} moved: pinned is {pin.commit}, it now names {now}"
        keep = f"; or keep the pinned commit with 'commit: {pin.commit}'"
    elif earlier := sorted(log.others(pin)):
        what = f"tag {tag!r} of {pin.git} moved: in an earlier lock of this project it names {earlier[0]}, it now names {pin.commit}"
        keep = f"; or go back with 'commit: {earlier[0]}'"
    else:
        return
    take = f"'pinner update -m {pin.module} --accept-moved {pin.module}'"
    hint = f"find out who moved it and why, then accept it with {take}{keep}"
    yield environment.finding("tag-moved", pin.module, what, hint)


def check_trees(environment: PinnedEnvironment, verification: Verification) -> Iterator[Finding]:
    """Yield `unsafe-tree`, by module name."""
    for module, pin in sorted(environment.git_pins.items()):
        if reason := verification.tree_flaws.get(pin.commit):
            message = f"commit {pin.commit} of {pin.git} cannot be checked out: {reason}"
            yield environment.finding("unsafe-tree", module, message, HINT)
