"""The table of finding codes holds exactly the findings that the code makes, and alone decides on their levels."""

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pinner
from pinner.model.findings import Rule
from pinner.model.rules import RULES

PACKAGE = Path(pinner.__file__).parent


@cache
def findings_made() -> tuple[list[str], Mapping[str, str]]:
    """Return where `Finding` is called, and where each code is looked up or given to a maker of findings."""
    makers: list[str] = []
    codes: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Finding")):
                    makers.append(path.relative_to(PACKAGE).as_posix())
                case (
                    ast.Subscript(value=ast.Name(id="RULES"), slice=ast.Constant(str(code)))
                    | ast.Call(
                        func=ast.Name(id="finding" | "deployed_finding")
                        | ast.Attribute(attr="finding" | "deployed_finding"),
                        args=[ast.Constant(str(code)), *_],
                    )
                ):
                    codes[code] = f"{path.relative_to(PACKAGE)}:{node.lineno}"
    return makers, codes


def test_only_a_rule_makes_a_finding_and_sets_its_level() -> None:
    makers, _ = findings_made()
    assert makers == ["model/findings.py"]


def test_every_code_that_the_package_looks_up_has_a_row() -> None:
    _, codes = findings_made()
    assert len(codes) > len(RULES) / 2
    assert {code: where for code, where in codes.items() if code not in RULES} == {}


def test_every_row_has_a_finding() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "model/rules.py"]
    source = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert [code for code in RULES if f'"{code}"' not in source] == []


def test_codes_are_words_with_hyphens_and_texts_are_sentences() -> None:
    for rule in RULES.values():
        assert isinstance(rule, Rule)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
        assert rule.meaning.endswith(".")
        assert rule.fix.endswith((".", "`"))
