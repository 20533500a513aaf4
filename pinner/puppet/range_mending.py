"""Version ranges that Puppet refuses, rewritten to what they were meant to say, each change told in words."""

import re
from typing import Final, NamedTuple


class Repair(NamedTuple):
    """Every match of `pattern` becomes `replacement`; `flaw` says what that was."""

    pattern: re.Pattern[str]
    replacement: str
    flaw: str


_REPAIRS: Final = (
    Repair(re.compile(r"\A\s+"), "", "a blank stands at its beginning"),
    Repair(re.compile(r","), " ", "a comma stands between comparisons"),
    Repair(re.compile(r">~"), "~>", "'>~' is no operator: read as '~>'"),
    Repair(re.compile(r"=>"), ">=", "'=>' is no operator: read as '>='"),
    Repair(re.compile(r"=<"), "<=", "'=<' is no operator: read as '<='"),
    Repair(re.compile(r"={2,}"), "=", "'==' is no operator: read as '='"),
    Repair(re.compile(r"(?<![0-9A-Za-z.+-])v(?=[0-9])"), "", "a 'v' stands before a version"),
    Repair(re.compile(r"(?<![0-9A-Za-z])0+(?=[0-9])"), "", "a number has a leading zero"),
    Repair(re.compile(r"(?<=[0-9A-Za-z*])(?=[<>=~^])"), " ", "no blank stands between comparisons"),
    Repair(re.compile(r"(?:<=|\^)\s*[xX*][^\s|]*"), "*", "Puppet fails on '<=' and '^' before an open place"),
)


def mend(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text as it was meant, with a flaw for each kind of change; the same text and none if nothing helps."""
    flaws = []
    for repair in _REPAIRS:
        text, count = repair.pattern.subn(repair.replacement, text)
        flaws += [repair.flaw] if count else []
    return text, tuple(flaws)
