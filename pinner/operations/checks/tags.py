"""Does a tag still mean what it meant? Against the pin, and against every lock this project ever had."""

from collections.abc import Iterator

from pinner.operations.checks.subject import PinnedEnvironment
from pinner.operations.tag_log import meaning_of
from pinner.words.findings import Finding, Level
from pinner.words.pins import GitPin
from pinner.words.refs import short_name


def check_tags(environment: PinnedEnvironment) -> Iterator[Finding]:
    """Yield `history-incomplete` and, by module name, `tag-moved`."""
    tagged = {module: pin for module, pin in environment.git_pins.items() if meaning_of(pin)}
    if tagged and environment.log.gap:
        message = f"{environment.log.gap}: tags are compared with the locks that are left"
        hint = "fetch the whole history (in CI: 'fetch-depth: 0'), or see what 'git log' says here"
        yield Finding(Level.INFO, "history-incomplete", None, message, hint, environment.place(None))
    for module, pin in sorted(tagged.items()):
        if module not in environment.accepted:
            yield from _moved(environment, pin)


def _moved(environment: PinnedEnvironment, pin: GitPin) -> Iterator[Finding]:
    refs = environment.remotes.refs.get(pin.module)
    now = refs.commits.get(pin.ref or "") if refs else None
    tag = short_name(pin.ref or "")
    if now is not None and now != pin.commit:
        what = f"tag {tag!r} of {pin.git} moved: pinned is {pin.commit}, it now names {now}"
        keep = f"; or keep what you have with 'commit: {pin.commit}'"
    elif earlier := sorted(environment.log.others(pin)):
        what = f"tag {tag!r} of {pin.git} moved: an earlier lock of this project says {earlier[0]}, it now names {pin.commit}"
        keep = f"; or go back with 'commit: {earlier[0]}'"
    else:
        return
    take = f"'pinner update -m {pin.module} --accept-moved {pin.module}'"
    hint = f"find out who moved it and why, then take it over with {take}{keep}"
    yield environment.finding(Level.ERROR, "tag-moved", pin.module, what, hint)
