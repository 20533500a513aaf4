"""`pinner publish` where others work too: what is theirs stays, what they changed of pinner's is told, not overwritten."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.control import (
    Control,
    Stages,
    copy_cloud,
    make_control,
    move_nova,
)

OURS = frozenset({"Puppetfile", "bin/config_version", "environment.conf"})
FOREIGN = "mod 'puppetlabs/stdlib', '9.0.0'\n"
LINK = "ln -s ../data/common.yaml"

pytestmark = pytest.mark.usefixtures("_known_committer")


@pytest.fixture
def cloud(stages: Stages, tmp_path: Path, request: pytest.FixtureRequest) -> Cloud:
    """Two locked environments; where a test asks for what is `published`, that, and nova has moved since in both."""
    stage = stages.moved if "published" in request.fixturenames else stages.locked
    return copy_cloud(stage, tmp_path / "copy")


def refused(cloud: Cloud, control: Control) -> str:
    """Publish, see that no branch moved at all, and return what was told."""
    tips = control.tips()
    result = cloud.run("publish")
    assert (result.code, result.out, control.tips()) == (2, "", tips), result.err
    return result.err


def change_puppetfile(control: Control, message: str = "Quick fix") -> str:
    text = control.read("production", "Puppetfile")
    return control.repository.commit(
        {"Puppetfile": f"{text}\n# tuned\n"}, branch="production", message=message, day="2026-11-20"
    )


def others(tree: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return {path: entry for path, entry in tree.items() if path not in OURS}


def add_odd_entries(control: Control, branch: str) -> Mapping[str, tuple[str, str]]:
    """Commit a program, a link, a submodule and a name in Latin-1 to the branch, and return its tree."""
    commit = control.repository.commit({"site/init.pp": "class site {}\n"}, branch=branch)
    blob = control.repository.blob("../data/common.yaml")
    stream = (
        f"commit refs/heads/{branch}\ncommitter A <a@example.org> 1700000000 +0000\ndata 3\nOdd\n".encode()
        + b"M 100755 inline scripts/run.sh\ndata 10\n#!/bin/sh\n\n"
        + f"M 120000 {blob} link.yaml\n".encode()
        + f"M 160000 {commit} vendored\n".encode()
        + b'M 100644 inline "caf\\351 \\"x\\"\\n"\ndata 2\nx\n\n'
    )
    control.repository.git("fast-import", "--quiet", "--force", given=stream)
    listed = control.repository.git("ls-tree", "-r", f"refs/heads/{branch}").splitlines()
    rows = (line.partition("\t") for line in listed)
    return {path: (about.split()[0], about.split()[2]) for about, _, path in rows}


def test_everything_else_on_a_branch_stays_with_modes_links_and_submodules(
    cloud: Cloud, control: Control
) -> None:
    before = add_odd_entries(control, "production")
    tip = control.tips()["production"]
    assert cloud.run("publish").code == 0
    listed = control.repository.git("ls-tree", "-r", "refs/heads/production").splitlines()
    after = {
        path: (about.split()[0], about.split()[2])
        for about, _, path in (line.partition("\t") for line in listed)
    }
    assert others(after) == before
    assert {mode for mode, _ in before.values()} == {"100644", "100755", "120000", "160000"}
    assert after.keys() - before.keys() == OURS
    assert control.parents("production") == [tip]


def test_a_branch_that_moved_on_is_built_upon(cloud: Cloud, published: Control) -> None:
    theirs = published.repository.commit({"data/common.yaml": "a: 1\n"}, branch="production")
    assert cloud.run("publish").code == 0
    assert published.parents("production") == [theirs]
    assert published.read("production", "data/common.yaml") == "a: 1"


def test_a_change_by_hand_is_told_with_who_when_and_where_and_no_branch_moves(
    cloud: Cloud, published: Control
) -> None:
    theirs = change_puppetfile(published)
    published.repository.commit({"data/common.yaml": "a: 1\n"}, branch="production")
    assert refused(cloud, published) == (
        "production:Puppetfile: was changed since pinner published it (last changed by Pinner Tests on 2026-11-20 in commit "
        f"{theirs[:12]} 'Quick fix')\n"
        "  hint: bring the change into the project's manifests, or overwrite it with --force\n"
    )


def test_force_overwrites_it_on_top_of_what_they_did_and_says_so(cloud: Cloud, published: Control) -> None:
    theirs = change_puppetfile(published)
    result = cloud.run("publish", "--force")
    assert (result.code, published.parents("production")) == (0, [theirs])
    assert "# tuned" not in published.read("production", "Puppetfile")
    assert result.err == (
        "production:Puppetfile: is overwritten, though it was changed since pinner published it (last changed by Pinner Tests "
        f"on 2026-11-20 in commit {theirs[:12]} 'Quick fix')\n"
    )
    again = cloud.run("publish")
    assert (again.code, again.err) == (0, "")


def test_a_change_that_makes_the_file_what_pinner_would_write_is_welcome(
    cloud: Cloud, published: Control
) -> None:
    text = cloud.run("generate", "--stdout", "production").out
    theirs = published.repository.commit({"Puppetfile": text}, branch="production")
    assert cloud.run("publish").code == 0
    assert published.parents("production") == [theirs]


def test_a_publication_that_was_reverted_is_not_published_again(cloud: Cloud, published: Control) -> None:
    old = published.read("production", "Puppetfile") + "\n"
    assert cloud.run("publish").code == 0
    revert = published.repository.commit(
        {"Puppetfile": old}, branch="production", message='Revert "pinner: production"', day="2026-11-21"
    )
    told = refused(cloud, published)
    assert f"on 2026-11-21 in commit {revert[:12]} 'Revert \"pinner: production\"')\n" in told


def test_a_file_that_was_removed_is_not_put_back_without_asking(cloud: Cloud, published: Control) -> None:
    theirs = published.repository.commit(
        {"environment.conf": None}, branch="production", message="Not now", day="2026-11-22"
    )
    assert refused(cloud, published) == (
        "production:environment.conf: was removed since pinner published it (last changed by Pinner Tests on 2026-11-22 in commit "
        f"{theirs[:12]} 'Not now')\n  hint: find out why, then publish it again with --force\n"
    )
    assert cloud.run("publish", "--force").code == 0
    assert "environment.conf" in published.tree("production")


def test_a_changed_mode_is_a_change(cloud: Cloud, published: Control) -> None:
    blob = published.tree("production")["bin/config_version"][1]
    published.repository.git(
        *("fast-import", "--quiet", "--force"),
        given=(
            "commit refs/heads/production\ncommitter A <a@example.org> 1700000000 +0000\ndata 5\nChmod\n"
            f"from refs/heads/production^0\nM 100644 {blob} bin/config_version\n"
        ).encode(),
    )
    assert "production:bin/config_version: was changed since" in refused(cloud, published)


def test_a_merge_that_brings_another_environments_files_is_told(cloud: Cloud, published: Control) -> None:
    tips = published.tips()
    merged = {path: published.read("staging", path) + "\n" for path in OURS}
    merge = published.repository.commit(
        merged,
        branch="production",
        message="Merge staging",
        parents=(tips["production"], tips["staging"]),
    )
    told = refused(cloud, published)
    assert told.startswith("production:Puppetfile: was changed since pinner published it (last changed by ")
    assert merge in published.tips().values()


def test_a_branch_that_began_as_a_copy_of_another_is_taken_over(cloud: Cloud, published: Control) -> None:
    published.repository.branch("staging", published.tips()["production"])
    result = cloud.run("publish")
    assert (result.code, result.err) == (0, "")


def test_a_change_by_hand_on_such_a_copy_is_told(cloud: Cloud, published: Control) -> None:
    theirs = change_puppetfile(published)
    published.repository.branch("staging", theirs)
    told = refused(cloud, published)
    assert (
        "\nstaging:Puppetfile: was changed since pinner published it (last changed by Pinner Tests on "
        in told
    )


def test_a_file_that_pinner_did_not_write_is_left_alone(cloud: Cloud, control: Control) -> None:
    theirs = control.repository.commit(
        {"Puppetfile": FOREIGN}, branch="production", message="By hand", day="2026-11-01"
    )
    assert refused(cloud, control) == (
        "production:Puppetfile: was not written by pinner (last changed by Pinner Tests on 2026-11-01 in commit "
        f"{theirs[:12]} 'By hand')\n  hint: move it away, or overwrite it with --force\n"
    )
    assert list(control.tips()) == ["production"]
    assert cloud.run("publish", "--force").code == 0
    assert control.read("production", "Puppetfile").startswith("# Written by pinner")


def test_generated_files_that_were_committed_by_hand_are_taken_over(cloud: Cloud, control: Control) -> None:
    cloud.run("generate", "--layout", "puppetfiles")
    text = (cloud.project / "puppetfiles/production/Puppetfile").read_text()
    control.repository.commit({"Puppetfile": text}, branch="production")
    move_nova(cloud, "2024.1")
    assert cloud.run("publish").code == 0
    assert control.count("production") == 2


@pytest.mark.parametrize(
    ("files", "blocked"),
    [({"bin": "a program\n"}, "bin"), ({"Puppetfile/README": "a directory\n"}, "Puppetfile")],
)
def test_a_file_where_a_directory_must_be_is_in_the_way_even_of_force(
    cloud: Cloud, control: Control, files: Mapping[str, str], blocked: str
) -> None:
    control.repository.commit(files, branch="production")
    tips = control.tips()
    result = cloud.run("publish", "--force")
    assert (result.code, control.tips()) == (2, tips)
    assert result.err.startswith(
        f"production:{blocked}: is where pinner writes files (last changed by Pinner Tests on "
    )
    assert result.err.endswith("\n  hint: move it away: no option overwrites it\n")


def test_a_submodule_and_a_link_in_pinners_places(cloud: Cloud, control: Control) -> None:
    commit = control.repository.commit({"README": "x\n"}, branch="production")
    blob = control.repository.blob("elsewhere")
    stream = (
        "commit refs/heads/production\ncommitter A <a@example.org> 1700000000 +0000\ndata 3\nOdd\n"
        f"from {commit}\nM 160000 {commit} Puppetfile\nM 120000 {blob} environment.conf\n"
    )
    control.repository.git("fast-import", "--quiet", given=stream.encode())
    told = refused(cloud, control)
    assert "production:Puppetfile: is where pinner writes files" in told
    assert "production:environment.conf: was not written by pinner" in told


def test_files_pinner_no_longer_generates_are_removed_and_told(cloud: Cloud, published: Control) -> None:
    cloud.write_settings(f"layout: puppetfiles\ncontrol_repo: {published.path}\n")
    published.repository.commit({"data/common.yaml": "a: 1\n"}, branch="production")
    result = cloud.run("publish")
    assert result.code == 0, result.err
    assert "  removed Puppetfile\n  removed bin/config_version\n  removed environment.conf\n" in result.out
    assert "Removed, as pinner no longer generates them:\n  'Puppetfile'\n" in published.message("production")
    paths = published.tree("production").keys()
    assert not OURS & paths
    assert "data/common.yaml" in paths


@pytest.mark.parametrize("layout", ["puppetfiles", "one-branch", "exec"])
def test_an_environment_that_is_gone_leaves_the_one_branch_and_may_come_back(
    cloud: Cloud, layout: str
) -> None:
    control = make_control(cloud, layout=layout)
    cloud.run("publish")
    whole = control.tree("production")
    files = [cloud.project / f"environments/staging.{suffix}" for suffix in ("yaml", "lock")]
    kept = {path: path.read_bytes() for path in files}
    for path in files:
        path.unlink()
    assert cloud.run("publish").code == 0
    assert not [path for path in control.tree("production") if "staging" in path]
    for path, content in kept.items():
        path.write_bytes(content)
    result = cloud.run("publish")
    assert (result.code, result.err) == (0, "")
    assert control.tree("production") == whole


def test_a_copy_that_somebody_made_of_a_file_of_pinners_stays(cloud: Cloud, published: Control) -> None:
    text = published.read("production", "Puppetfile") + "\n"
    theirs = published.repository.commit(
        {"Puppetfile.old": text}, branch="production", message="Just in case", day="2026-11-19"
    )
    result = cloud.run("publish")
    assert result.err == (
        "production:Puppetfile.old: stays, though pinner does not generate it: it was made or changed by others "
        f"(last changed by Pinner Tests on 2026-11-19 in commit {theirs[:12]} 'Just in case')\n"
        "  hint: delete it if it is not needed\n"
    )
    assert result.code == 0
    assert "Puppetfile.old" in published.tree("production")


@pytest.mark.parametrize("behind", [60, 1100])
def test_a_publication_far_back_in_history_is_found(cloud: Cloud, published: Control, behind: int) -> None:
    start = f"from {published.tips()['production']}\n"
    commits = "".join(
        f"commit refs/heads/production\ncommitter A <a@example.org> {1_700_000_000 + number} +0000\ndata 1\nx\n"
        f"{start if number == 0 else ''}M 100644 inline data/{number}.yaml\ndata 1\nx\n"
        for number in range(behind)
    )
    published.repository.git("fast-import", "--quiet", "--force", given=commits.encode())
    result = cloud.run("publish")
    assert (result.code, result.err) == (0, "")
    assert published.count("production") == behind + 2


def test_a_change_far_back_in_history_is_told_with_its_commit(cloud: Cloud, published: Control) -> None:
    theirs = change_puppetfile(published)
    for number in range(55):
        published.repository.commit({"data/common.yaml": f"a: {number}\n"}, branch="production")
    assert f" on 2026-11-20 in commit {theirs[:12]} 'Quick fix')\n" in refused(cloud, published)


def test_texts_of_strangers_are_shown_on_one_line_and_obeyed_by_no_terminal(
    cloud: Cloud, published: Control
) -> None:
    change_puppetfile(published, "\x1b[2J\u202eevil\r\n\nPinner-Lock: production\n\x07" + "long " * 500)
    told = refused(cloud, published)
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", told)
    assert len(told) < 800
    assert len(told.splitlines()) == 2


def test_a_hostile_version_reaches_no_message(cloud: Cloud, published: Control) -> None:
    cloud.upstream("nova").commit("stable/2024.1", version="1.0\n\nPinner-Lock: production pin-000000000000")
    cloud.run("update")
    assert cloud.run("publish").code == 0
    message = published.message("production")
    assert message.count("Pinner-Lock:") == 1


@pytest.mark.parametrize("layout", ["puppetfiles", "one-branch", "exec"])
@pytest.mark.parametrize("edit", ["changed", "removed"])
def test_a_change_by_hand_that_another_environments_publication_carried_along_is_told(
    cloud: Cloud, layout: str, edit: str
) -> None:
    control = make_control(cloud, layout=layout)
    assert cloud.run("publish").code == 0
    path = next(
        path
        for path in control.tree("production")
        if path.endswith(("production/Puppetfile", "Puppetfile.production"))
    )
    text = None if edit == "removed" else f"{control.read('production', path)}\n# tuned\n"
    control.repository.commit({path: text}, branch="production", message="Quick fix")
    move_nova(cloud, "2024.1", "2025.1")
    assert cloud.run("publish", "staging").code == 0
    result = cloud.run("publish", "production")
    assert result.code == 2
    assert f"production:{path}: was {edit} since pinner published it" in result.err


CONF = "environment_timeout = 0\nmodulepath = {path}\n"


@pytest.mark.parametrize(
    ("path", "files", "expectation"),
    [
        (
            "site-modules:modules:$basemodulepath",
            ["site-modules/profile/manifests/base.pp"],
            (["site-modules"], "site-modules, modules"),
        ),
        (
            "./site/ : modules:vendor/modules:/etc/puppet/modules",
            ["site/role/manifests/a.pp", "vendor/modules/apt/lib/x.rb"],
            (["site", "vendor/modules"], "site, modules, vendor/modules"),
        ),
        ("modules:dist:$basemodulepath", ["dist"], (["dist"], "modules, dist")),
    ],
)
def test_directories_on_the_module_path_are_not_taken_off_it(
    cloud: Cloud, control: Control, path: str, files: list[str], expectation: tuple[list[str], str]
) -> None:
    lost, keep = expectation
    contents = {"environment.conf": CONF.format(path=path), **dict.fromkeys(files, "# code\n")}
    control.repository.commit(contents, branch="production")
    words = "is on the module path, and the new environment.conf would take it off\n"
    first, *others = (f"production:{directory}: {words}" for directory in lost)
    hint = f"  hint: keep it: write 'modulepath: [{keep}]' into the manifest\n"
    expected = "".join((first, hint, *others))  # a hint that repeats is printed once
    assert refused(cloud, control).endswith(expected)
    assert cloud.run("publish", "--force").err == expected
    manifest = cloud.project / "environments/production.yaml"
    manifest.write_text(f"{manifest.read_text()}modulepath: [{keep}]\n")
    assert cloud.run("publish", "--force").code == 0
    assert f"modulepath = {keep.replace(', ', ':')}:$basemodulepath" in control.read(
        "production", "environment.conf"
    )
    assert cloud.run("publish").code == 0
    manifest.write_text(manifest.read_text().replace(f"modulepath: [{keep}]\n", ""))
    assert refused(cloud, control) == expected


@pytest.mark.parametrize(
    "path", ["site:modules", "$codedir/site:modules", "../site:modules", "/site:modules", "modules"]
)
def test_what_the_branch_does_not_have_is_not_kept_on_the_path(
    cloud: Cloud, control: Control, path: str
) -> None:
    contents = {"environment.conf": CONF.format(path=path), "sites/a.pp": "# code\n"}
    control.repository.commit(contents, branch="production")
    assert "module path" not in refused(cloud, control)
    assert cloud.run("publish", "--force").code == 0
