"""`pinner outdated`: what upstream has that the locks do not."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud


@pytest.fixture
def locked(cloud: Cloud) -> Cloud:
    cloud.manifest("production", "release: 2024.1\nopenstack: [keystone]\nmodules:\n  nova: {tag: 24.0.0}\n")
    assert cloud.run("lock").code == 0
    return cloud


def kinds(cloud: Cloud, *options: str) -> dict[str, list[tuple[str, str]]]:
    (found,) = cloud.run("outdated", "--format", "json", *options).json["environments"]
    return {row["name"]: [(news["kind"], news["to"]) for news in row["news"]] for row in found["modules"]}


def test_newer_releases_and_tags_are_told(locked: Cloud) -> None:
    assert kinds(locked) == {"keystone": [("newer-release", "2025.1")], "nova": [("newer-major", "26.0.0")]}


def test_commits_behind_and_a_newer_tag_of_the_same_release(locked: Cloud) -> None:
    keystone = locked.upstream("keystone")
    keystone.commit("stable/2024.1", version="24.0.1")
    keystone.tag("24.0.1", "refs/heads/stable/2024.1")
    assert kinds(locked)["keystone"] == [
        ("behind", "stable/2024.1"),
        ("newer-tag", "24.0.1"),
        ("newer-release", "2025.1"),
    ]
    assert "  keystone  24.0.0   1 commit, 24.0.1  2025.1  -" in locked.run("outdated").out


def test_what_is_at_its_end(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    nova.tag("havana-eol", "refs/tags/24.0.0")
    text = "modules:\n  nova: {release: havana}\n  keystone: {branch: stable/2025.1, reason: x, until: 2020-02-01}\n"
    text += "findings: {ignore: [dependency-unsatisfied]}\n"
    cloud.manifest("production", text)
    cloud.run("lock")
    found = kinds(cloud)
    assert ("until", "2020-02-01") in found["keystone"]
    assert [kind for kind, _ in found["nova"]][-1] == "end-of-life"


def test_a_moved_pin_of_the_gate(cloud: Cloud) -> None:
    cloud.upstream("keystone").commit(
        "stable/2025.1", version="26.0.0", needs={"puppetlabs/stdlib": ">=9.0.0"}
    )
    stdlib = cloud.upstream("stdlib", owner="puppetlabs", repository="puppetlabs-stdlib")
    stdlib.commit("main", version="9.7.0", name="puppetlabs-stdlib")
    stdlib.tag("v9.7.0", "refs/heads/main")
    cloud.manifest(
        "production", "release: 2025.1\nopenstack: [keystone]\ndependencies: {externals: integration}\n"
    )
    assert cloud.run("lock").code == 0
    gate = cloud.upstream("openstack-integration")
    puppetfile = (
        "mod 'stdlib',\n  :git => 'https://github.com/puppetlabs/puppetlabs-stdlib',\n  :ref => 'v9.8.0'\n"
    )
    gate.commit("stable/2025.1", files={"Puppetfile": puppetfile})
    assert kinds(cloud)["stdlib"] == [("gate-moved", "v9.8.0")]


def test_the_exit_code_tells_on_demand(locked: Cloud) -> None:
    assert locked.run("outdated").code == 0
    assert locked.run("outdated", "--exit-code").code == 1
    locked.upstream("nova").path.rename(locked.root / "gone")
    assert locked.run("outdated").code == 3


def test_the_text_names_each_module_with_its_news(locked: Cloud) -> None:
    assert locked.run("outdated").out.splitlines() == [
        "production: updates available for 2 of 2 modules, 2024.1 (unmaintained)",
        "  module    current  on its ref  newest  end of life  notes",
        "  keystone  24.0.0   -           2025.1  -",
        "  nova      24.0.0   -           26.0.0  -",
        "1 of 1 environment has updates",
    ]


def test_the_newest_tag_of_the_same_major_version_is_told_from_the_newest_of_all(locked: Cloud) -> None:
    locked.upstream("nova").tag("24.1.0", "refs/tags/24.0.0")
    assert "  nova      24.0.0   24.1.0      26.0.0  -" in (locked.run("outdated").out.splitlines())


def test_what_could_not_be_asked_is_told_once_for_all_environments(locked: Cloud) -> None:
    locked.manifest("_base", "release: 2024.1\nopenstack: [keystone, nova]\n")
    for name in ("production", "staging"):
        locked.manifest(name, "extends: _base\n")
    assert locked.run("lock").code == 0
    for module in ("keystone", "nova"):
        locked.upstream(module).path.rename(locked.root / module)
    result = locked.run("outdated")
    assert (result.code, result.out.splitlines()) == (
        3,
        [
            "production: updates available for 0 of 2 modules, 2 could not be checked, 2024.1 (unmaintained)",
            "staging: updates available for 0 of 2 modules, 2 could not be checked, 2024.1 (unmaintained)",
            "0 of 2 environments have updates; 2 modules could not be checked",
        ],
    )
    assert result.err.count("error: module 'nova'") == 1
    assert result.err.count("hint:") == 1


def test_an_environment_without_a_lock(cloud: Cloud) -> None:
    cloud.manifest("production", "release: 2025.1\nopenstack: [nova]\n")
    assert cloud.run("outdated").out.splitlines() == [
        "production: no lock yet: run 'pinner lock production'",
        "0 of 1 environment has updates; 1 environment without a lock",
    ]


def verdict(cloud: Cloud) -> str:
    return cloud.run("outdated").out.splitlines()[-1]


def test_the_last_line_counts_environments_and_each_ref_once(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    upstream.tag("havana-eol", "refs/tags/24.0.0")
    ignored = "findings: {ignore: [dependency-unsatisfied]}\n"
    for name in ("production", "staging"):
        cloud.manifest(name, f"modules:\n  nova: {{release: havana}}\n{ignored}")
    cloud.manifest("test", "release: 2025.1\nopenstack: [keystone]\n")
    assert cloud.run("lock").code == 0
    # https://releases.openstack.org/: Havana's end of life was 2014-09-30
    assert verdict(cloud).endswith("; 1 ref has reached its end of life on 2014-09-30")
    found = cloud.run("outdated", "--format", "json").json["verdict"]
    assert found["ends"] == [{"state": "reached", "date": "2014-09-30", "refs": 1}]
    assert (found["environments"], found["without_lock"], found["unknown"]) == (3, 0, 0)


def test_the_last_line_counts_overrides_that_end(cloud: Cloud) -> None:
    text = "modules:\n  keystone: {branch: stable/2025.1, reason: x, until: 2020-02-01}\n"
    cloud.manifest("production", text)
    cloud.run("lock")
    assert verdict(cloud) == "0 of 1 environment has updates; 1 override to renew or remove"
    assert "production: updates available for 0 of 1 module" in cloud.run("outdated").out.splitlines()


def test_nothing_is_written(locked: Cloud) -> None:
    def state(root: Path) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    before = state(locked.project)
    locked.run("outdated")
    assert state(locked.project) == before


def branched(cloud: Cloud) -> str:
    """Put 2024.1 on a branch one commit after the tag 24.0.0, and return the commit of the tag."""
    nova = cloud.upstream("nova")
    commit = nova.id("refs/tags/24.0.0")
    nova.commit("stable/2024.1", version="24.0.0", start="refs/tags/24.0.0")
    return commit


def test_a_commit_of_a_release_is_compared_with_its_branch(cloud: Cloud) -> None:
    commit = branched(cloud)
    cloud.manifest("production", f"modules:\n  nova: {{commit: {commit}}}\n")
    assert cloud.run("lock").code == 0
    assert kinds(cloud) == {
        "nova": [("behind", "stable/2024.1"), ("newer-major", "26.0.0"), ("newer-release", "2025.1")]
    }
    (status,) = cloud.run("status", "--format", "json").json["environments"]
    assert [(row["name"], row["behind"]) for row in status["modules"]] == [("nova", 1)]


def private(cloud: Cloud, commit: str) -> None:
    cloud.manifest(
        "production", f'modules:\n  net: {{git: "https://git.example.net/net", commit: {commit}}}\n'
    )
    assert cloud.run("lock").code == 0


def test_a_commit_of_another_module_is_compared_with_the_branch_that_has_it(cloud: Cloud) -> None:
    net = cloud.upstream("net", owner="private", repository="net")
    old = net.commit("main", version="1.0.0", name="acme-net")
    net.tag("v1.0.0", old)
    tagged = net.commit("main", version="1.0.0", name="acme-net")
    net.tag("v1.1.0", tagged)
    newest = net.commit("main", version="1.1.1", name="acme-net")
    private(cloud, old)
    assert kinds(cloud) == {"net": [("behind", "main"), ("newer-tag", "v1.1.0")]}
    private(cloud, tagged)
    assert kinds(cloud) == {"net": [("behind", "main")]}
    private(cloud, newest)
    assert kinds(cloud) == {}


def test_a_commit_on_one_of_several_branches_that_are_not_the_default(cloud: Cloud) -> None:
    net = cloud.upstream("net", owner="private", repository="net")
    net.commit("main", version="1.0.0", name="acme-net")
    commit = net.commit("site", version="1.0.0", name="acme-net", start="refs/heads/main")
    private(cloud, commit)
    assert kinds(cloud) == {}
    net.commit("site", version="1.0.0", name="acme-net")
    assert kinds(cloud) == {"net": [("behind", "site")]}
    net.commit("other", version="1.0.0", name="acme-net", start="refs/heads/site")
    assert kinds(cloud) == {}
    (status,) = cloud.run("status", "--format", "json").json["environments"]
    assert status["modules"][0]["behind"] is None


@pytest.mark.parametrize(
    ("tag", "phase"), [("zed-eom", "unmaintained"), ("xena-em", "end of life"), ("yoga-eol", "end of life")]
)
def test_a_tag_that_ended_a_release_has_its_status(cloud: Cloud, tag: str, phase: str) -> None:
    release = tag.partition("-")[0]
    nova = cloud.upstream("nova")
    nova.tag(tag, nova.commit("x", version="21.0.1"))
    cloud.manifest("production", f"modules:\n  nova: {{tag: {tag}}}\n")
    locked = cloud.run("lock")
    assert locked.code == 0
    assert ("[end-of-life]" in locked.out) == (phase == "end of life")
    (found,) = cloud.run("status", "--format", "json").json["environments"]
    assert [row["phase"] for row in found["modules"]] == [phase]
    assert [kind for kind, _ in kinds(cloud)["nova"]][-2:] == ["newer-release", "end-of-life"]
    nova.commit(f"unmaintained/{release}", version="21.0.1", start=f"refs/tags/{tag}")
    assert ("behind", f"unmaintained/{release}") in kinds(cloud)["nova"]


def test_a_tag_named_like_the_end_of_no_release(cloud: Cloud) -> None:
    nova = cloud.upstream("nova")
    nova.tag("acme-eol", nova.commit("x", version="24.0.0"))
    cloud.manifest("production", "modules:\n  nova: {tag: acme-eol}\n")
    assert "end-of-life" not in cloud.run("lock").out
    assert {kind for kind, _ in kinds(cloud)["nova"]} == {"newer-major"}


@pytest.mark.parametrize(
    ("ref", "words"),
    [
        (
            "refs/heads/unmaintained/2024.1",
            "unmaintained: the branch stable/2024.1 is unmaintained/2024.1 now",
        ),
        ("refs/tags/2024.1-eol", "at its end of life: the branch stable/2024.1 is 2024.1-eol now"),
    ],
)
def test_a_branch_that_became_unmaintained_since_the_lock(cloud: Cloud, ref: str, words: str) -> None:
    cloud.manifest("production", "modules:\n  nova: {branch: stable/2024.1}\n")
    cloud.run("lock")
    nova = cloud.upstream("nova")
    nova.git("update-ref", ref, "refs/heads/stable/2024.1")
    nova.delete("refs/heads/stable/2024.1")
    result = cloud.run("outdated", "--format", "json")
    ((news,),) = [row["news"] for row in result.json["environments"][0]["modules"]]
    assert (result.code, news["kind"], news["to"]) == (0, "end-of-life", "2024.1")
    assert news["message"] == f"release 2024.1 is {words}"


def test_a_branch_of_no_release_that_is_gone_could_not_be_checked(cloud: Cloud) -> None:
    cloud.upstream("nova").git("update-ref", "refs/heads/ours", "refs/heads/stable/2024.1")
    cloud.manifest("production", "modules:\n  nova: {branch: ours}\n")
    cloud.run("lock")
    cloud.upstream("nova").delete("refs/heads/ours")
    result = cloud.run("outdated")
    assert result.code == 3
    assert "no branch 'ours'" in result.err


def test_markdown_has_the_verdict_first_and_the_rows_of_the_text(locked: Cloud) -> None:
    locked.manifest("staging", "release: 2025.1\nopenstack: [keystone]\n")
    nova = locked.upstream("nova").id("refs/tags/24.0.0")
    lines = locked.run("outdated", "--format", "markdown").out.splitlines()
    assert lines[0] == "**1 of 2 environments has updates; 1 environment without a lock**"
    assert lines[2:] == [
        "## production",
        "",
        "updates available for 2 of 2 modules, 2024.1 (unmaintained)",
        "",
        "| module | current | on its ref | newest | end of life | notes |",
        "|---|---|---|---|---|---|",
        f"| keystone | [24.0.0](https://opendev.org/openstack/puppet-keystone/commit/{keystone_commit(locked)}) | - | 2025.1 | - |  |",
        f"| nova | [24.0.0](https://opendev.org/openstack/puppet-nova/commit/{nova}) | - | 26.0.0 | - |  |",
        "",
        "## staging",
        "",
        "no lock yet: run `pinner lock staging`",
        "",
    ]


def keystone_commit(cloud: Cloud) -> str:
    return cloud.upstream("keystone").id("refs/heads/stable/2024.1")


def test_markdown_lists_what_could_not_be_checked(locked: Cloud) -> None:
    locked.upstream("nova").path.rename(locked.root / "gone")
    shown = locked.run("outdated", "--format", "markdown")
    assert shown.code == 3
    assert "- error: module 'nova': " in shown.out
    assert "[remote-unreachable]" in shown.out
