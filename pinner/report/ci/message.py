"""The message of an update: a commit's subject and a description in Markdown, for a merge request.

The whole file is a commit message, `git commit -F FILE`; its first line is the title of a merge request and the rest its
description. GitHub takes 65,536 characters, so the file is kept below 60,000 bytes: the tables come first, then the
details of each module, as many as there is room for.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pinner.model.comparison import Comparison, ModuleChange, Proposal
from pinner.model.lock import GitPin, Pin
from pinner.model.text import one_line
from pinner.report.changes import commit_words, effect_words, listed_modules, verdict_words
from pinner.report.ci.markdown import LARGEST, escape, escape_part, further_links, linked_commit, size_of
from pinner.report.links import web_pages
from pinner.report.words import SHORT, brief_pin, clip, count, first_few

_ROOM_FOR_END: Final = 200
_SUBJECT: Final = 72
_FEW_NAMES: Final = 3
_CODE: Final = re.compile(r"``([^`]+)``|`([^`\s][^`]*)`")
_LONGEST_NOTE: Final = 2_000


def update_message(proposals: Sequence[Proposal]) -> str | None:
    """Return the message of what changes; None if nothing does."""
    changed = [one for one in proposals if one.comparison and listed_modules(one.comparison.modules)]
    if not changed:
        return None
    names = dict.fromkeys(change.name for one in changed for change in listed_modules(_of(one).modules))
    where = first_few([one.result.environment for one in changed], _FEW_NAMES)
    what = next(iter(names)) if len(names) == 1 else count(len(names), "module")
    lines = [clip(f"{where}: update {what}", _SUBJECT), ""]
    blocks = [
        *(list(_summary(one.result.environment, _of(one))) for one in changed),
        *(
            list(_details(one.result.environment, change))
            for one in changed
            for change in listed_modules(_of(one).modules)
        ),
    ]
    room = LARGEST - _ROOM_FOR_END - size_of(lines)
    left_out = 0
    for block in filter(None, blocks):
        room -= size_of(block)
        if room < 0 or left_out:
            left_out += 1
        else:
            lines += block
    if left_out:
        lines.append(f"… {count(left_out, 'more section')} left out here: see `pinner diff`.")
    return "\n".join(lines).rstrip("\n") + "\n"


def _of(proposal: Proposal) -> Comparison:
    if proposal.comparison is None:
        raise ValueError(proposal)
    return proposal.comparison


def _summary(environment: str, result: Comparison) -> Iterator[str]:
    """Yield an environment's lock ids, verdict, table of modules, and effects on the operator's data."""
    yield f"**{escape(environment)}**: `{result.before.lock.lock_id}` → `{result.after.lock.lock_id}`"
    yield ""
    if result.readiness is not None:
        yield from (escape(verdict_words(result.readiness, environment)), "")
    yield from ("| module | from | to | commits |", "|---|---|---|---|")
    for change in listed_modules(result.modules):
        security = sum(bool(trailers.is_security) for trailers in change.trailers.values())
        number = str(len(change.commits)) if change.commits else "-"
        fixes = f", {count(security, 'security fix', 'security fixes')}" if security else ""
        cells = (escape(change.name), _pin(change.before), _pin(change.after), f"{number}{fixes}")
        yield f"| {' | '.join(cells)} |"
    yield ""
    if result.effects:
        yield from ("In your data:", "")
        yield from (f"- {escape(effect_words(effect))}" for effect in result.effects)
        yield ""


def _pin(pin: Pin | None) -> str:
    if not isinstance(pin, GitPin):
        return escape(brief_pin(pin))
    text = f"{escape(brief_pin(pin))} `{pin.commit[:SHORT]}`"
    pages = web_pages(pin.git)
    link = pages.commit(pin.commit) if pages else None
    return f"[{text}]({link})" if link else text


def _details(environment: str, change: ModuleChange) -> Iterator[str]:
    """Yield a module's release notes and commits, folded."""
    if not change.notes and not change.commits:
        return
    parts = [count(len(change.notes), "release note")] if change.notes else []
    parts += [count(len(change.commits), "commit")] if change.commits else []
    yield f"<details><summary>{_html(change.name)} in {_html(environment)}: {', '.join(parts)}</summary>"
    yield ""
    for note in change.notes:
        yield f"- **{escape(note.section)}**: {prose(clip(note.text, _LONGEST_NOTE))}"
    if change.notes and change.commits:
        yield ""
    for commit in change.commits_by_weight:
        words = escape(commit_words(change, commit))
        yield f"- {linked_commit(change, commit.id)} {words}{further_links(change, commit)}"
    yield from ("", "</details>", "")


def prose(text: str) -> str:
    """Return a release note as Markdown: reST's literals become code, and everything else is escaped."""
    line = one_line(text)
    parts: list[str] = []
    end = 0
    for found in _CODE.finditer(line):
        parts += [escape_part(line[end : found.start()]), f"`{found[1] or found[2]}`"]
        end = found.end()
    return "".join((*parts, escape_part(line[end:])))


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
