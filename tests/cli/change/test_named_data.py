"""`hiera:` and `code:` of pinner.yaml and of manifests: directories that commands take without an option."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.code import make_environments, make_nova, write_data
from tests.support.shell import shell
from tests.support.unharmed import unharmed


@pytest.fixture
def site(cloud: Cloud) -> Cloud:
    """Environments old and new; data and code beside the project, which options would name ../hiera and ../site."""
    make_nova(cloud)
    make_environments(cloud)
    write_data(cloud)
    return cloud


def name_in_manifest(cloud: Cloud, environment: str, line: str) -> None:
    path = cloud.project / f"environments/{environment}.yaml"
    path.write_text(f"{path.read_text()}{line}\n")


def test_audit_reads_what_pinner_yaml_names(site: Cloud) -> None:
    by_option = site.run("audit", "new", "--hiera", "../hiera", "--code", "../site")
    site.write_settings("hiera: [../hiera]\ncode: [../site]\n")
    assert (by_option.code, by_option.out) == (1, site.run("audit", "new").out)


def test_the_manifest_wins_over_pinner_yaml_and_the_option_over_both(site: Cloud) -> None:
    for name in ("one", "two"):
        (site.project / name).mkdir()
        (site.project / name / "common.yaml").write_text(f"nova::{name}: 1\n")
    site.write_settings("hiera: [one]\n")
    assert "'nova::one'" in site.run("audit", "new").out
    name_in_manifest(site, "new", "hiera: [two]")
    shown = site.run("audit", "new").out
    assert ("'nova::two'" in shown, "'nova::one'" in shown) == (True, False)
    assert "two/common.yaml:1" in shown
    assert "'nova::one'" in site.run("audit", "new", "--hiera", "one").out


def test_paths_are_those_of_the_project_from_everywhere(site: Cloud) -> None:
    (site.project / "data").mkdir()
    (site.project / "data" / "common.yaml").write_text("nova::one: 1\n")
    site.write_settings("hiera: [data]\n")
    shown = shell("pinner audit new", cwd=site.project / "environments")
    assert "\n../data/common.yaml:1" in shown.out


def test_diff_and_upgrade_check_the_data(site: Cloud) -> None:
    assert "Your data was not checked" in site.run("diff", "old", "new").out
    site.write_settings("hiera: [../hiera]\n")
    assert "Your data was not checked" not in site.run("diff", "old", "new").out


def test_what_does_not_exist_or_is_absolute_is_refused_with_its_line(site: Cloud) -> None:
    name_in_manifest(site, "new", "hiera: [nowhere]")
    shown = site.run("audit", "new")
    assert shown.code == 2
    assert "environments/new.yaml:" in shown.err
    assert "there is no directory 'nowhere'" in shown.err
    site.write_settings("hiera: [/etc]\n")
    assert "is not relative to the project" in site.run("status", "--offline").err


def test_a_directory_out_of_the_project_is_not_written_unless_an_option_names_it(site: Cloud) -> None:
    site.write_settings("hiera: [../hiera]\n")
    with unharmed(Path(site.root / "hiera")):
        shown = site.run("upgrade", "old", "--to", "2025.1", "--write-hiera")
    assert (shown.code, "../hiera is not in the project" in shown.err) == (2, True)
