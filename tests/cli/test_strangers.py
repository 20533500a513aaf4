"""What strangers write into their repositories: commit subjects, branch names, metadata. None of it is obeyed."""

import json

import pytest

from tests.support.cloud import Cloud

BASIC = "release: 2025.1\nopenstack: [nova]\n"
SUBJECTS = {
    "\x1b]0;owned\x07\x1b[2Jgone": "\\x1b]0;owned\\x07\\x1b[2Jgone",
    "\x9b31mred": "\\x9b31mred",
    "harmless\rhidden": "harmless hidden",
    "\u202egpj.exe": "\\u202egpj.exe",
    "deleted\x7f": "deleted\\x7f",
    "--output=/etc/passwd": "--output=/etc/passwd",
    "': system('id')": "': system('id')",
    "w" * 5000: f"{'w' * 199}…",
}
MARKUP = "<script>alert(1)</script> | `x` [a](javascript:b)"


def moved(cloud: Cloud, subject: str) -> None:
    """Lock `production` before and `staging` after a commit of nova with that subject."""
    cloud.manifest("production", BASIC)
    assert cloud.run("lock").code == 0
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.1", message=subject)
    cloud.manifest("staging", BASIC)
    assert cloud.run("lock", "staging").code == 0


@pytest.mark.parametrize(("subject", "shown"), SUBJECTS.items(), ids=range(len(SUBJECTS)))
def test_a_subject_is_shown_and_never_obeyed(cloud: Cloud, subject: str, shown: str) -> None:
    moved(cloud, subject)
    commit = cloud.lock("staging")["modules"]["nova"]["commit"][:12]
    assert f"    {commit} {shown}\n" in cloud.run("diff", "production", "staging").out
    told = cloud.run("diff", "production", "staging", "--format", "json")
    assert told.json["modules"][0]["commits"][0]["subject"] == subject
    assert told.out.isascii()
    assert not set(told.out) & {"\x1b", "\x07", "\x7f"}


def test_a_subject_is_no_markup_in_markdown(cloud: Cloud) -> None:
    moved(cloud, MARKUP)
    commit = cloud.lock("staging")["modules"]["nova"]["commit"]
    link = f"[`{commit[:12]}`](https://opendev.org/openstack/puppet-nova/commit/{commit})"
    shown = cloud.run("diff", "production", "staging", "--format", "markdown").out
    assert f"- {link} \\<script>alert(1)\\</script> \\| \\`x\\` \\[a\\](javascript:b)\n" in shown


def test_a_commit_without_a_subject_is_called_so(cloud: Cloud) -> None:
    moved(cloud, "\n\n")
    assert " (no subject)\n" in cloud.run("diff", "production", "staging").out


@pytest.mark.parametrize(
    "branch", ["x;touch${IFS}owned", "<b>bold</b>", "'#{system}'", "\u202egpj", "$(id)", "a,b=c"]
)
def test_a_branch_of_any_name_is_no_trouble(cloud: Cloud, branch: str) -> None:
    nova = cloud.upstream("nova")
    tip = nova.id("refs/heads/stable/2025.1")
    nova.move(f"refs/heads/{branch}", tip)
    nova.move(f"refs/tags/{branch}", tip)
    cloud.manifest("production", f"modules:\n  nova: {{commit: {tip}}}\n")
    assert cloud.run("lock").code == 0
    assert cloud.run("verify").code == 0
    assert not list(cloud.root.rglob("owned"))


def test_a_near_miss_of_a_hostile_name_is_quoted(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    nova.move("refs/heads/stable\u202e/2025", nova.id("refs/heads/stable/2025.1"))
    cloud.manifest("production", "modules:\n  nova: {branch: stable/2025}\n")
    result = cloud.run("lock")
    assert result.code == 2
    assert "'stable\\u202e/2025'" in result.out


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("[]", "it contains a list, not an object"),
        ("[" * 100_000, "its JSON is nested too deeply"),
        (
            '{"name": "openstack-nova", "version": "1\\u001b[31m"}',
            "its version is longer than 1000 characters",
        ),
        (
            '{"name": "a\'; system(1) #", "version": "26.0.0"}',
            'its name "a\'; system(1) #" is not of the form',
        ),
        (
            '{"name": "../../etc/passwd", "version": "26.0.0"}',
            "its name '../../etc/passwd' is not of the form",
        ),
        ("x" * 5_000_000, "metadata.json is larger than 4 MiB and was not read"),
    ],
    ids=["list", "nested", "escape", "ruby", "path", "big"],
)
def test_hostile_metadata_is_told_and_never_reaches_a_puppetfile(cloud: Cloud, text: str, flaw: str) -> None:
    cloud.upstream("nova").commit("stable/2025.1", files={"metadata.json": text})
    cloud.manifest("production", BASIC)
    result = cloud.run("lock")
    assert result.code == 0, result.out
    assert f"metadata.json at {cloud.lock('production')['modules']['nova']['commit']}: {flaw}" in result.out
    assert "\x1b" not in result.out
    written = cloud.run("generate", "--stdout", "production").out
    assert [line for line in written.splitlines() if line.startswith("mod")] == ["mod 'nova',"]
    assert "system" not in written


def test_a_lock_with_escapes_in_a_version_shows_them(cloud: Cloud) -> None:
    cloud.manifest("production", BASIC)
    cloud.run("lock")
    lock = cloud.lock("production")
    lock["modules"]["nova"]["version"] = "26.0.0\x1b[31m"
    cloud.lock_path("production").write_text(json.dumps(lock, indent=2))
    for command in (("status",), ("why", "production", "nova"), ("diff", "production", "production")):
        result = cloud.run(*command)
        assert "\x1b" not in result.out + result.err
