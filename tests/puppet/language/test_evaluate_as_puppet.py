"""Of thousands of expressions the evaluator has Puppet's value or none: it never has another one."""

from collections.abc import Iterator
from itertools import islice, product
from typing import Any

from pinner.puppet.language.evaluate import CompilationFails, NotConstant, Scope, evaluate
from pinner.puppet.language.parser import parse_code
from tests.support.oracles import RubyOracle

OPERANDS = (
    *("1", "0", "-7", "3", "64", "9223372036854775807", "1.5", "1.0", "-2.5", "1e20", "0x1F", "010"),
    *("''", "'a'", "'A'", "'ab'", "'_'", "'Ä'", "'ä'", "'1'", "' 1 '", "'-1'", "'1.0'", "'1e3'", "'0x1f'"),
    *("'010'", "'08'", "'1.e5'", "'true'", "true", "false", "undef"),
    *("[]", "[1]", "[1.0]", "['a', 'B']", "[[1], ['a']]", "[undef, true]", "[{'a' => 1}]"),
    *("{}", "{'a' => 1}", "{'A' => 1}", "{'a' => undef}", "{1 => 'a'}", "{'a' => 1, 'b' => [2]}"),
)
TOO_LARGE = ("9223372036854775807", "1e20")
"""Operands by which Ruby cannot shift: it runs out of memory."""
OPERATORS = ("+", "-", "*", "/", "%", "<<", ">>", "==", "!=", "<", ">", "<=", ">=", "in", "and", "or", "=~")
# Each holds for one value (or two) of OPERANDS.
ONE = (
    *("-({})", "!({})", "[*({})]", "[0, *({}), 9]", '"<${{x}}>"', "String({})", "Integer({})", "Numeric({})"),
    *(
        "({}) =~ String",
        "({}) =~ Integer",
        "({}) =~ Float",
        "({}) =~ Numeric",
        "({}) =~ Scalar",
        "({}) =~ Any",
    ),
    *("({}) =~ String[1]", "({}) =~ String[1, 2]", "({}) =~ Integer[1]", "({}) =~ Integer[0, 64]"),
    *("({}) =~ Optional[Integer]", "({}) =~ Variant[Array, Enum['a', '1']]", "({}) =~ Array[Scalar]"),
    *("({}) =~ Hash[String, Integer]", "({}) =~ Integer[default, -5]", "({}) =~ Float[-3, 1.5]"),
    *("({}) =~ Enum['AB']", "({}) =~ Pattern['a']", "({}) =~ Optional['a']", "({}) =~ NotUndef[Data]"),
    *(
        "({}) =~ Tuple[Integer]",
        "({}) =~ Array[Any, 1]",
        "({}) =~ Struct[{{ 'a' => Any, Optional['b'] => Any }}]",
    ),
    *("({}) =~ Boolean[true]", "({}) =~ INTEGER", "({}) =~ Optional", "({}) =~ Callable"),
    *(
        f"Sensitive({{}}) =~ {name}"
        for name in ("Sensitive", "String", "Any", "NotUndef", "Data", "Optional")
    ),
    *("({}) =~ Sensitive[String]", "[Sensitive({})] =~ Array"),
    *("({}) =~ Pattern[/a/, /^-?1$/]", "case {} {{ Optional[String[2]]: {{ 1 }} default: {{ 2 }} }}"),
    *("({}) =~ Collection", "({}) =~ Array", "({}) =~ Hash", "({}) =~ Boolean", "({}) =~ Undef"),
    *("({}) =~ /a/", "({}) !~ /^1/", "({}) =~ '^a'", "({})[0]", "({})[-1]", "({})['a']", "({})[1, 1]"),
    *("({})[-5, 3]", "({})[true]", "({}) ? {{ /1/ => 'r', default => 'd' }}", "if {} {{ 1 }} else {{ 2 }}"),
    *("unless {} {{ 1 }}", "case {} {{ Integer: {{ 'i' }} /a/: {{ 'r' }} default: {{ 'd' }} }}"),
    *("case {} {{ '1', 1.0: {{ 'i' }} *[undef, 'B']: {{ 'u' }} }}", "[1, 2, 3][{}]", "'abc'[{}]"),
    *("join([{}], '-')", "flatten({})", "unique([{}, 1, 1.0, 'a'])", "empty({})", "size({})", "length({})"),
    *("upcase({})", "downcase({})", "capitalize({})", "strip({})", "versioncmp({}, '1')", "{{ {} => 1 }}"),
    *("{{ 'a' => 0, 'a' => {} }}", "unwrap(Sensitive({}))", "[[{}]] == [[1]]", "{} in [[1], /a/]"),
)
TWO = (
    *("{} ? {{ {} => 'y', default => 'n' }}", "case {} {{ {}: {{ 'y' }} }}", "case {} {{ *{}: {{ 'y' }} }}"),
    *("[{}] - [{}]", "[{}] == [{}]", "{{ 'k' => {} }} == {{ 'k' => {} }}", "{} in [{}]", "[{}] in [{}]"),
    *("Sensitive({}) == Sensitive({})", "{{ 'a' => {} }} + {{ 'a' => {} }}", "({})[{}]", "[{}, {}] =~ Array"),
)
REGEXES = (
    *(
        "^a",
        "b$",
        "\\\\z",
        "[a-c]",
        "\\\\d+",
        "\\\\w",
        "\\\\s",
        "\\\\bab\\\\b",
        "(?i:A)",
        "a{1,2}",
        "a|b",
        ".",
        "[^a]",
        "\\\\h",
    ),
    *("[[:alpha:]]", "(?=a)", "a++", "\\\\Aab\\\\Z", "(a)\\\\1", "[a&&b]", "\\\\\\\\z", "^$", "ä"),
)
TEXTS = ('"ab"', '"a\\nb"', '"ab\\n"', "''", "'AB'", "'ä'", "'a1 _'", "'aa'", "'a\\\\z'", '"\\t"', '"\\n"')


def expressions() -> Iterator[str]:
    for left, operator, right in product(OPERANDS, OPERATORS, OPERANDS):
        if operator not in {"<<", ">>"} or right not in TOO_LARGE:
            yield f"({left}) {operator} ({right})"
    for shape, operand in product(ONE, OPERANDS):
        yield f"$x = {operand}; " * ("{x}" in shape.format("")) + shape.format(operand)
    for shape, left, right in product(TWO, OPERANDS, OPERANDS):
        yield shape.format(left, right)
    for text, regex in product(TEXTS, REGEXES):
        yield f"{text} =~ /{regex.replace(chr(92) * 2, chr(92))}/"
        yield f"{text} =~ '{regex}'"


def exact(value: Any) -> Any:
    """Return a value as the oracle prints it: lists, and hashes as pairs."""
    if isinstance(value, dict):
        return {"hash": [[exact(key), exact(one)] for key, one in value.items()]}
    return [exact(one) for one in value] if isinstance(value, tuple) else value


def own_answer(text: str) -> dict[str, Any]:
    scope = Scope()
    try:
        for node in parse_code(text):
            found = evaluate(node, scope)
    except (NotConstant, CompilationFails) as reason:
        return {"error": str(reason)}
    return {"value": exact(found)}


def form(answer: dict[str, Any]) -> str:
    """Return an answer in which 1, 1.0 and true differ."""
    return repr(answer["value"]) if "value" in answer else "no value"


STEP = 7
"""One of so many expressions is asked; all of them have been. The number divides none of the numbers of operands."""
REASONS = (
    "a regular expression that only Ruby can match",
    "an element of something else than a hash or an array",
    "the operator >> with these operands",
    "the operator << with these operands",
    "the operator + with a hash",
    "a regex",
    "a conversion to String",
    "a conversion of a text to an integer",
    "a hash with keys that are neither strings nor numbers",
    "arithmetic with something else than numbers",
    *(
        f"the function {name}() with these arguments"
        for name in ("upcase", "downcase", "capitalize", "strip")
    ),
    *(f"the function {name}() with these arguments" for name in ("empty", "join")),
)
"""Why the evaluator may have no value where Puppet has one."""


def reasons_for(text: str) -> tuple[str, ...]:
    """Return the reasons that count for an expression; patterns match other texts than ASCII in Ruby alone."""
    return REASONS if text.isascii() else (*REASONS, "a match with a data type")


def test_no_value_is_another_one_than_puppets(puppet_language: RubyOracle) -> None:
    asked = list(islice(expressions(), None, None, STEP))
    own = [own_answer(text) for text in asked]
    wrong, without = [], []
    for text, mine, puppets in zip(asked, own, puppet_language.ask({"values": asked}), strict=True):
        if "value" in mine and form(mine) != form(puppets):
            wrong.append((text, mine, puppets))
        elif "value" not in mine and "value" in puppets and mine["error"] not in reasons_for(text):
            without.append((text, mine, puppets))
    assert (wrong, without) == ([], [])
    assert sum("value" in mine for mine in own) > len(asked) // 2
