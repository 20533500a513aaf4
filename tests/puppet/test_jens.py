import pytest

from pinner.model.errors import Location
from pinner.model.manifest import FoundModule, FoundSources, RefKind, Text
from pinner.puppet.foreign import JensDefinition, Partition, read_environment

WHERE = Location("environments/qa.yaml")
SHA = "580cdbcf154dec2fa9ae717f2f55a18abbaebd72"


def text(value: str) -> Text:
    return Text(value, WHERE)


LIBRARY = {
    Partition.MODULES: {
        "abrt": text("https://git.example.net/abrt"),
        "sssd": text("https://git.example.net/sssd"),
    },
    Partition.HOSTGROUPS: {"nova": text("https://git.example.net/hg-nova")},
    Partition.COMMON: {
        "hieradata": text("https://git.example.net/data"),
        "site": text("https://git.example.net/site"),
    },
}


def modules(default: str | None = None, **overrides: dict[str, str]) -> dict[str, FoundModule]:
    return {module.name: module for module in found(default, **overrides).environments[0].modules}


def found(default: str | None = None, **overrides: dict[str, str]) -> FoundSources:
    given = {
        Partition(key): {name: text(ref) for name, ref in refs.items()} for key, refs in overrides.items()
    }
    return read_environment(
        JensDefinition("qa", WHERE, text(default) if default else None, ("a@example.org",), given), LIBRARY
    )


def test_a_dynamic_environment_has_the_whole_library_at_its_default() -> None:
    assert {name: (module.kind, module.ref) for name, module in modules("qa").items()} == dict.fromkeys(
        ("abrt", "sssd", "hg_nova", "hieradata", "site"), (RefKind.BRANCH, "qa")
    )


def test_an_override_is_a_branch_or_a_commit() -> None:
    taken = modules("qa", modules={"sssd": "feature/ai456", "abrt": f"COMMIT/{SHA.upper()}"})
    assert (taken["sssd"].kind, taken["sssd"].ref, taken["sssd"].commit) == (
        RefKind.BRANCH,
        "feature/ai456",
        None,
    )
    assert (taken["abrt"].kind, taken["abrt"].ref, taken["abrt"].commit) == (RefKind.COMMIT, SHA, SHA)


def test_a_short_commit_is_left_to_whoever_can_ask_the_repository() -> None:
    abrt = modules("qa", modules={"abrt": "commit/580CDBC"})["abrt"]
    assert (abrt.kind, abrt.ref, abrt.commit) == (RefKind.COMMIT, "580cdbc", None)


def test_a_static_environment_has_what_it_lists_and_what_is_common() -> None:
    taken = modules(
        modules={"abrt": f"commit/{SHA}"}, hostgroups={"nova": "master"}, common={"site": f"commit/{SHA}"}
    )
    assert {name: module.ref for name, module in taken.items()} == {
        "abrt": SHA,
        "hg_nova": "master",
        "site": SHA,
        "hieradata": "master",
    }


def test_a_static_environment_is_not_fully_static_and_told_so() -> None:
    (note,) = found(modules={"abrt": f"commit/{SHA}"}).notes
    assert str(note) == (
        "environments/qa.yaml: the environment is static, but in Jens hieradata and site still follow master\n"
        "  hint: set their commits under 'overrides: common'"
    )
    common = {"site": f"commit/{SHA}", "hieradata": f"commit/{SHA}"}
    assert found(modules={"abrt": f"commit/{SHA}"}, common=common).notes == ()


def test_where_the_parts_lie() -> None:
    places = {name: (module.install_path, module.is_module) for name, module in modules("qa").items()}
    assert places["abrt"] == (None, True)
    assert places["hg_nova"] == ("hostgroups", True)
    assert places["site"] == places["hieradata"] == (".", False)


def test_an_override_of_what_the_library_lacks_is_no_module() -> None:
    result = found("qa", modules={"gone": "master"})
    assert "gone" not in {module.name for module in result.environments[0].modules}
    assert [note.message for note in result.notes] == [
        "the library has no 'gone' among its modules: Jens ignores this override"
    ]


@pytest.mark.parametrize("name", ["../../etc", "a b", "x" * 300, "Nova", "a-b", ""])
def test_a_name_that_is_none_is_a_problem_and_the_rest_is_read(name: str) -> None:
    library = {
        **LIBRARY,
        Partition.MODULES: {name: text("https://git.example.net/x"), **LIBRARY[Partition.MODULES]},
    }
    result = read_environment(JensDefinition("qa", WHERE, text("qa")), library)
    assert len(result.environments[0].modules) == 5
    assert [problem.place for problem in result.problems] == [WHERE]


def test_two_repositories_of_one_name() -> None:
    library = {**LIBRARY, Partition.MODULES: {"site": text("https://git.example.net/module-site")}}
    result = read_environment(JensDefinition("qa", WHERE, text("qa")), library)
    (site,) = (module for module in result.environments[0].modules if module.name == "site")
    assert (site.git, site.is_module) == ("https://git.example.net/module-site", True)
    assert [problem.message for problem in result.problems] == ["two repositories have the name 'site'"]
