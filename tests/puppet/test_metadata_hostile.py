import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.lock import Metadata
from pinner.puppet.metadata import LONGEST_JSON, MOST, MetadataFile, parse_metadata


def parse(document: object) -> Metadata:
    return parse_metadata(json.dumps(document).encode(), file="metadata.json")


def parse_modulefile(text: str) -> Metadata:
    return parse_metadata(text.encode(), file="Modulefile")


@pytest.mark.parametrize(
    ("content", "flaw"),
    [
        (b"", "it is not valid JSON: line 1, column 1: Expecting value"),
        (b'{"name": nova}', "it is not valid JSON: line 1, column 10: Expecting value"),
        (b"[]", "it contains a list, not an object"),
        (b"null", "it contains null, not an object"),
        (b"[" * 100_000, "its JSON is nested too deeply"),
        (b'{"a":' * 10_000, "its JSON is nested too deeply"),
        (b" " * (LONGEST_JSON + 1), f"it is larger than {LONGEST_JSON} bytes"),
    ],
)
def test_files_of_which_nothing_can_be_read(content: bytes, flaw: str) -> None:
    metadata = parse_metadata(content, file="metadata.json")
    assert metadata == Metadata(file="metadata.json", flaws=(flaw,))


def test_a_modulefile_that_is_too_long() -> None:
    assert parse_modulefile(" " * 1_000_001).flaws == ("it is longer than 1000000 characters",)


def test_what_puppet_forgives_is_forgiven_and_told() -> None:
    content = b'\xef\xbb\xbf/* made by\n a tool */ {"name": "a-b", "name": "a/c", "version": "1.0.0"}'
    metadata = parse_metadata(content, file="metadata.json")
    assert (metadata.name, metadata.version) == ("a-c", "1.0.0")
    assert metadata.flaws == (
        "it begins with a byte order mark",
        "a comment precedes the JSON",
        "a key is repeated in one object: the last one counts",
    )


def test_latin_1_is_read_as_such() -> None:
    content = '{"name": "a-b", "version": "1.0.0", "author": "Jürgen"}'.encode("latin-1")
    metadata = parse_metadata(content, file="metadata.json")
    assert metadata.name == "a-b"
    assert metadata.flaws == ("it is not UTF-8: read as Latin-1",)


@pytest.mark.parametrize("file", ["metadata.json", "Modulefile"])
def test_a_hundred_thousand_dependencies(file: MetadataFile) -> None:
    if file == "metadata.json":
        rows = [{"name": f"a/b{number}"} for number in range(100_000)]
        metadata = parse({"name": "a-b", "version": "1.0.0", "dependencies": rows})
        assert metadata.flaws == ("dependencies has 100000 rows: only the first 1000 are read",)
    else:
        lines = "\n".join(f"dependency 'a/b{number}'" for number in range(20_000))
        metadata = parse_modulefile(f"name 'a-b'\nversion '1.0.0'\n{lines}")
        assert metadata.flaws == ("it has 20000 dependencies: only the first 1000 are read",)
    assert len(metadata.dependencies) == 1000


def test_a_thousand_flaws_are_counted() -> None:
    metadata = parse({"name": "a-b", "version": "1.0.0", "dependencies": list(range(1000))})
    assert len(metadata.flaws) == MOST + 1
    assert metadata.flaws[-1] == f"and {1000 - MOST} more"


VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.just("a/b"),
        st.just("1.0.0"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["name", "version_requirement", "operatingsystem", "operatingsystemrelease"]),
            inner,
        ),
    ),
    max_leaves=8,
)
KEYS = st.sampled_from(["name", "version", "dependencies", "requirements", "operatingsystem_support"])


@given(st.one_of(VALUES, st.dictionaries(KEYS, VALUES)))
def test_any_json_gives_clean_texts(document: object) -> None:
    metadata = parse(document)
    rows = (*metadata.dependencies, *metadata.requirements)
    texts = [metadata.name, metadata.version, *(text for row in rows for text in (row.name, row.range))]
    texts += [text for system, releases in metadata.platforms.items() for text in (system, *releases)]
    assert all(text is None or text.isprintable() for text in (*texts, *metadata.flaws))
    assert metadata.flaws or metadata.name


@given(st.binary(max_size=200), st.sampled_from(["metadata.json", "Modulefile"]))
def test_any_bytes_give_metadata(content: bytes, file: MetadataFile) -> None:
    metadata = parse_metadata(content, file=file)
    assert metadata.file == file
    assert all(flaw.isprintable() for flaw in metadata.flaws)
