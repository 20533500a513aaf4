"""The definitions of one .pp file: its headers, with the evidence of deprecation and what that evidence advises."""

from collections.abc import Sequence

from pinner.puppet.code.advice import removal_of, replacement_of
from pinner.puppet.code.creations import read_creations
from pinner.puppet.code.evidence import Marks, read_marks
from pinner.puppet.code.headers import Header, read_headers
from pinner.puppet.code.lines import Lines
from pinner.puppet.code.parameters import RawParameter
from pinner.words.api import MOST_TELLING, Definition, Evidence, Parameter

_NO_ADVICE: tuple[str | None, str | None] = (None, None)


def read_manifest(path: str, text: str) -> tuple[Definition, ...]:
    """Return the definitions of the manifest `text` in order; raises InputError where it cannot be read."""
    headers = read_headers(text)
    lines = Lines(text)
    marks = read_marks(lines, headers)
    ends = [*(header.start for header in headers), len(text)][1:]
    found = zip(headers, marks, ends, strict=True)
    return tuple(_definition(path, header, marked, lines, end) for header, marked, end in found)


def _definition(path: str, header: Header, marks: Marks, lines: Lines, end: int) -> Definition:
    evidence = tuple(marks.whole)
    replacement, removal = _advice(evidence, header.name, "")
    return Definition(
        kind=header.kind,
        name=header.name,
        path=path,
        line=lines.at(header.start),
        inherits=header.inherits,
        parameters=tuple(_parameter(raw, marks, lines, header.name) for raw in header.parameters),
        target=header.target,
        evidence=evidence,
        replacement=replacement,
        removal=removal,
        creates=read_creations(lines.text[header.body : end], header.name),
    )


def _parameter(raw: RawParameter, marks: Marks, lines: Lines, owner: str) -> Parameter:
    line = lines.at(raw.start)
    evidence = tuple(marks.of.get(raw.name, ()))
    if not evidence:
        return Parameter(raw.name, line, raw.type, raw.default, is_rest=raw.is_rest)
    advice = _advice(evidence, raw.name, owner)
    return Parameter(raw.name, line, raw.type, raw.default, evidence, *advice, raw.is_rest)


def _advice(evidence: Sequence[Evidence], name: str, owner: str) -> tuple[str | None, str | None]:
    """Return what to use instead and when the thing goes, each from the most telling mark that says so."""
    if not evidence:
        return _NO_ADVICE
    texts = [one.text for one in sorted(evidence, key=lambda one: MOST_TELLING.index(one.mark))]
    replacements = (replacement_of(text, name, owner) for text in texts)
    removals = (removal_of(text) for text in texts)
    return next(filter(None, replacements), None), next(filter(None, removals), None)
