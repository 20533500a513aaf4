"""Write docs/reference/findings.md from the table of finding codes.

usage: python -m tools.write_findings
"""

from pathlib import Path

from pinner.model.findings import Rule
from pinner.model.rules import RULES

OUTPUT = Path(__file__).resolve().parent.parent / "docs" / "reference" / "findings.md"

HEAD = """\
<!-- Written by python -m tools.write_findings -->
# Findings

What `pinner lock`, `update`, `verify` and the other commands find, by code. Codes are stable: scripts, `findings: {ignore: [...]}` in a
manifest and `verify --ignore CODE[:MODULE]` rely on them. An error keeps a lock from being written and ends the command
with exit code 1; `--strict` makes warnings errors. `--format json`, `junit` and `sarif` carry the same codes.
"""


def render() -> str:
    """Return the text of the page."""
    return HEAD + "".join(_section(rule) for rule in RULES.values())


def _section(rule: Rule) -> str:
    return f"\n## {rule.code}\n\n*{rule.level.value}*: {rule.meaning}\n\nWhat to do: {rule.fix}\n"


if __name__ == "__main__":
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(render(), encoding="utf-8")
