"""`lock --dry-run`, `update --dry-run` and `update --message`: what would change, with commits and notes."""

import re
import subprocess
from pathlib import Path

import pytest

from pinner.report.ci.markdown import LARGEST
from tests.support.cloud import Cloud
from tests.support.unharmed import unharmed

NOTE = """---
security:
  - |
    Fixes CVE-2024-1234: ``nova::api::password`` was *logged* <b>.
fixes:
  - Fixes a typo.
"""
FILES = {"releasenotes/notes/a.yaml": NOTE}


@pytest.fixture
def behind(cloud: Cloud) -> Cloud:
    """production is locked; since then nova has two commits with a note, keystone none."""
    cloud.manifest("production", "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert cloud.run("lock").code == 0
    nova = cloud.upstream("nova")
    nova.commit("stable/2025.1", version="26.0.1", files=FILES, message="Hide it")
    nova.commit("stable/2025.1", version="26.0.2", files=FILES, message="Use `x` | y, see #12")
    return cloud


def commits(cloud: Cloud, before: str, after: str) -> list[str]:
    """Return the subjects of the commits in between, as git has them."""
    log = cloud.upstream("nova").git("log", "--no-merges", "--format=%s", f"{before}..{after}")
    return log.splitlines()


def test_update_shows_commits_and_notes_and_writes_nothing(behind: Cloud) -> None:
    before = behind.lock("production")["modules"]["nova"]["commit"]
    with unharmed(behind.project):
        shown = behind.run("update", "--dry-run")
    subjects = commits(behind, before, "stable/2025.1")
    assert len(subjects) == 2
    lines = [line.strip() for line in shown.out.splitlines()]
    assert [line.split(" ", 1)[1] for line in lines if re.match(r"[0-9a-f]{12} ", line)] == subjects
    assert any(line.startswith("security (new): Fixes CVE-2024-1234") for line in lines)
    assert "… 1 more release note (-v shows all)" in lines
    assert lines[0].endswith(", 2 modules, would be written")
    assert (shown.code, lines[-1]) == (0, "would update 1 environment: 0 errors, 0 warnings")


def test_the_dry_run_is_what_the_update_then_does(behind: Cloud) -> None:
    planned = behind.run("update", "--dry-run", "--format", "json").json["environments"][0]
    done = behind.run("update", "--format", "json").json["environments"][0]
    assert (planned["written"], planned["would_write"], done["written"]) == (False, True, True)
    assert planned["lock_id"] == done["lock_id"]
    moved = [one["name"] for one in planned["diff"]["modules"] if one["change"] == "moved"]
    assert moved == ["nova"]
    assert behind.run("update", "--dry-run", "--exit-code").code == 0


def test_exit_code_answers_whether_a_lock_would_change(behind: Cloud) -> None:
    assert behind.run("update", "--dry-run", "--exit-code").code == 1
    assert behind.run("lock", "--dry-run", "--exit-code").code == 0
    assert behind.run("update", "--exit-code").code == 2
    assert behind.run("lock", "--dry-run", "--check").code == 2


def test_lock_shows_what_the_manifest_changes(behind: Cloud) -> None:
    behind.manifest("production", "release: 2024.1\nopenstack: [keystone]\n")
    with unharmed(behind.project):
        lines = behind.run("lock", "--dry-run").out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("  ~", "  -", "  +"))] == [
        ["~", "keystone"],
        ["-", "nova"],
    ]


def test_an_environment_that_would_not_be_locked_ends_as_lock_does(behind: Cloud) -> None:
    behind.manifest("production", "release: 2025.1\nmodules: {nova: {tag: 99.0.0}}\n")
    assert behind.run("lock", "--dry-run").code == behind.run("lock").code == 2


def test_the_message_is_one_that_git_takes(behind: Cloud) -> None:
    path = behind.project / "message.md"
    assert behind.run("update", "--message", str(path)).code == 0
    repository = behind.root / "repository"
    subprocess.run(["git", "init", "-q", repository], check=True)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    git = ["git", "-C", str(repository), *identity]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-F", str(path)], check=True)
    body = subprocess.run(
        [*git, "log", "-1", "--format=%B"], capture_output=True, text=True, check=True
    ).stdout
    assert body.strip() == path.read_text().strip()
    subject, blank, *rest = body.splitlines()
    assert (subject, blank) == ("production: update nova", "")
    assert "| module | from | to | commits |" in rest


def test_the_message_is_markdown_that_shows_the_words_as_they_are(behind: Cloud) -> None:
    behind.run("update", "--message", "message.md")
    text = (behind.project / "message.md").read_text()
    assert "- **security**: Fixes CVE-2024-1234: `nova::api::password` was \\*logged\\* \\<b>." in text
    assert "Use \\`x\\` \\| y, see \\#12" in text
    assert "\\\\" not in text
    assert "| 2, 1 security fix |" not in text
    assert text.count("<details>") == text.count("</details>") == 1


def test_a_message_of_very_many_commits_stays_below_the_limit(behind: Cloud) -> None:
    nova = behind.upstream("nova")
    note = "features:\n" + "".join(f"  - {'word ' * 300}{number}\n" for number in range(60))
    nova.commit("stable/2025.1", version="26.0.3", files={"releasenotes/notes/z.yaml": f"---\n{note}"})
    behind.run("update", "--message", "message.md")
    data = (behind.project / "message.md").read_bytes()
    assert len(data) <= LARGEST
    assert "1 more section left out here: see `pinner diff`." in data.decode()
    assert "| nova |" in data.decode()


def test_no_message_if_nothing_changes(behind: Cloud) -> None:
    behind.run("update")
    shown = behind.run("update", "--message", "message.md")
    assert (shown.code, "not written, because no pin changes" in shown.err) == (0, True)
    assert not (behind.project / "message.md").exists()


def test_the_effects_on_the_operators_data(behind: Cloud, tmp_path: Path) -> None:
    hiera = tmp_path / "hiera"
    hiera.mkdir()
    (hiera / "common.yaml").write_text("nova::port: 1\n")
    nova = behind.upstream("nova")
    nova.commit("stable/2025.1", version="26.1.0", files={"manifests/init.pp": "class nova($port = 1) { }\n"})
    behind.run("update")
    nova.commit("stable/2025.1", version="26.2.0", files={"manifests/init.pp": "class nova { }\n"})
    shown = behind.run("update", "--dry-run", "--hiera", str(hiera))
    assert f"your data: {hiera}/common.yaml:1: nova::port" in shown.out
    assert shown.out.splitlines()[-1].startswith("Not ready for production: ")
    behind.run("update", "--message", "message.md", "--hiera", str(hiera))
    assert "nova::port" in (behind.project / "message.md").read_text()
