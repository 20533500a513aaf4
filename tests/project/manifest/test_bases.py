import os
from pathlib import Path
from textwrap import dedent

import pytest

from pinner.model.errors import Location
from pinner.model.lock import SelectorKind
from pinner.model.manifest import Manifest, Override, Text
from pinner.project.manifest.read import ManifestsRead, read_manifests
from tests.support.projects import Writer


def read(write: Writer, *asked: str, **texts: str) -> ManifestsRead:
    return read_manifests(
        write({f"environments/{name}.yaml": dedent(text) for name, text in texts.items()}), asked
    )


def told(result: ManifestsRead) -> list[str]:
    return "\n".join(str(problem) for problem in result.problems).splitlines()


def manifest_of(write: Writer, name: str, **texts: str) -> Manifest:
    result = read(write, name, **texts)
    assert told(result) == []
    (manifest,) = result.manifests
    return manifest


def merged_module(write: Writer, below: str, above: str) -> Override:
    texts = {
        "_base": f"modules: {{nova: {below}}}\n",
        "production": f"extends: _base\nmodules: {{nova: {above}}}\n",
    }
    return manifest_of(write, "production", **texts).modules["nova"]


def in_base(line: int, column: int) -> Location:
    return Location("environments/_base.yaml", line, column)


def in_production(line: int, column: int) -> Location:
    return Location("environments/production.yaml", line, column)


def test_maps_merge_and_lists_and_scalars_replace(write: Writer) -> None:
    manifest = manifest_of(
        write,
        "production",
        _base="""\
            description: below
            owners: [below@example.org]
            release: 2024.2
            platforms: {Ubuntu: ["22.04"], Debian: ["12"]}
            openstack: [nova, glance]
            modules: {swift: {tag: 1.0}}
            dependencies: {externals: newest, ignore: [apt], override: {nova: {x: 1.x, y: 1.x}}}
            findings: {ignore: [end-of-life]}
            moduledir: site
            """,
        production="""\
            extends: _base
            release: 2025.1
            platforms: {Ubuntu: ["24.04"]}
            openstack: [keystone]
            modules: {heat: {}}
            dependencies: {ignore: [mysql], override: {nova: {x: 2.x}}}
            """,
    )
    assert manifest.bases == ("_base",)
    assert (manifest.description, manifest.owners, manifest.moduledir) == (
        "below",
        ("below@example.org",),
        "site",
    )
    assert manifest.release == Text("2025.1", in_production(2, 10))
    assert manifest.platforms == {"Ubuntu": ("24.04",), "Debian": ("12",)}
    assert manifest.openstack == (Text("keystone", in_production(4, 13)),)
    assert manifest.modules == {
        "swift": Override(
            "swift", in_base(6, 11), selector=SelectorKind.TAG, value=Text("1.0", in_base(6, 24))
        ),
        "heat": Override("heat", in_production(5, 11)),
    }
    assert manifest.externals == "newest"
    assert manifest.ignored_dependencies == (Text("mysql", in_production(6, 25)),)
    assert manifest.overridden_dependencies == {
        "nova": {"x": Text("2.x", in_production(6, 54)), "y": Text("1.x", in_base(7, 79))}
    }
    assert [ignored.place for ignored in manifest.ignored_findings] == [in_base(8, 21)]


def test_a_list_replaces_all_and_all_a_list(write: Writer) -> None:
    texts = {
        "_all": "openstack: all\n",
        "listed": "extends: _all\nopenstack: [nova]\n",
        "whole": "extends: listed\nopenstack: all\n",
    }
    listed, whole = read(write, **texts).manifests
    assert (listed.openstack_all, len(listed.openstack)) == (None, 1)
    assert (str(whole.openstack_all), whole.openstack) == ("all", ())


def test_bases_are_named_nearest_first(write: Writer) -> None:
    texts = {"_a": "release: epoxy\n", "_b": "extends: _a\n", "middle": "extends: _b\nopenstack: all\n"}
    manifest = manifest_of(write, "production", production="extends: middle\n", **texts)
    assert manifest.bases == ("middle", "_b", "_a")
    assert manifest.release == Text("epoxy", Location("environments/_a.yaml", 1, 10))


@pytest.mark.parametrize(
    "above", ["{branch: x}", "{tag: x}", "{release: epoxy}", "{version: 2.x}", f"{{commit: {'a' * 40}}}"]
)
def test_a_selector_replaces_the_one_below_with_its_day(write: Writer, above: str) -> None:
    nova = merged_module(write, "{branch: main, as_of: 2025-01-01, reason: patched}", above)
    assert f"{nova.selector}: {nova.value}" == above.strip("{}")
    assert nova.as_of is None
    assert nova.reason == Text("patched", in_base(1, 59))


def test_a_day_alone_goes_with_the_selector_below(write: Writer) -> None:
    nova = merged_module(write, "{branch: main}", "{as_of: 2025-01-01}")
    assert (nova.selector, str(nova.value), str(nova.as_of)) == ("branch", "main", "2025-01-01")


def test_a_repository_keeps_the_selector_below(write: Writer) -> None:
    nova = merged_module(write, "{git: /srv/old, branch: main}", "{git: /srv/new}")
    assert (str(nova.git), nova.selector, str(nova.value)) == ("/srv/new", "branch", "main")


def test_git_replaces_forge_and_its_version(write: Writer) -> None:
    nova = merged_module(write, "{forge: acme/nova, version: 1.2.3}", "{git: /srv/nova}")
    assert (str(nova.git), nova.forge, nova.selector) == ("/srv/nova", None, None)


def test_forge_replaces_git_and_its_selector(write: Writer) -> None:
    nova = merged_module(
        write, "{git: /srv/x, branch: main, as_of: 2025-01-01}", "{forge: acme/nova, version: 1.2.3}"
    )
    assert (nova.git, nova.selector, nova.as_of) == (None, None, None)
    assert (str(nova.forge), str(nova.forge_version)) == ("acme/nova", "1.2.3")


def test_a_forge_module_may_take_another_version(write: Writer) -> None:
    nova = merged_module(write, "{forge: acme/nova, version: 1.2.3}", "{version: 1.3.0}")
    assert (str(nova.forge), str(nova.forge_version)) == ("acme/nova", "1.3.0")


def test_a_module_left_out_below_comes_back(write: Writer) -> None:
    assert merged_module(write, "false", "{}") == Override("nova", in_production(2, 11))


def test_a_module_from_below_is_left_out(write: Writer) -> None:
    texts = {
        "_base": "modules: {nova: {tag: 1}, heat: {}}\n",
        "production": "extends: _base\nmodules: {nova: false}\n",
    }
    manifest = manifest_of(write, "production", **texts)
    assert manifest.modules["nova"] == Override("nova", in_production(2, 11), is_left_out=True)


def test_a_day_that_does_not_fit_the_selector_below_is_told_with_both_files(write: Writer) -> None:
    texts = {
        "_base": "modules: {nova: {tag: 1}}\n",
        "production": "extends: _base\nmodules: {nova: {as_of: 2025-01-01}}\n",
    }
    result = read(write, **texts)
    assert told(result) == [
        "environments/production.yaml:2:18: modules.nova: 'as_of' cannot be combined with 'tag'",
        "  hint: 'tag' is at environments/_base.yaml:1:18; delete one of them",
    ]
    assert result.manifests == ()


def test_a_selector_that_does_not_fit_the_forge_below_is_told(write: Writer) -> None:
    texts = {
        "_base": "modules: {nova: {forge: acme/nova, version: 1.2.3}}\n",
        "production": "extends: _base\nmodules: {nova: {tag: x}}\n",
    }
    assert told(read(write, **texts)) == [
        "environments/production.yaml:2:18: modules.nova: 'tag' cannot be combined with 'forge'",
        "  hint: 'forge' is at environments/_base.yaml:1:18; delete one of them",
    ]


def test_a_forge_module_needs_an_exact_version_once_all_is_merged(write: Writer) -> None:
    texts = {
        "_base": "modules: {nova: {forge: acme/nova}, heat: {forge: acme/heat}}\n",
        "production": "extends: _base\nmodules: {nova: {version: 1.2.3}, heat: {version: 1.x}}\n",
    }
    (message,) = told(read(write, **texts))
    assert message == (
        "environments/production.yaml:2:51: modules.heat.version: '1.x' is not an exact version: "
        "write three numbers such as 1.2.3, optionally with a suffix such as -rc1"
    )


def test_two_selectors_in_one_file_are_told_though_another_replaces_them(write: Writer) -> None:
    texts = {
        "_base": "modules: {nova: {tag: 1, branch: x}}\n",
        "production": "extends: _base\nmodules: {nova: {branch: y}}\n",
    }
    assert told(read(write, **texts)) == [
        "environments/_base.yaml:1:26: modules.nova: 'branch' cannot be combined with 'tag'",
        "  hint: 'tag' is at line 1, column 18; delete one of them",
    ]


def test_a_base_of_many_is_told_once_and_spoils_only_those_above_it(write: Writer) -> None:
    texts = {f"cloud{number}": "extends: _bad\n" for number in range(5)}
    result = read(write, _bad="openstak: all\n", fine="openstack: all\n", **texts)
    assert told(result) == [
        "environments/_bad.yaml:1:1: unknown key 'openstak'",
        "  hint: did you mean 'openstack'?",
    ]
    assert [manifest.environment for manifest in result.manifests] == ["fine"]


def test_a_base_that_nothing_extends_is_read_where_all_are(write: Writer) -> None:
    texts = {"_unused": "nova: 1\n", "production": "openstack: all\n"}
    assert told(read(write, **texts))[0] == "environments/_unused.yaml:1:1: unknown key 'nova'"
    assert told(read(write, "production", **texts)) == []


def test_a_missing_base_is_told_with_near_names(write: Writer) -> None:
    result = read(write, _common="release: epoxy\n", production="extends: _comon\nopenstack: all\n")
    assert told(result) == [
        "environments/production.yaml:1:10: extends: environment or base '_comon' does not exist",
        "  hint: did you mean '_common'?",
    ]
    assert result.manifests == ()


@pytest.mark.parametrize(
    ("texts", "circle"),
    [
        ({"a": "extends: a\n"}, "a.yaml:1:10: extends: circular: 'a' extends 'a'"),
        (
            {"a": "extends: b\n", "b": "extends: a\n"},
            "a.yaml:1:10: extends: circular: 'a' extends 'b' extends 'a'",
        ),
        (
            {"z": "extends: y\n", "y": "extends: x\n", "x": "extends: z\n", "a": "extends: y\n"},
            "x.yaml:1:10: extends: circular: 'x' extends 'z' extends 'y' extends 'x'",
        ),
    ],
)
def test_a_circle_is_told_once(write: Writer, texts: dict[str, str], circle: str) -> None:
    result = read(write, **texts)
    assert told(result) == [f"environments/{circle}", "  hint: remove 'extends' from one of them"]
    assert result.manifests == ()


def test_a_chain_of_a_thousand_bases_is_read(write: Writer) -> None:
    texts = {f"e{number}": f"extends: e{number - 1}\n" for number in range(1, 1000)}
    result = read(write, e0="openstack: all\n", **texts)
    assert told(result) == []
    assert len(result.manifests) == 1000


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_manifest_is_told(write: Writer, text: str) -> None:
    assert told(read(write, production=text)) == [
        "environments/production.yaml: the manifest is empty",
        "  hint: write at least a release and the modules to run, such as 'release: 2025.1' and 'openstack: all'",
    ]


@pytest.mark.parametrize(
    "text", ["{}", "release: epoxy", "openstack: []", "modules: {}", "modules: {nova: false}"]
)
def test_a_manifest_that_asks_for_no_module_is_told(write: Writer, text: str) -> None:
    assert told(read(write, production=text)) == [
        "environments/production.yaml: environment 'production' has no modules",
        "  hint: name catalogue modules under 'openstack:', or any module under 'modules:'",
    ]


def test_all_files_are_read_though_one_is_broken(write: Writer) -> None:
    result = read(write, a="a: [\n", b="openstack: all\n", c="release: X\n", d="modules: {x: {}}\n")
    assert [manifest.environment for manifest in result.manifests] == ["b", "d"]
    assert [line.split(":")[0] for line in told(result) if not line.startswith("  ")] == [
        "environments/a.yaml",
        "environments/c.yaml",
    ]


def test_names_not_known_are_told_and_the_others_read(write: Writer) -> None:
    result = read(write, "nowhere", "b", a="openstack: all\n", b="openstack: all\n")
    assert told(result) == ["environment 'nowhere' does not exist", "  hint: there are a and b"]
    assert [manifest.environment for manifest in result.manifests] == ["b"]


def test_a_file_too_long_is_told(write: Writer) -> None:
    assert told(read(write, production="#" * (1024 * 1024 + 1))) == [
        "environments/production.yaml: the file is longer than 1048576 bytes"
    ]


def test_a_manifest_that_links_out_of_the_project_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root:hunter2: x\n", encoding="utf-8")
    project = Writer(tmp_path.resolve() / "project")({"environments/good.yaml": "openstack: all\n"})
    project.manifest("bad").symlink_to(secret)
    project.manifest("inside").symlink_to("good.yaml")
    result = read_manifests(project)
    assert told(result) == [
        "environments/bad.yaml: this is a link that leads out of the project",
        "  hint: put a file or directory here, or a link that stays inside the project",
    ]
    assert [manifest.environment for manifest in result.manifests] == ["good", "inside"]


def test_what_is_no_regular_file_is_told(write: Writer) -> None:
    project = write({"environments/good.yaml": "openstack: all\n"})
    os.mkfifo(project.manifest("pipe"))
    project.manifest("folder").mkdir()
    project.manifest("nowhere").symlink_to("gone.yaml")
    assert told(read_manifests(project)) == [
        "environments/folder.yaml: this is not a regular file",
        "  hint: put a regular file here",
        "environments/nowhere.yaml: the file cannot be read: No such file or directory",
        "environments/pipe.yaml: this is not a regular file",
        "  hint: put a regular file here",
    ]


def test_an_environment_that_others_extend_is_told_once(write: Writer) -> None:
    result = read(write, a="openstak: all\n", b="extends: a\n", c="extends: a\n")
    assert told(result) == [
        "environments/a.yaml:1:1: unknown key 'openstak'",
        "  hint: did you mean 'openstack'?",
    ]
    assert result.manifests == ()
