"""Is the pin still what was asked for? The pinned commit against what its want means at the remote now."""

from collections.abc import Iterator

from pinner.operations.checks.subject import PinnedEnvironment
from pinner.operations.resolve import Found
from pinner.words.findings import Finding, Level
from pinner.words.pins import GitPin
from pinner.words.refs import TAG
from pinner.words.wants import Selector


def check_refs(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `commit-unreachable`, `ref-missing`, `tag-moved` and `branch-rewritten`, by module name."""
    for module, pin in sorted(environment.git_pins.items()):
        answer = environment.answers.get(module)
        if module in environment.absent:
            message = f"the pinned commit {pin.commit} is nowhere in {pin.git}"
            hint = f"was it deleted or rewritten? 'pinner update -m {module}' pins what is there now"
            yield environment.finding(Level.ERROR, "commit-unreachable", module, message, hint)
        elif isinstance(answer, Finding):
            yield answer
        elif answer is not None:
            yield from _check(environment, pin, answer)


def _check(environment: PinnedEnvironment, pin: GitPin, found: Found) -> Iterator[Finding]:
    if found.commit == pin.commit or pin.ref is None or pin.want.selector is Selector.VERSION:
        return
    if pin.ref.startswith(TAG) and found.ref == pin.ref:
        message = f"tag {pin.ref.removeprefix(TAG)!r} of {pin.git} moved: pinned is {pin.commit}, it now names {found.commit}"
        hint = f"find out why before you take it over with 'pinner update -m {pin.module}'"
        yield environment.finding(Level.ERROR, "tag-moved", pin.module, message, hint)
        return
    position = environment.positions.get(pin.module)
    if position is not None and position.ahead and pin.want.as_of is None:
        message = (
            f"{found.ref} of {pin.git} was rewritten: it no longer contains the pinned commit {pin.commit}"
        )
        hint = f"compare the two before you take it over with 'pinner update -m {pin.module}'"
        yield environment.finding(Level.ERROR, "branch-rewritten", pin.module, message, hint)
