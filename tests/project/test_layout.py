import os
from pathlib import Path

import pytest

from pinner.model.errors import InputError
from pinner.project.files import Listing, Project, find_project, list_environments, select_environments
from tests.support.projects import Writer

KNOWN = {"environments/production.yaml": "", "environments/staging.yaml": "", "environments/_base.yaml": ""}


def told(listing: Listing) -> list[str]:
    return "\n".join(str(problem) for problem in listing.problems).splitlines()


def test_a_project_is_found_by_its_settings(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"pinner.yaml": ""}).root
    monkeypatch.chdir(root)
    assert find_project(Path()) == Project(root)


@pytest.mark.parametrize("name", ["production.yaml", "production.yml", "production.lock"])
def test_a_project_is_found_by_its_manifests(
    write: Writer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root = write({f"environments/{name}": ""}).root
    monkeypatch.chdir(root)
    assert find_project(Path()) == Project(root)


def test_a_project_is_found_from_a_directory_in_it(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"pinner.yaml": "", "deep/er/x": ""}).root
    monkeypatch.chdir(root / "deep" / "er")
    project = find_project(Path())
    assert project == Project(root, "../../")
    assert project.shown(project.manifest("production")) == "../../environments/production.yaml"


def test_paths_are_shown_as_the_user_in_another_directory_types_them(
    write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write({"cloud/pinner.yaml": "", "elsewhere/x": ""}).root
    monkeypatch.chdir(root / "elsewhere")
    project = find_project(Path("../cloud"))
    assert project.shown(project.lock("production")) == "../cloud/environments/production.lock"


def test_a_project_behind_a_link_has_its_real_root(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write({"real/pinner.yaml": ""}).root
    (root / "link").symlink_to("real")
    monkeypatch.chdir(root)
    assert find_project(Path("link")) == Project(root / "real", "real/")


@pytest.mark.parametrize(
    "path", ["environments/production/site.pp", "environments/README.md", "environments/.x.yaml"]
)
def test_puppets_own_environments_are_no_project(
    write: Writer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    root = write({path: ""}).root
    monkeypatch.chdir(root)
    with pytest.raises(InputError) as caught:
        find_project(Path())
    assert str(caught.value) == (
        ".: there is no pinner.yaml and no environments/*.yaml, here or in a directory above\n"
        "  hint: run 'pinner init' to start a project here"
    )


def test_a_project_has_fixed_places(tmp_path: Path) -> None:
    project = Project(tmp_path, "p/")
    assert [
        project.shown(path)
        for path in (project.settings, project.manifest("a"), project.lock("a"), project.template("t"))
    ] == [
        "p/pinner.yaml",
        "p/environments/a.yaml",
        "p/environments/a.lock",
        "p/Puppetfile.templates/t.j2",
    ]


def test_environments_and_bases_are_listed_by_name(write: Writer) -> None:
    others = {
        "environments/production.lock": "",
        "environments/README.md": "",
        "environments/.hidden.yaml": "",
    }
    listing = list_environments(write({**KNOWN, **others}))
    assert listing == Listing(("production", "staging"), ("_base",))


def test_a_project_without_environments_lists_none(write: Writer) -> None:
    assert list_environments(write({"pinner.yaml": ""})) == Listing(())


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("2025.1", "cloud_2025_1"),
        ("Production", "production"),
        ("region-one", "region_one"),
        ("_Base-1", "_base_1"),
        ("_2025", "_cloud_2025"),
        ("_", "_cloud"),
        ("ärger", "rger"),
        ("a b", "a_b"),
        ("---", "cloud"),
    ],
)
def test_a_file_whose_name_breaks_puppets_rule_is_told_with_a_better_one(
    write: Writer, name: str, suggested: str
) -> None:
    listing = list_environments(write({f"environments/{name}.yaml": ""}))
    assert told(listing) == [
        f"environments/{name}.yaml: '{name}' is not a valid name of a Puppet environment: use lower-case letters, digits and underscores",
        f"  hint: rename it to '{suggested}.yaml'",
    ]


def test_a_file_that_ends_in_yml_is_told(write: Writer) -> None:
    assert told(list_environments(write({"environments/staging.yml": ""}))) == [
        "environments/staging.yml: manifests end in '.yaml'",
        "  hint: rename it to 'staging.yaml'",
    ]


def test_all_environments_are_selected_where_none_is_named(write: Writer) -> None:
    project = write({**KNOWN, "environments/2025.1.yaml": ""})
    listing = select_environments(project, ())
    assert (listing.environments, listing.bases) == (("production", "staging"), ("_base",))
    assert len(listing.problems) == 1


def test_named_environments_are_selected_once_and_in_that_order(write: Writer) -> None:
    project = write({**KNOWN, "environments/2025.1.yaml": ""})
    assert select_environments(project, ("staging", "production", "staging")) == Listing(
        ("staging", "production")
    )


def test_names_that_are_not_known_are_all_told(write: Writer) -> None:
    listing = select_environments(
        write(KNOWN), ("stagign", "production", "_base", "2025.1", "nowhere", "--help")
    )
    assert listing.environments == ("production",)
    assert told(listing) == [
        "environment 'stagign' does not exist",
        "  hint: did you mean 'staging'?",
        "'_base' is a base for environments, not an environment",
        "  hint: there are production and staging",
        "'2025.1' is not a valid environment name: use lower-case letters, digits and underscores, starting with a letter",
        "  hint: there are production and staging",
        "environment 'nowhere' does not exist",
        "  hint: there are production and staging",
        "'--help' is not a valid environment name: use lower-case letters, digits and underscores, starting with a letter",
        "  hint: there are production and staging",
    ]


def test_a_hint_names_no_more_than_ten_environments(write: Writer) -> None:
    project = write({f"environments/cloud{number:02}.yaml": "" for number in range(40)})
    assert told(select_environments(project, ("nowhere",)))[1] == (
        "  hint: there are cloud00, cloud01, cloud02, cloud03, cloud04, cloud05, cloud06, cloud07, cloud08, cloud09 and 30 more"
    )


def test_the_only_environment_is_named_in_the_hint(write: Writer) -> None:
    project = write({"environments/cloud.yaml": ""})
    assert told(select_environments(project, ("nowhere",)))[1] == "  hint: there is cloud"


def test_no_environment_at_all_is_told(write: Writer) -> None:
    project = write({"pinner.yaml": ""})
    assert told(select_environments(project, ())) == [
        "environments/: the project has no environments",
        "  hint: run 'pinner init' to make one",
    ]
    assert told(select_environments(project, ("x",))) == [
        "environment 'x' does not exist",
        "  hint: the project has no environments yet; 'pinner init' makes one",
    ]


def test_a_name_that_no_terminal_should_see_is_quoted(write: Writer) -> None:
    project = write({"pinner.yaml": ""})
    (project.root / "environments").mkdir()
    (project.root / "environments" / "a\x1b[31m.yaml").write_bytes(b"")
    os.close(os.open(os.fsencode(project.root) + b"/environments/\xff.yaml", os.O_CREAT | os.O_WRONLY))
    assert all(line.isprintable() for line in told(list_environments(project)))
