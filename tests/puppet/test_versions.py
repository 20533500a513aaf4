import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.versions import LONGEST_VERSION, Version, parse_version, version_of_tag
from tests.support.oracles import RubyOracle

NUMBERS = st.integers(0, 12).map(str)
IDENTIFIERS = st.sampled_from(
    ["0", "1", "9", "10", "a", "A", "b", "rc", "rc1", "rc10", "0a", "-", "1-", "a-b"]
)
PRE_RELEASES = st.lists(IDENTIFIERS, min_size=1, max_size=3).map(".".join)
BUILDS = st.sampled_from(["", "+1", "+01.a", "+-"])
VERSIONS = st.builds(
    lambda release, pre_release, build: ".".join(release) + pre_release + build,
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.one_of(st.just(""), PRE_RELEASES.map("-{}".format)),
    BUILDS,
)
NEARLY_VERSIONS = st.text(alphabet="0123.-+aRv \u0661", max_size=14)


def parsed(text: str) -> Version:
    version = parse_version(text)
    assert version is not None
    return version


@given(st.one_of(VERSIONS, NEARLY_VERSIONS))
def test_a_version_is_what_puppet_takes_for_one(semantic_puppet: RubyOracle, text: str) -> None:
    answer = semantic_puppet.ask({"versions": [text]})
    assert (parse_version(text) is not None) == (answer == [[0]])


@given(st.lists(VERSIONS, min_size=2, max_size=6))
def test_versions_are_ordered_as_puppet_orders_them(semantic_puppet: RubyOracle, texts: list[str]) -> None:
    versions = [parsed(text) for text in texts]
    ours = [[(one > other) - (one < other) for other in versions] for one in versions]
    assert ours == semantic_puppet.ask({"versions": texts})
    assert all((one <= other) == (not one > other) for one in versions for other in versions)
    assert all((one >= other) == (not one < other) for one in versions for other in versions)


@given(VERSIONS)
def test_a_version_is_written_as_it_was_read(text: str) -> None:
    assert str(parsed(text)) == text


@pytest.mark.parametrize(
    "text", ["1.2.3\n", "01.2.3", "1.2.3-01", "1.2.3-a.00", "1.2", "1.2.3.4", "", "v1.2.3"]
)
def test_texts_that_are_no_version(text: str) -> None:
    assert parse_version(text) is None


def test_equal_is_more_than_neither_above_nor_below() -> None:
    one, other = parsed("1.0.0+a"), parsed("1.0.0+b")
    assert one != other
    assert one <= other <= one


def test_the_longest_version_is_read_and_written() -> None:
    text = "1.2." + "9" * (LONGEST_VERSION - 4)
    assert str(parsed(text)) == text


@pytest.mark.parametrize(
    "text",
    ["9" * 5000 + ".0.0", "1.0.0-" + "9" * 5000, "1.0.0-" + "a." * 50_000 + "a", "1.0.0b" + "1" * 5000],
)
def test_a_version_of_thousands_of_digits_is_none(text: str) -> None:
    assert parse_version(text) is None
    assert version_of_tag(text) is None


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("26.0.0", "26.0.0"),
        ("v9.7.0", "9.7.0"),
        ("release-0.0.1", "0.0.1"),
        ("3.0.0-rc1", "3.0.0-rc1"),
        ("3.0.0-rc.1", "3.0.0-rc.1"),
        ("v5.0.0-beta2", "5.0.0-beta2"),
        ("8.0.0b1", "8.0.0-b.1"),
        ("2.0.0rc1", "2.0.0-rc.1"),
        ("5.0.0.0b3", "5.0.0-b.3"),
        ("13.0.0.0rc1", "13.0.0-rc.1"),
    ],
)
def test_the_version_of_a_tag(tag: str, version: str) -> None:
    assert str(version_of_tag(tag)) == version


@pytest.mark.parametrize(
    "tag",
    [
        "zed-em",
        "xena-eom",
        "2023.2-eol",
        "list",
        "test-tag",
        "1.0",
        "1.0b1",
        "1.2.3.4",
        "1.2.3.4rc1",
        "1!1.2.3b1",
        "1.2.3.dev1",
        "1.2.3b1.dev1",
        "1.2.3b1.post1",
        "1.2.3b1+local",
        "1.2.3.post1",
        "1.2.3.0.0b1",
        "",
    ],
)
def test_tags_that_name_no_version(tag: str) -> None:
    assert version_of_tag(tag) is None


def test_pre_releases_of_openstack_come_in_their_order_and_before_the_release() -> None:
    tags = ["13.0.0.0b1", "13.0.0.0b2", "13.0.0.0rc1", "13.0.0.0rc2", "13.0.0.0rc10", "13.0.0"]
    versions = [version for tag in tags if (version := version_of_tag(tag))]
    assert len(versions) == len(tags)
    assert versions == sorted(versions)
