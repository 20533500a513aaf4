"""Is the pin still what was asked for? The pinned commit against the ref it was taken from, as the remote has it now."""

import re
from collections.abc import Iterator

from pinner.operations.checks.subject import PinnedEnvironment
from pinner.operations.resolve import Answer, Found
from pinner.operations.wanted import WantedGit
from pinner.words.findings import Finding, Level
from pinner.words.pins import GitPin
from pinner.words.refs import BRANCH, Refs, short_name
from pinner.words.wants import Selector

# r10k takes such a name for a commit before it looks for a branch or tag (its ref_type)
LIKE_A_COMMIT = re.compile(r"[0-9a-f]{5,40}", re.IGNORECASE)
SHOWN_HOMES = 3


def check_refs(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield what became of the refs and commits of the pins, by module name; only of remotes that were asked."""
    for module, pin in sorted(environment.git_pins.items()):
        answer = environment.remotes.answers.get(module)
        if module in environment.remotes.absent:
            message = f"the pinned commit {pin.commit} is nowhere in {pin.git}"
            hint = f"was it deleted or rewritten? 'pinner update -m {module}' pins what is there now"
            yield environment.finding(Level.ERROR, "commit-unreachable", module, message, hint)
        elif answer is not None:
            yield from _compare(environment, pin, answer)


def _compare(environment: PinnedEnvironment, pin: GitPin, answer: Answer) -> Iterator[Finding]:
    wanted = environment.wanted.modules.get(pin.module)
    refs = environment.remotes.refs.get(pin.module)
    is_as_wanted = isinstance(wanted, WantedGit) and (wanted.git, wanted.want) == (pin.git, pin.want)
    if refs is None or not is_as_wanted:
        if isinstance(answer, Finding):
            yield answer
    elif pin.ref is None:
        yield from _bare(environment, pin)
    else:
        yield from _names(environment, pin, refs)
        if pin.ref not in refs.commits:
            yield from _gone(environment, pin, answer)
        else:
            yield from _rewritten(environment, pin, pin.ref)
            yield from _moved_on(environment, pin, answer)


def _bare(environment: PinnedEnvironment, pin: GitPin) -> Iterator[Finding]:
    if pin.module in environment.remotes.unmerged:
        message = f"no branch and no tag of {pin.git} reaches {pin.commit}: it is a change under review, or was rewritten away"
        hint = "give it an 'until', and go back to a branch or tag once it is merged"
        yield environment.finding(Level.WARNING, "commit-unmerged", pin.module, message, hint)


def _names(environment: PinnedEnvironment, pin: GitPin, refs: Refs) -> Iterator[Finding]:
    """Yield what other tools may take for something else, of names that the manifest gives."""
    if pin.want.selector not in {Selector.BRANCH, Selector.TAG}:
        return
    name, kind = pin.want.value, pin.want.selector.value
    if LIKE_A_COMMIT.fullmatch(name):
        message = (
            f"{kind} {name!r} is named like a commit: r10k and git take 5 to 40 hex digits for one first"
        )
        hint = f"ask for another name in {pin.git}; pinner's Puppetfiles name the commit and are safe"
        yield environment.finding(Level.WARNING, "ref-like-commit", pin.module, message, hint)
    if refs.branch(name) and refs.tag(name):
        other = "tag" if pin.want.selector is Selector.BRANCH else "branch"
        message = (
            f"{pin.git} has a {other} {name!r} too: pinned is the {kind}, other tools may take the other"
        )
        yield environment.finding(Level.INFO, "ref-ambiguous", pin.module, message)


def _gone(environment: PinnedEnvironment, pin: GitPin, answer: Answer) -> Iterator[Finding]:
    """Yield what took the place of a ref that is not there any more."""
    ref = pin.ref or ""
    if isinstance(answer, Found) and pin.want.selector is Selector.RELEASE:
        yield from _rewritten(environment, pin, answer.ref or "")
        yield from _moved_on(environment, pin, answer)
    elif isinstance(answer, Found):
        message = f"tag {short_name(ref)!r} is gone from {pin.git}; {pin.want.value} means {short_name(answer.ref or '')!r} now"
        yield environment.finding(
            Level.ERROR, "ref-missing", pin.module, message, f"'pinner update -m {pin.module}' pins that"
        )
    elif ref.startswith(BRANCH):
        yield from _lives_on(environment, pin)
    else:
        yield answer


def _lives_on(environment: PinnedEnvironment, pin: GitPin) -> Iterator[Finding]:
    homes = _nearest_first(environment.remotes.homes.get(pin.module, ()), pin.ref or "")
    gone = f"branch {short_name(pin.ref or '')!r} of {pin.git} is gone"
    if homes:
        named = ", ".join(repr(short_name(ref)) for ref in homes[:SHOWN_HOMES])
        more = f" and {len(homes) - SHOWN_HOMES} more" if len(homes) > SHOWN_HOMES else ""
        kind = "branch" if homes[0].startswith(BRANCH) else "tag"
        message = f"{gone}; its commits live on in {named}{more}"
        hint = f"write '{kind}: {short_name(homes[0])}', or hold what you have with 'commit: {pin.commit}'"
    else:
        message = f"{gone}, and no branch and no tag has the pinned commit {pin.commit}"
        hint = f"hold it with 'commit: {pin.commit}' as long as the server has it, or take another branch"
    yield environment.finding(Level.ERROR, "branch-gone", pin.module, message, hint)


def _nearest_first(homes: tuple[str, ...], gone: str) -> tuple[str, ...]:
    """Return the refs that are named after the same release first: `unmaintained/zed` and `zed-eol` for `stable/zed`."""
    release = gone.rpartition("/")[2]
    return tuple(sorted(homes, key=lambda ref: (release not in ref, not ref.startswith(BRANCH), ref)))


def _moved_on(environment: PinnedEnvironment, pin: GitPin, answer: Answer) -> Iterator[Finding]:
    if not isinstance(answer, Found) or pin.want.selector is not Selector.RELEASE or answer.ref == pin.ref:
        return
    now = f"{short_name(answer.ref or '')!r} ({answer.status})"
    message = (
        f"release {pin.want.value} has moved on in {pin.git}, from {short_name(pin.ref or '')!r} to {now}"
    )
    hint = f"'pinner update -m {pin.module}' writes that down"
    yield environment.finding(Level.WARNING, "status-changed", pin.module, message, hint)


def _rewritten(environment: PinnedEnvironment, pin: GitPin, ref: str) -> Iterator[Finding]:
    """Yield `branch-rewritten` where the ref, which may be a tag that took a branch's place, lacks the pinned commit."""
    position = environment.remotes.positions.get(pin.module)
    if position is None or not position.ahead:
        return
    message = (
        f"{short_name(ref)!r} of {pin.git} was rewritten: it no longer contains the pinned commit {pin.commit} "
        f"(commits gone: {position.ahead}, new: {position.behind})"
    )
    hint = f"compare the two before you take it over with 'pinner update -m {pin.module}'"
    yield environment.finding(Level.ERROR, "branch-rewritten", pin.module, message, hint)
