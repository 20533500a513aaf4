import json
import subprocess
from pathlib import Path

import pytest

from pinner.adopting.puppetfiles import is_librarian, read_librarian
from pinner.model.errors import Location
from pinner.model.manifest import FoundModule, FoundSources, RefKind
from tests.support.oracles import find_tool
from tests.support.repositories import isolate_git, make_repository

SHA = "0123456789abcdef0123456789abcdef01234567"


def git_source(name: str, **options: str) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in options.items())
    return f"GIT\n{lines}  specs:\n    {name} (1.0.0)\n\n"


def read(directory: Path, text: str) -> FoundSources:
    (directory / "Puppetfile.lock").write_text(text + "DEPENDENCIES\n")
    return read_librarian(directory)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "cloud").mkdir()
    return tmp_path / "cloud"


def test_a_git_module_has_the_ref_asked_for_and_the_commit_got(directory: Path) -> None:
    found = read(
        directory,
        git_source("openstack-nova", remote="https://x.example.org/nova", ref="stable/kilo", sha=SHA),
    )
    place = Location(str(directory / "Puppetfile.lock"), 6)
    (environment,) = found.environments
    assert (environment.name, found.problems, found.notes) == ("cloud", (), ())
    assert environment.modules == (
        FoundModule(
            "nova", place, git="https://x.example.org/nova", kind=RefKind.ANY, ref="stable/kilo", commit=SHA
        ),
    )


def test_a_module_that_was_asked_for_by_its_commit_is_pinned_to_it(directory: Path) -> None:
    found = read(directory, git_source("nova", remote="https://x.example.org/nova", ref=SHA, sha=SHA))
    (nova,) = found.environments[0].modules
    assert (nova.kind, nova.ref, nova.commit) == (RefKind.COMMIT, SHA, SHA)


def test_modules_of_the_forge_and_of_githubs_archives(directory: Path) -> None:
    text = "FORGE\n  remote: https://forgeapi.puppetlabs.com\n  specs:\n    puppetlabs-apt (1.8.0)\n\n"
    text += "GITHUBTARBALL\n  remote: nanliu/puppet-staging\n  specs:\n    nanliu-staging (1.0.3)\n\n"
    apt, staging = read(directory, text).environments[0].modules
    assert (apt.name, apt.forge, apt.version, apt.git) == ("apt", "puppetlabs/apt", "1.8.0", None)
    assert (staging.git, staging.version) == ("https://github.com/nanliu/puppet-staging", "1.0.3")


def test_a_module_of_the_project_itself_is_told_and_left(directory: Path) -> None:
    found = read(directory, "PATH\n  remote: site/role\n  specs:\n    acme-role (0.1.0)\n\n")
    assert (found.environments[0].modules, found.problems) == ((), ())
    assert "it is in the directory 'site/role', so there is nothing to pin" in found.notes[0].message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            git_source(
                "acme-mono", remote="https://x.example.org/m", ref="main", sha=SHA, path="modules/mono"
            ),
            "it is part of a repository, and r10k installs only whole ones",
        ),
        (git_source("acme-nova", ref="main", sha=SHA), "its source has no remote"),
        (
            git_source("acme-nova", remote="https://x.example.org/m", ref="main"),
            "its sha '' is not a full commit id",
        ),
        (
            git_source("acme-nova", remote="https://x.example.org/m", sha="$(id)"),
            "its sha '$(id)' is not a full commit id",
        ),
        (
            git_source("acme-Nova", remote="https://x.example.org/m", sha=SHA),
            "'Nova' is not a valid module name: use lower-case letters, digits and underscores, starting with a letter",
        ),
    ],
)
def test_what_cannot_be_pinned_is_a_problem(directory: Path, source: str, message: str) -> None:
    found = read(directory, source)
    assert found.environments[0].modules == ()
    assert [problem.message.partition(": ")[2] for problem in found.problems] == [message]


def test_of_two_modules_with_one_directory_the_first_counts(directory: Path) -> None:
    both = git_source("acme-nova", remote="/a", sha=SHA) + git_source("other-nova", remote="/b", sha=SHA)
    found = read(directory, both)
    assert [module.git for module in found.environments[0].modules] == ["/a"]
    path = directory / "Puppetfile.lock"
    assert str(found.problems[0]).startswith(f"{path}:11: module 'nova' is already locked at {path}:5")


def test_only_a_file_of_that_name_is_a_lock(directory: Path) -> None:
    assert not is_librarian(directory)
    assert not is_librarian(directory / "Puppetfile.lock")
    (directory / "Puppetfile.lock").write_text("")
    (directory / "Puppetfile").write_text("")
    assert is_librarian(directory)
    assert is_librarian(directory / "Puppetfile.lock")
    assert not is_librarian(directory / "Puppetfile")


def test_a_lock_that_librarian_puppet_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = find_tool("librarian-puppet", "librarian-puppet")
    isolate_git(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    project = tmp_path / "cloud"
    project.mkdir()
    commits = {}
    lines = []
    for name, ref in (("nova", "26.0.0"), ("keystone", None)):
        repository = make_repository(tmp_path / f"puppet-{name}")
        words = {
            "name": f"openstack-{name}",
            "version": "26.0.0",
            "author": "x",
            "license": "x",
            "summary": "x",
        }
        metadata = json.dumps({**words, "source": "x", "dependencies": []})
        commits[name] = repository.commit(
            {"metadata.json": metadata, "manifests/init.pp": f"class {name} {{}}\n"}, branch="master"
        )
        repository.branch("main", commits[name])  # librarian checks out what HEAD names
        repository.tag("26.0.0", commits[name])
        lines.append(
            f"mod 'openstack-{name}', :git => '{repository.path}'" + (f", :ref => '{ref}'" if ref else "")
        )
    (project / "Puppetfile").write_text("\n".join(lines) + "\n")
    subprocess.run([tool, "install"], cwd=project, check=True, timeout=1200)
    found = read_librarian(project)
    assert (found.problems, found.notes) == ((), ())
    assert [(module.name, module.ref, module.commit) for module in found.environments[0].modules] == [
        ("keystone", "master", commits["keystone"]),
        ("nova", "26.0.0", commits["nova"]),
    ]
