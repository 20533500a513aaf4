from pathlib import Path

import pytest

from pinner.adopting.sources import is_jens, read_jens
from pinner.model.errors import InputError
from pinner.model.manifest import FoundSources

LIBRARY = """repositories:
  common:
    hieradata: https://git.example.net/data
    site: https://git.example.net/site
  hostgroups: {}
  modules:
    nova: https://git.example.net/nova
"""


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    (tmp_path / "environments").mkdir()
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "repositories.yaml").write_text(LIBRARY)
    return tmp_path


def read(metadata: Path, text: str | bytes, name: str = "qa") -> FoundSources:
    data = text if isinstance(text, bytes) else text.encode()
    (metadata / "environments" / f"{name}.yaml").write_bytes(data)
    return read_jens(metadata)


def told(found: FoundSources, metadata: Path) -> tuple[list[str], list[str]]:
    root = f"{metadata}/environments/"
    problems, notes = (
        [str(problem).replace(root, "") for problem in some] for some in (found.problems, found.notes)
    )
    return problems, notes[1:]


def test_an_environment_is_a_file(metadata: Path) -> None:
    read(metadata, "default: master\nnotifications: [ops@example.org, dba@example.org]\n", "production")
    found = read(metadata, "---\ndefault: qa\nnotifications: bob@example.org\n")
    assert [(each.name, each.owners, len(each.modules)) for each in found.environments] == [
        ("production", ("ops@example.org", "dba@example.org"), 3),
        ("qa", ("bob@example.org",), 3),
    ]
    assert told(found, metadata) == ([], [])
    assert "r10k installs the whole repository" in found.notes[0].message


def test_refs_stay_as_they_are_written(metadata: Path) -> None:
    found = read(metadata, "default: 2025.10\nnotifications: x\noverrides: {modules: {nova: 0120715}}\n")
    assert {module.name: module.ref for module in found.environments[0].modules} == {
        "nova": "0120715",
        "hieradata": "2025.10",
        "site": "2025.10",
    }


def test_the_parser_is_dropped_with_a_note(metadata: Path) -> None:
    found = read(metadata, "default: qa\nnotifications: x\nparser: future\n")
    assert told(found, metadata) == (
        [],
        ["qa.yaml:3:1: 'parser' is ignored: it chose a parser of Puppet 3, and later versions have only one"],
    )


def test_jens_own_documentations_example_is_read_with_what_is_wrong_in_it(metadata: Path) -> None:
    found = read(metadata, "---\ndefault: qa\nnotitications: higgs@example.org\n")
    assert told(found, metadata) == (
        [],
        [
            "qa.yaml: Jens refuses this file: 'notifications' is missing",
            "qa.yaml:3:1: Jens ignores the key 'notitications'\n  hint: did you mean 'notifications'?",
        ],
    )
    assert len(found.environments[0].modules) == 3


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ("overrides:\n", "qa.yaml:3:1: 'overrides' must be a map"),
        ("overrides: [nova]\n", "qa.yaml:3:1: 'overrides' must be a map"),
        ("overrides: {moduls: {nova: x}}\n", "qa.yaml:3:13: unknown part 'moduls' in 'overrides'"),
        ("overrides: {modules: }\n", "qa.yaml:3:13: the overrides of modules must be a map"),
        ("overrides: {modules: {nova: }}\n", "qa.yaml:3:23: the ref of 'nova' is not text"),
        ("overrides: {modules: {nova: [a]}}\n", "qa.yaml:3:23: the ref of 'nova' is not text"),
        ("overrides: {modules: &a {nova: x}}\n", "qa.yaml:3:22: anchors ('&a') are not allowed"),
        ("x: &a [b]\noverrides: {modules: *a}\n", "qa.yaml:3:4: anchors ('&a') are not allowed"),
        (
            "overrides: {modules: {nova: x, nova: y}}\n",
            "qa.yaml:3:32: the key 'nova' was given before, at line 3, column 23",
        ),
    ],
)
def test_what_jens_refuses_or_pinner_does_not_expand_is_a_problem(
    metadata: Path, overrides: str, problem: str
) -> None:
    found = read(metadata, f"default: qa\nnotifications: x\n{overrides}")
    assert told(found, metadata)[0][0].partition("\n")[0] == problem


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"- a\n",
        b"\xff\xfe",
        b"a: [" * 50_000,
        b"{a: " * 50_000,
        b"x" * 5_000_000,
        b"a: &a [*a, *a]\n",
        b"!!python/object/apply:os.system [id]\n",
        b"a:\tb: c\n\x00",
    ],
    ids=["empty", "list", "bytes", "deep list", "deep map", "huge", "bomb", "object", "control"],
)
def test_a_file_that_is_none_is_told_and_the_others_are_read(metadata: Path, content: bytes) -> None:
    read(metadata, "default: master\nnotifications: x\n", "production")
    found = read(metadata, content)
    assert {problem.place.path.rpartition("/")[2] for problem in found.problems if problem.place} == {
        "qa.yaml"
    }
    assert len(found.environments[0].modules) == 3


def test_a_library_that_is_none(metadata: Path) -> None:
    (metadata / "repository" / "repositories.yaml").write_text("modules: {nova: x}\n")
    with pytest.raises(InputError, match="this is not a Jens library: the map 'repositories' is missing"):
        read(metadata, "default: qa\nnotifications: x\n")


def test_a_part_of_the_library_that_jens_does_not_know(metadata: Path) -> None:
    (metadata / "repository" / "repositories.yaml").write_text(f"{LIBRARY}  module: {{x: y}}\n")
    found = read(metadata, "default: qa\nnotifications: x\n")
    assert [problem.message for problem in found.problems] == ["unknown part 'module' of a Jens library"]


def test_what_is_recognised(metadata: Path) -> None:
    assert is_jens(metadata)
    assert not is_jens(metadata / "repository")
    assert not is_jens(metadata / "repository" / "repositories.yaml")
    with pytest.raises(InputError, match="no environment was found in this directory"):
        read_jens(metadata)
    (metadata / "repositories.yaml").write_text(LIBRARY)
    with pytest.raises(InputError, match=r"there is more than one repositories\.yaml here"):
        read_jens(metadata)
