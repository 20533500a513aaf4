"""Hand-made files, one for each trap that real code holds, against stored rows and against Puppet's own parser."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinner.model.errors import InputError
from pinner.model.module_api import Unreadable
from pinner.puppet.code.headers import read_headers
from pinner.puppet.code.read import read_file
from tests.support.oracles import RubyOracle
from tests.support.properties import examples
from tests.support.puppet_code import TEXTS, TRAPS, mutations, rows_of, rows_of_puppet

REJECTED_BY_PUPPET = {"old_body"}
KEYWORDS = re.compile("class|define|type|function|plan")
# A quote right after a quote: Puppet's lexer takes the first for text in a few places where no string can stand.
DOUBLED_QUOTES = re.compile(r"'''|\"\"[\"$]|[}\w][\"'][\"'$]|type\n")


@pytest.mark.parametrize("trap", TRAPS, ids=lambda path: path.stem)
def test_each_trap_is_read_as_stored(trap: Path) -> None:
    found = read_file("manifests/trap.pp", trap.read_bytes())
    assert not isinstance(found, Unreadable)
    assert rows_of(found) == json.loads(trap.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_puppets_own_parser_reads_each_trap_so(name: str, puppet_parser: RubyOracle) -> None:
    answer = puppet_parser.ask({"text": TEXTS[name]})
    assert ("error" in answer) == (name in REJECTED_BY_PUPPET)
    if name not in REJECTED_BY_PUPPET:
        found = read_file("manifests/trap.pp", TEXTS[name].encode())
        assert not isinstance(found, Unreadable)
        assert rows_of(found) == rows_of_puppet(answer)


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(TEXTS)), data=st.data())
def test_what_puppet_takes_is_read_as_puppet_reads_it(
    name: str, data: st.DataObject, puppet_parser: RubyOracle
) -> None:
    text = data.draw(mutations(TEXTS[name]))
    is_strange = len(KEYWORDS.findall(text)) != len(KEYWORDS.findall(TEXTS[name])) or DOUBLED_QUOTES.search(
        text
    )
    answer = puppet_parser.ask({"text": text})
    found = read_file("manifests/trap.pp", text.encode())
    if is_strange or "error" in answer:
        return
    if isinstance(found, Unreadable):
        assert not answer["definitions"]
        assert found.reason.startswith("the file contains code, but defines no")
    else:
        assert rows_of(found) == rows_of_puppet(answer)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class a(\n  $b = 1\n  $c = 2\n) { }", "line 3: a comma is missing between two parameters"),
        ("class a($b = 'x' $c) { }", "line 1: a comma is missing between two parameters"),
        ("class a(\n  b = 1\n) { }", "line 2: a parameter's name, which starts with '$', is missing"),
        ("class a($b,, $c) { }", "line 1: a parameter's name, which starts with '$', is missing"),
        ("class a($b = ) { }", "line 1: there is no default after '='"),
        ("class a($b = 1,\n", "line 2: a parameter's name, which starts with '$', is missing"),
        ("class a($b = 1\n", "line 2: the parameter list is not closed"),
        ("class a($b = [1, 2\n", "line 2: a bracket is not closed, or is closed by one of another kind"),
        ("class a($b = [1}) { }", "line 1: a bracket is not closed, or is closed by one of another kind"),
        ("class a($b = 1] ) { }", "line 1: a comma, or the end of the parameter list, is missing"),
        ("class a($b => 1) { }", "line 1: a comma, or the end of the parameter list, is missing"),
        ("class a($b) inherits c\n\n", "line 3: class 'a' has no '{' at the start of its body"),
        ("define a::b;", "line 1: define 'a::b' has no '{' at the start of its body"),
        ("\nclass a($b = 'c) { }", "line 2: a string is not closed"),
        ('class a($b = "${c") { }', "line 1: a string is not closed"),
        ('class a($b = "${c[\'d]}") { }', "line 1: a string is not closed"),
        ("class a($b = @(EOT)) { }\n text", "line 1: the heredoc that ends with 'EOT' is not closed"),
        ("class a($b = @(EOT)) { }", "line 1: the heredoc that ends with 'EOT' is not closed"),
        ("class a($b = @()) { }", "line 1: a heredoc's '@(...)' cannot be read"),
        ("/* class a { }", "line 1: a comment that starts with '/*' is not closed"),
        ("type A::B = 5", "line 1: the type 'A::B' has no type after its '='"),
        ("class a { " * 52, "line 1: classes are nested more than 50 deep"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_headers(text)
    assert str(error.value) == message


def test_a_body_is_not_read_when_nothing_more_can_be_defined_in_it() -> None:
    (header,) = read_headers("class a($b) {\n  'never closed ) } @( /* \n")
    assert [parameter.name for parameter in header.parameters] == ["b"]


def test_a_definition_after_a_body_that_cannot_be_read_is_not_lost_silently() -> None:
    with pytest.raises(InputError):
        read_headers("class a($b) {\n  'never closed\n}\nclass c($d) { }\n")
