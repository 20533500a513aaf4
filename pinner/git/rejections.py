"""Why a server refused a push, from what `git push --porcelain` says of each branch and what the server's hooks say."""

import re
from collections.abc import Iterator

from pinner.git.command import Output
from pinner.git.diagnosis import fit_to_show
from pinner.git.failures import FailureKind, SyncFailure, failure
from pinner.git.remote import Remote
from pinner.words.refs import BRANCH

# `!` TAB `<from>:<to>` TAB `[rejected] (<reason>)`, git's transport.c
_REFUSED = re.compile(r"^!\t[^\t]*:([^\t]*)\t\[[a-z ]*\] \((.*)\)$", re.MULTILINE)
_OF_ANOTHER = "atomic push fail"
_MOVED = re.compile("stale info|fetch first|non-fast-forward")
_NOT_ATOMIC = "does not support --atomic push"
_SAID = re.compile(r"^remote: +(.*)$", re.MULTILINE)
_MOST_LINES = 5


def why_rejected(remote: Remote, output: Output) -> SyncFailure | None:
    """Return why the server refused, None if it did not: the call failed before it could."""
    if _NOT_ATOMIC in output.err:
        message = f"{remote.url} cannot move several branches in one step, so none was moved"
        hint = "publish one environment at a time: pinner publish ENV"
        return SyncFailure(remote.url, FailureKind.UNSUPPORTED, message, hint)
    refused = dict(_REFUSED.findall(output.out.decode(errors="replace")))
    reasons = {ref: reason for ref, reason in refused.items() if _OF_ANOTHER not in reason} or refused
    if not reasons:
        return None
    has_moved = any(_MOVED.search(reason) for reason in reasons.values())
    kind = FailureKind.MOVED if has_moved else FailureKind.REJECTED
    return failure(kind, remote.url, place=remote.place, reason="; ".join(_words(reasons, output)))


def _words(reasons: dict[str, str], output: Output) -> Iterator[str]:
    for ref, reason in sorted(reasons.items())[:_MOST_LINES]:
        yield f"branch {fit_to_show(ref.removeprefix(BRANCH))}: {fit_to_show(reason)}"
    said = [line.strip() for line in _SAID.findall(output.err)]
    told = [fit_to_show(line) for line in said if line and not line.startswith("error: hook declined")]
    if told:
        yield f"it says: {' / '.join(told[:_MOST_LINES])}"
