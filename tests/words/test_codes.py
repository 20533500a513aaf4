"""The table of finding codes holds exactly the findings that the code makes, each at its level."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pinner
from pinner.words.codes import RULES, Rule
from pinner.words.findings import Level

PACKAGE = Path(pinner.__file__).parent


def made_findings() -> Iterator[tuple[str, str, str]]:
    """Yield code, level and place of each `Finding(Level.X, "code", ...)` and `.finding(Level.X, "code", ...)`.

    And of each `replace(finding, level=Level.X, code="code")`.
    """
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                where = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                yield from ((code, level, where) for code, level in _made_by(node))


def _made_by(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    level, code = named.get("level"), named.get("code")
    if name in {"Finding", "finding"} and len(call.args) > 1:
        level, code = call.args[:2]
    if isinstance(code, ast.Constant) and isinstance(level, ast.Attribute):
        yield str(code.value), level.attr


def test_every_finding_has_its_row_with_its_level() -> None:
    wrong = [
        f"{where}: {code} is {level}"
        for code, level, where in made_findings()
        if code not in RULES or RULES[code].level is not Level[level]
    ]
    assert wrong == []


def test_every_row_has_a_finding() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if not path.name.startswith("codes")]
    source = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert [code for code in RULES if f'"{code}"' not in source] == []


def test_codes_are_words_with_hyphens_and_texts_are_sentences() -> None:
    for rule in RULES.values():
        assert isinstance(rule, Rule)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
        assert rule.meaning.endswith(".")
        assert rule.mend.endswith((".", "`"))
