import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pinner.puppet.versions import (
    LONGEST,
    MOST_ALTERNATIVES,
    NOTHING,
    Operator,
    Range,
    parse_range,
    parse_version,
)
from tests.support.oracles import RubyOracle
from tests.support.properties import examples

PLACES = st.sampled_from(["0", "1", "2", "3", "x", "X", "*"])
NUMBERS = st.sampled_from(["0", "1", "2", "3"])
QUALIFIERS = st.sampled_from(["", "", "", "-a", "-rc.1", "-0", "-01", "+b", "-a+b"])
PARTIALS = st.one_of(
    PLACES,
    st.tuples(NUMBERS, PLACES).map(".".join),
    st.builds("{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, QUALIFIERS),
    st.builds("{}.{}.{}{}".format, NUMBERS, PLACES, PLACES, QUALIFIERS),
)
OPERATORS = ["", "=", ">", ">=", "<", "<=", "~", "~>", "~=", "^"]
WORDS = {
    Operator.EQUAL: "exactly",
    Operator.ABOVE: "above",
    Operator.FROM: "at least",
    Operator.BELOW: "below",
    Operator.UP_TO: "at most",
}


def in_words(understood: Range) -> str:
    """Return what the range means: `at least 1.0.0 and below 2.0.0 or exactly 3.0.0`."""
    parts = []
    for interval in understood.intervals:
        bounds = dict.fromkeys(bound for bound in (interval.lower, interval.upper) if bound)
        shown = " and ".join(f"{WORDS[bound.operator]} {bound.version}" for bound in bounds)
        parts += [shown or "any version"] if interval != NOTHING else []
    return " or ".join(parts) or "no version"


def ranges(operators: list[str], blanks: list[str], ends: list[str]) -> st.SearchStrategy[str]:
    comparisons = st.builds("{}{}{}".format, st.sampled_from(operators), st.sampled_from(blanks), PARTIALS)
    alternatives = st.one_of(
        comparisons,
        st.lists(comparisons, min_size=1, max_size=3).map(" ".join),
        st.builds("{} - {}".format, PARTIALS, PARTIALS),
    )
    joined = st.one_of(
        alternatives,
        st.lists(alternatives, min_size=1, max_size=4).map("||".join),
        st.lists(alternatives, min_size=1, max_size=4).map(" || ".join),
    )
    return st.builds("{}{}{}".format, st.sampled_from(ends), joined, st.sampled_from(ends))


CLEAN = ranges(OPERATORS, ["", " "], [""])
MESSY = ranges([*OPERATORS, ">~", "=>", "=="], ["", " ", "v", " v", "\t"], ["", " ", "||", "\n"])
NOISE = st.text(alphabet="0123.x*<>=~^| -v,a+\n", max_size=16)
VERSIONS = st.builds(
    "{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["", "-a", "-rc.1", "-0", "+b", "-a+b"])
)
PROBES = [
    f"{major}.{minor}.{patch}{rest}"
    for major in range(5)
    for minor in (0, 1, 3)
    for patch in (0, 1)
    for rest in ("", "-0", "-b", "+b")
]


def matches(text: str, version: str) -> bool:
    parsed = parse_version(version)
    assert parsed is not None
    return parse_range(text).matches(parsed)


@settings(max_examples=examples(250))
@given(st.one_of(CLEAN, CLEAN, MESSY, NOISE), st.lists(VERSIONS, max_size=8))
@example("* || 1.0.0", [])
@example("1.0.0 || *", [])
@example(">=1.0.0 <=1.5.0-rc || >=1.4.0 <2.0.0", ["1.5.0-a", "1.5.0-rc", "1.5.0-rd"])
@example(">=1.0.0 <=1.0.0", ["1.0.0+b"])
@example(">* || 1.x", [])
@example("<2.0.0 || >*", [])
@example("<1.0.0 || 1.0.0 - 2.0.0 || 2.0.1", [])
@example(">2.0.0 <1.0.0 >=0.5.0", [])
@example(">1.0.0 || >=1.0.0 <2", [])
@example(">=1.0.0 <2.0.0 || >=2.0.0 <3.0.0", ["2.0.0-a"])
@example(">=2.0.0 <3.0.0 || >=1.0.0 <2.0.0", ["2.0.0-a"])
@example(">=1.0.0 <2.0.0 || >2.0.0 <3.0.0", ["2.0.0"])
@example(">1.0.0 <3.0.0 || >1.0.0 <2.0.0", ["1.0.0"])
@example(">=1.0.0+a <=1.0.0 || 1.0.0+b", ["1.0.0+a", "1.0.0"])
@example("<=2.0.0 >=2.0.0", ["2.0.0+b"])
@example("<=2.0.0 >2.0.0", [])
@example("1.0.0 >0.5.0 || 1.0.0", [])
@example("2.0.0 || 1.0.0 - 1.9.9 || 2.0.1-a - 3", ["2.0.1-a", "2.0.1-0"])
def test_a_range_matches_what_puppet_matches(
    semantic_puppet: RubyOracle, text: str, versions: list[str]
) -> None:
    probes = PROBES + versions
    answer = semantic_puppet.ask({"range": text, "versions": probes})
    understood = parse_range(text)
    if isinstance(answer, dict):
        assert understood.flaws
    else:
        assert not understood.is_unreadable
        assert [matches(text, probe) for probe in probes] == answer


@given(st.text(max_size=60))
def test_any_text_gives_a_range(text: str) -> None:
    understood = parse_range(text)
    assert understood.text == text
    assert in_words(understood).isprintable()
    assert bool(understood.flaws) or not understood.is_unreadable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "any version"),
        ("*", "any version"),
        (">= 1.0.0 < 2.0.0", "at least 1.0.0 and below 2.0.0"),
        (">=1.0.0 <2.0.0", "at least 1.0.0 and below 2.0.0"),
        (">=1.5.0 <=3.3.0", "at least 1.5.0 and at most 3.3.0"),
        ("4.x", "at least 4.0.0 and below 5.0.0"),
        ("3.2.x", "at least 3.2.0 and below 3.3.0"),
        ("~1.2", "at least 1.2.0 and below 1.3.0"),
        ("~1.2.3", "at least 1.2.3 and below 1.3.0"),
        ("^1", "at least 1.0.0 and below 2.0.0"),
        ("^1.2.3-a", "at least 1.2.3-a and below 2.0.0"),
        ("^0.2.3", "at least 0.2.3 and below 0.3.0"),
        ("1.2.3 - 2.0.0", "at least 1.2.3 and at most 2.0.0"),
        ("1.2.3", "exactly 1.2.3"),
        (">1.2", "at least 1.3.0"),
        (">1.2.3", "above 1.2.3"),
        ("<=1", "below 2.0.0"),
        ("1.x || 3.x", "at least 1.0.0 and below 2.0.0 or at least 3.0.0 and below 4.0.0"),
        ("1.x || 2.x", "at least 1.0.0 and below 3.0.0"),
        ("1.0.0 - 1.9.9 || 1.9.10", "at least 1.0.0 and at most 1.9.10"),
    ],
)
def test_ranges_as_puppet_means_them(text: str, words: str) -> None:
    understood = parse_range(text)
    assert in_words(understood) == words
    assert understood.flaws == ()


@pytest.mark.parametrize(
    ("text", "words", "flaws"),
    [
        (">~1.7.0", "at least 1.7.0 and below 1.8.0", ("'>~' is not an operator: read as '~>'",)),
        (">=9.0.0 <10.0.0 ", "at least 9.0.0 and below 10.0.0", ("it ends with a blank",)),
        (" 1.0.0", "exactly 1.0.0", ("it starts with a blank",)),
        (
            ">= 8.0.0 >=9.0.0 <10.0.0",
            "at least 9.0.0 and below 10.0.0",
            ("it has two lower bounds: the higher one applies",),
        ),
        ("<3 <2", "below 2.0.0", ("it has two upper bounds: the lower one applies",)),
        (">= 1.0.0, < 2.0.0", "at least 1.0.0 and below 2.0.0", ("a comma separates comparisons",)),
        ("=> 1.0.0", "at least 1.0.0", ("'=>' is not an operator: read as '>='",)),
        ("=< 1.0.0", "at most 1.0.0", ("'=<' is not an operator: read as '<='",)),
        ("== 1.0.0", "exactly 1.0.0", ("'==' is not an operator: read as '='",)),
        (">= v1.0.0", "at least 1.0.0", ("a version has the prefix 'v'",)),
        (">=1.02.0", "at least 1.2.0", ("a number has a leading zero",)),
        (">=1.0.0<2.0.0", "at least 1.0.0 and below 2.0.0", ("a blank is missing between comparisons",)),
        ("<=x", "any version", ("Puppet fails on '<=' and '^' before a wildcard",)),
        ("^*", "any version", ("Puppet fails on '<=' and '^' before a wildcard",)),
        (">2 <1", "no version", ("no version can match it",)),
        (">*", "no version", ("no version can match it",)),
        ("1.0.0 || >2 <1", "exactly 1.0.0", ("no version can match one of its alternatives",)),
        ("||", "any version", ("an alternative is empty",)),
        ("1.0.0||", "exactly 1.0.0", ("an alternative is empty",)),
        ("1.0.0 || 1.0.0", "exactly 1.0.0", ("an alternative is repeated",)),
        (
            ">=1.0.0 || >=2.0.0",
            "at least 1.0.0 or at least 2.0.0",
            ("Puppet fails on overlapping alternatives with the same end",),
        ),
    ],
)
def test_misspelt_ranges_are_read_as_they_were_meant(text: str, words: str, flaws: tuple[str, ...]) -> None:
    understood = parse_range(text)
    assert in_words(understood) == words
    assert understood.flaws == flaws


@pytest.mark.parametrize("text", ["latest", "1.0.0 -2", ">= 1.2.3.4", "||x.y.z", "1 | 2", "≥1", "1.0.0-"])
def test_what_is_no_range_matches_nothing_and_says_so(text: str) -> None:
    assert parse_range(text) == Range(text, flaws=("it is not in Puppet's range syntax",), is_unreadable=True)
    assert not matches(text, "1.0.0")


@pytest.mark.parametrize("text", ["1.0.0 || " * 100_000, " " * 10_000_000, ">=" + "9" * 5000])
def test_a_text_too_long_is_unreadable(text: str) -> None:
    assert parse_range(text).flaws == (f"it is longer than {LONGEST} characters",)
    assert parse_range(text).is_unreadable


def test_too_many_alternatives_are_unreadable() -> None:
    text = "||".join(f"{number}.x" for number in range(0, 2 * MOST_ALTERNATIVES, 2))
    assert not parse_range(text).is_unreadable
    assert len(parse_range(text).intervals) == MOST_ALTERNATIVES
    assert parse_range(text + "||1000.x").flaws == (f"it has more than {MOST_ALTERNATIVES} alternatives",)


@pytest.mark.parametrize(
    "text",
    [
        " " * LONGEST,
        "1" * LONGEST,
        ">" * LONGEST,
        "1.0.0-" + "a." * 1990,
        "1 " * 1999,
        "1" + " " * 3000 + "-" + " " * 900 + "2 ",
        "<9 " * 1300,
    ],
)
def test_the_longest_texts_are_answered(text: str) -> None:
    assert parse_range(text).flaws


def test_a_version_may_have_a_thousand_digits() -> None:
    assert matches(">=" + "9" * 900, "9" * 901 + ".0.0")
