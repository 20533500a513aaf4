"""`pinner import` on Puppetfiles: what is written, what is told, and that nothing is lost or overwritten."""

from pathlib import Path

import pytest

from tests.support.cloud import Cloud, Result
from tests.support.unharmed import unharmed

NOVA = "mod 'nova', :git => 'https://github.com/openstack/puppet-nova', :ref => '{ref}'\n"
KEYSTONE = "mod 'keystone', :git => 'https://github.com/openstack/puppet-keystone', :ref => '{ref}'\n"
FORK = "mod 'horizon', :git => 'https://git.example.net/puppet-horizon.git', :branch => 'acme/2025.1'\n"
BOTH = NOVA.format(ref="stable/2025.1") + KEYSTONE.format(ref="stable/2025.1")


@pytest.fixture
def fork(cloud: Cloud) -> Cloud:
    """The cloud, with a private fork of horizon."""
    cloud.upstream("horizon", owner="private").commit("acme/2025.1", version="26.0.0")
    return cloud


def puppetfile(cloud: Cloud, text: str, name: str = "source/Puppetfile") -> str:
    path = cloud.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def imported(cloud: Cloud, text: str, *options: str) -> Result:
    return cloud.run("import", puppetfile(cloud, text), "--as", "x", *options)


def manifest(cloud: Cloud, name: str = "x") -> str:
    text = (cloud.project / "environments" / f"{name}.yaml").read_text()
    head, _, body = text.partition("\n")
    assert head.startswith(("# Imported from ", "# What "))
    return body.lstrip("\n")


def test_what_follows_the_release_is_a_list_and_what_differs_an_override(fork: Cloud) -> None:
    text = BOTH + FORK + "mod 'puppetlabs/ntp', '9.1.0'\n"
    done = imported(fork, text)
    assert (done.code, done.out) == (
        0,
        "wrote environments/x.yaml\nnext: look at what was written, then run 'pinner lock x'\n",
    )
    assert manifest(fork) == (
        "release: 2025.1\n\nopenstack:\n  - keystone\n  - nova\n\nmodules:\n"
        '  horizon: {git: "https://git.example.net/puppet-horizon.git", branch: acme/2025.1}\n'
        "\n  # third-party modules\n"
        "  ntp: {forge: puppetlabs/ntp, version: 9.1.0}\n"
    )
    assert fork.run("lock").code == 0


def test_a_module_of_another_release_names_it(cloud: Cloud) -> None:
    cloud.upstream("glance").commit("stable/2025.1", version="26.0.0")
    text = BOTH.replace("stable/2025.1", "stable/2024.1", 1) + (
        "mod 'glance', :git => 'git://github.com/stackforge/puppet-glance', :ref => 'stable/2025.1'\n"
    )
    assert imported(cloud, text).code == 0
    assert (
        manifest(cloud)
        == "release: 2025.1\n\nopenstack:\n  - glance\n  - keystone\n\nmodules:\n  nova: {release: 2024.1}\n"
    )


def test_the_release_is_known_by_the_tags_versions(cloud: Cloud) -> None:
    assert imported(cloud, NOVA.format(ref="26.0.0") + KEYSTONE.format(ref="26.0.0")).code == 0
    assert (
        manifest(cloud) == "release: 2025.1\n\nmodules:\n  keystone: {tag: 26.0.0}\n  nova: {tag: 26.0.0}\n"
    )


def test_a_ref_is_what_the_repository_has_of_that_name(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    upstream.tag("production", "refs/heads/master")
    upstream.commit("1.0", version="26.0.0")
    assert imported(cloud, NOVA.format(ref="production") + KEYSTONE.format(ref="24.0.0")).code == 0
    assert "nova: {tag: production}" in manifest(cloud)
    assert imported(cloud, NOVA.format(ref="1.0"), "--force").code == 0
    assert 'nova: {branch: "1.0"}\n' in manifest(cloud)


def test_offline_a_ref_is_told_by_its_form(cloud: Cloud) -> None:
    done = imported(cloud, NOVA.format(ref="v1.0") + KEYSTONE.format(ref="production"), "--offline")
    assert manifest(cloud) == "modules:\n  keystone: {branch: production}\n  nova: {tag: v1.0}\n"
    source = cloud.root / "source/Puppetfile"
    assert done.err.splitlines()[1:] == [
        f"{source}:2:1: module 'keystone': 'production' is taken for a branch"
    ]


def test_of_a_branch_and_a_tag_of_one_name_r10k_takes_the_tag(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    upstream.tag("both", "refs/heads/master")
    upstream.commit("both", version="26.0.0")
    done = imported(cloud, NOVA.format(ref="both"))
    assert "nova: {tag: both}" in manifest(cloud)
    assert "there are a branch and a tag 'both': r10k takes the tag" in done.err


def test_a_short_commit_is_expanded(cloud: Cloud) -> None:
    commit = cloud.upstream("nova").id("refs/heads/stable/2025.1")
    assert imported(cloud, NOVA.format(ref=commit[:10])).code == 0
    assert f"nova: {{commit: {commit}}}" in manifest(cloud)


def test_the_id_of_an_annotated_tag_means_its_commit(cloud: Cloud) -> None:
    upstream = cloud.upstream("nova")
    tag, commit = upstream.git("rev-parse", "refs/tags/26.0.0"), upstream.id("refs/tags/26.0.0")
    assert tag != commit
    done = imported(cloud, NOVA.format(ref=tag))
    assert f"nova: {{commit: {commit}}}" in manifest(cloud)
    assert f"module 'nova': {tag} is the id of an annotated tag, which names {commit}" in done.err


def test_a_short_commit_that_is_nowhere_is_told(cloud: Cloud) -> None:
    done = imported(cloud, NOVA.format(ref="abcdef1234"))
    assert done.code == 2
    assert (
        "there is no branch, tag or commit 'abcdef1234' in https://opendev.org/openstack/puppet-nova"
        in done.err
    )


def test_a_short_commit_cannot_be_known_offline(cloud: Cloud) -> None:
    done = imported(cloud, NOVA.format(ref="abcdef1234"), "--offline")
    source = cloud.root / "source/Puppetfile"
    assert (done.code, done.err) == (
        2,
        (
            f"{source}:1:1: module 'nova': 'abcdef1234' may be a shortened commit, and its repository could not be asked for it\n"
            "  hint: name one in the source, or leave the module out with --partial\n"
            "nothing was imported\n  hint: '--partial' imports the rest\n"
        ),
    )


def test_without_a_ref_it_is_the_repositorys_default_branch(cloud: Cloud) -> None:
    done = imported(cloud, "mod 'nova', :git => 'https://github.com/openstack/puppet-nova'\n")
    assert manifest(cloud) == "modules:\n  nova: {branch: master}    # moves with the branch\n"
    assert "module 'nova': it names no ref: 'master' is the repository's own branch" in done.err


def test_without_a_ref_and_without_an_answer_nothing_is_guessed(cloud: Cloud) -> None:
    with unharmed(cloud.project):
        done = imported(cloud, BOTH + "mod 'x', :git => 'https://github.com/acme/x'\n")
    assert done.code == 2
    assert (
        "module 'x': it names no ref, and its repository could not be asked for its default branch"
        in done.err
    )


def test_partial_imports_the_rest_and_says_in_the_manifest_what_is_missing(cloud: Cloud) -> None:
    text = BOTH + "if ENV['X']\nmod 'glance', :git => 'https://h/x', :ref => 'v1'\nend\n"
    with unharmed(cloud.project):
        refused = imported(cloud, text)
    assert refused.code == 2
    done = imported(cloud, text, "--partial")
    assert done.code == 0
    source = cloud.root / "source/Puppetfile"
    told = f"{source}:3:1: what stands between 'if' and its 'end' depends on something"
    assert told in done.err
    assert manifest(cloud).endswith(f"\n# Left out, because it could not be imported:\n#   {told}\n")


def test_commits_are_locked_where_the_source_has_no_others(cloud: Cloud) -> None:
    nova, keystone = (cloud.upstream(name).id("refs/tags/24.0.0") for name in ("nova", "keystone"))
    done = imported(cloud, NOVA.format(ref=nova) + KEYSTONE.format(ref=keystone))
    assert done.code == 0, done.out
    assert manifest(cloud) == f"modules:\n  keystone: {{commit: {keystone}}}\n  nova: {{commit: {nova}}}\n"
    assert done.out.splitlines()[:2] == ["wrote environments/x.yaml", "wrote environments/x.lock"]
    assert cloud.lock("x")["modules"]["nova"]["commit"] == nova
    assert cloud.run("lock", "--check").code == 0


def many(cloud: Cloud, *, more: str = "") -> str:
    """Return a Puppetfile with three modules of 2025.1, each one commit before its branch's last."""
    text = ""
    for name in ("cinder", "glance", "heat"):
        upstream = cloud.upstream(name)
        commit = upstream.commit("stable/2025.1", version="26.0.0")
        upstream.commit("stable/2025.1", version="26.1.0")
        text += f"mod '{name}', :commit => '{commit}', :git => 'https://github.com/openstack/puppet-{name}'\n"
    return text + more


def test_a_commit_for_every_module_is_a_lock_of_the_release(cloud: Cloud) -> None:
    text = many(cloud)
    done = imported(cloud, text)
    assert done.code == 0, done.out + done.err
    assert manifest(cloud) == "release: 2025.1\n\nopenstack:\n  - cinder\n  - glance\n  - heat\n"
    pins = cloud.lock("x")["modules"]
    assert {pin["commit"] for pin in pins.values()} == {line.split("'")[3] for line in text.splitlines()}
    assert {pin["ref"] for pin in pins.values()} == {"refs/heads/stable/2025.1"}
    assert cloud.run("lock").out.splitlines()[-1] == "locked 1 environment: 0 errors, 0 warnings"
    assert cloud.lock("x")["modules"] == pins


def test_in_such_a_lock_a_commit_that_a_release_tag_names_is_that_tag(cloud: Cloud) -> None:
    nova = cloud.upstream("facts", owner="acme")
    commit = nova.commit("main", version="1.0.0", name="acme-facts")
    for tag in ("v0.9.0", "v1.0.0", "nightly"):
        nova.tag(tag, commit)
    fact = f"mod 'facts', :commit => '{commit}', :git => 'https://github.com/acme/puppet-facts'\n"
    assert imported(cloud, many(cloud, more=fact)).code == 0
    assert 'facts: {git: "https://github.com/acme/puppet-facts", tag: v1.0.0}\n' in manifest(cloud)
    assert cloud.lock("x")["modules"]["facts"]["commit"] == commit
    assert imported(cloud, fact, "--force").code == 0
    assert f"commit: {commit}" in manifest(cloud)


def test_where_no_lock_can_be_written_the_manifest_holds_the_commits(cloud: Cloud) -> None:
    gone = "mod 'gone', :commit => '0123456789012345678901234567890123456789', :git => 'https://github.com/acme/gone'\n"
    text = many(cloud, more=gone)
    done = imported(cloud, text)
    assert done.code == 3
    assert "there is no git repository at https://github.com/acme/gone" in done.out
    assert not cloud.lock_path("x").exists()
    assert "openstack:" not in manifest(cloud)
    assert manifest(cloud).count("{commit: ") == 3
    assert manifest(cloud).count('commit: "0123456789012345678901234567890123456789"') == 1


def test_offline_commits_stay_commits_and_no_lock_is_tried(cloud: Cloud) -> None:
    done = imported(cloud, many(cloud), "--offline")
    assert done.code == 0
    assert not cloud.lock_path("x").exists()
    assert manifest(cloud).count("{commit: ") == 3


def test_findings_of_today_can_be_accepted(cloud: Cloud) -> None:
    nova = cloud.upstream("nova").id("refs/tags/26.0.0")
    keystone = cloud.upstream("keystone").id("refs/tags/24.0.0")
    text = NOVA.format(ref=nova) + KEYSTONE.format(ref=keystone)
    refused = imported(cloud, text)
    assert refused.code == 1
    assert not cloud.lock_path("x").exists()
    done = imported(cloud, text, "--accept-findings", "--force")
    assert done.code == 0, done.out
    assert manifest(cloud).endswith(
        "\nfindings:\n  ignore:    # what this set breaks today: delete a line once that is mended\n"
        "    - dependency-unsatisfied:nova\n"
    )
    assert cloud.run("lock").code == 0


def test_several_environments_share_a_base(fork: Cloud) -> None:
    for name, version in (("prod-eu", "9.0.0"), ("prod-us", "9.0.0"), ("2025.1", "9.1.0")):
        puppetfile(fork, BOTH + FORK + f"mod 'puppetlabs/ntp', '{version}'\n", f"many/{name}/Puppetfile")
    done = fork.run("import", str(fork.root / "many"))
    assert done.code == 0, done.err
    assert [line for line in done.err.splitlines() if "becomes" in line] == [
        "the environment '2025.1' becomes 'cloud_2025_1', which Puppet allows",
        "the environment 'prod-eu' becomes 'prod_eu', which Puppet allows",
        "the environment 'prod-us' becomes 'prod_us', which Puppet allows",
    ]
    assert manifest(fork, "_base") == (
        "release: 2025.1\n\nopenstack:\n  - keystone\n  - nova\n\nmodules:\n"
        '  horizon: {git: "https://git.example.net/puppet-horizon.git", branch: acme/2025.1}\n'
    )
    assert (
        manifest(fork, "prod_eu")
        == "extends: _base\n\nmodules:\n  ntp: {forge: puppetlabs/ntp, version: 9.0.0}\n"
    )
    assert fork.run("lock").code == 0
    again = fork.run("import", str(fork.root / "many"), "--force")
    assert again.out.splitlines()[0] == "wrote environments/_base.yaml"


def test_a_base_shares_what_differs_in_the_ref_alone(cloud: Cloud) -> None:
    for name, ref in (("a", "24.0.0"), ("b", "24.0.0"), ("c", "26.0.0")):
        puppetfile(cloud, NOVA.format(ref=ref), f"many/Puppetfile.{name}")
    assert cloud.run("import", str(cloud.root / "many")).code == 0
    assert manifest(cloud, "_base") == "modules:\n  nova: {tag: 24.0.0}\n"
    assert manifest(cloud, "c") == "extends: _base\nrelease: 2025.1\n\nmodules:\n  nova: {tag: 26.0.0}\n"


def test_a_base_that_others_extend_is_left_alone(cloud: Cloud) -> None:
    cloud.manifest("_base", "release: 2024.1\n")
    cloud.manifest("old", "extends: _base\nopenstack: [nova]\n")
    for name in ("a", "b"):
        puppetfile(cloud, BOTH, f"many/Puppetfile.{name}")
    done = cloud.run("import", str(cloud.root / "many"), "--force")
    assert done.out.splitlines()[0] == "wrote environments/_base_2.yaml"


def test_nothing_is_overwritten_without_force(cloud: Cloud) -> None:
    cloud.manifest("x", "release: 2024.1\nopenstack: [nova]\n")
    with unharmed(cloud.project):
        done = imported(cloud, BOTH)
    assert (done.code, done.err.splitlines()[-2:]) == (
        2,
        [
            "environments/x.yaml: this file is there already",
            "  hint: '--force' overwrites, '--as' gives a name",
        ],
    )
    assert imported(cloud, BOTH, "--force").code == 0
    assert "release: 2025.1" in manifest(cloud)


def test_a_dry_run_prints_and_writes_nothing(cloud: Cloud) -> None:
    with unharmed(cloud.project):
        done = imported(cloud, BOTH, "--dry-run")
    assert done.code == 0
    source = cloud.root / "source/Puppetfile"
    assert done.out == (
        f"# environments/x.yaml\n# Imported from {source}.\nrelease: 2025.1\n\nopenstack:\n  - keystone\n  - nova\n"
    )


def test_a_password_in_a_url_is_never_taken_over(fork: Cloud) -> None:
    done = imported(fork, FORK.replace("https://", "https://jane:secret@"))
    assert done.code == 0
    assert "secret" not in manifest(fork) + done.out + done.err
    assert "jane" not in manifest(fork)
    assert "the user and password in its URL are left out" in done.err


def test_a_branch_that_is_gone_is_told_and_the_release_goes_on(cloud: Cloud) -> None:
    for name in ("nova", "keystone"):
        upstream = cloud.upstream(name)
        upstream.tag("2025.1-eol", "refs/heads/stable/2025.1")
        upstream.delete("refs/heads/stable/2025.1")
    done = imported(cloud, BOTH)
    source = cloud.root / "source/Puppetfile"
    told = "the branch 'stable/2025.1' is gone from 2 repositories: 'release:' in a manifest finds what took its place"
    assert f"{source}:1:1: {told}" in done.err.splitlines()
    assert cloud.run("lock").code == 0
    assert cloud.lock("x")["modules"]["nova"]["ref"] == "refs/tags/2025.1-eol"


def test_homes_that_moved_are_told_by_owner(cloud: Cloud) -> None:
    text = BOTH + "mod 'kmod', :git => 'git://github.com/camptocamp/puppet-kmod.git', :tag => 'v1'\n"
    done = imported(cloud, text + "mod 'x', :git => 'https://github.com/acme/x', :tag => 'v1'\n", "--offline")
    source = cloud.root / "source/Puppetfile"
    assert done.err.splitlines() == [
        f"{source}:1:1: 2 modules are fetched from https://opendev.org/openstack/ now, in place of https://github.com/openstack/",
        f"{source}:3:1: a module is fetched from https://github.com/voxpupuli/ now, in place of git://github.com/camptocamp/",
    ]
    assert "  kmod: {tag: v1}\n" in manifest(cloud)


def test_a_moduledir_outside_the_environment_is_told(cloud: Cloud) -> None:
    done = imported(cloud, "moduledir '/usr/share/modules'\n" + BOTH)
    assert (
        "the moduledir '/usr/share/modules' is no directory inside an environment: it becomes 'modules'"
        in done.err
    )
    assert imported(cloud, "moduledir 'site'\n" + BOTH, "--force").code == 0
    assert "moduledir: site\n" in manifest(cloud)


def test_an_install_path_outside_the_environment_is_a_problem(fork: Cloud) -> None:
    done = imported(fork, FORK.rstrip() + ", :install_path => '../other'\n")
    assert done.code == 2
    assert "module 'horizon': '../other' is no path here" in done.err


def test_a_link_in_the_place_of_a_manifest_is_not_followed(cloud: Cloud) -> None:
    (cloud.project / "environments/x.yaml").symlink_to(cloud.root / "elsewhere")
    done = imported(cloud, BOTH, "--force")
    assert (done.code, (cloud.root / "elsewhere").exists()) == (2, False)
    assert "environments/x.yaml: this is a link that leads out of the project" in done.err


def test_a_directory_without_a_puppetfile_is_told(cloud: Cloud) -> None:
    (cloud.root / "empty").mkdir()
    done = cloud.run("import", str(cloud.root / "empty"), "--kind", "puppetfile")
    assert (done.code, done.err) == (2, f"{cloud.root / 'empty'}: there is no Puppetfile in this directory\n")
    done = cloud.run("import", str(cloud.root / "empty"), "--kind", "fuel")
    assert (done.code, done.err) == (
        2,
        f"{cloud.root / 'empty'}: there is no deployment/Puppetfile in this directory\n",
    )


def test_an_archive_of_github_is_its_repositorys_tag(cloud: Cloud) -> None:
    text = "mod 'puppetlabs/apt', '{}', :github_tarball => 'puppetlabs/puppetlabs-apt'\n"
    assert imported(cloud, text.format("1.8.0"), "--offline").code == 0
    assert manifest(cloud) == "modules:\n  apt: {version: 1.8.0}\n"
    done = imported(cloud, text.format("master"), "--offline", "--force")
    assert (done.code, "'master' is no version range" in done.err) == (2, True)


def test_an_install_path_is_kept(fork: Cloud) -> None:
    assert imported(fork, FORK.rstrip() + ", :install_path => 'site'\n").code == 0
    assert "branch: acme/2025.1, install_path: site}" in manifest(fork)


def test_a_range_of_the_forge_becomes_the_newest_release_tag_of_a_known_module(cloud: Cloud) -> None:
    done = imported(cloud, "mod 'puppetlabs/stdlib', '>= 9.0.0 < 10.0.0'\n", "--offline")
    assert manifest(cloud) == 'modules:\n  stdlib: {version: ">= 9.0.0 < 10.0.0"}\n'
    assert (
        "from the Forge becomes the newest release tag of https://github.com/puppetlabs/puppetlabs-stdlib"
        in done.err
    )
    refused = imported(cloud, "mod 'acme/other', '>= 1.0'\n", "--offline")
    assert (refused.code, refused.err.splitlines()[0].partition(" ")[2]) == (
        2,
        "module 'other': a range is no pin",
    )


def test_one_module_twice_in_fuels_two_files_is_told(cloud: Cloud) -> None:
    first = puppetfile(cloud, BOTH, "fuel/deployment/Puppetfile")
    second = puppetfile(cloud, BOTH, "fuel/deployment/puppet/openstack_tasks/Puppetfile")
    done = cloud.run("import", str(cloud.root / "fuel"))
    assert done.code == 2
    assert f"{second}:1:1: module 'nova' is declared at {first}:1:1 already" in done.err


def test_lists_beside_a_puppetfile_are_compared_with_it(cloud: Cloud) -> None:
    puppetfile(cloud, BOTH)
    (cloud.root / "source/openstack_modules.txt").write_text("nova\nkeystone\nglance\n")
    (cloud.root / "source/external_modules.txt").write_text("# comment\nrcritten/puppet-nssdb,v1\n")
    done = cloud.run("import", str(cloud.root / "source"))
    lists = cloud.root / "source"
    assert done.code == 0
    assert done.err.splitlines()[-2:] == [
        f"{lists}/openstack_modules.txt:3: module 'glance' is listed here, but is not in the Puppetfile",
        f"{lists}/external_modules.txt:2: module 'nssdb' is listed here, but is not in the Puppetfile",
    ]
    assert (cloud.project / "environments/source.yaml").exists()


@pytest.mark.parametrize("name", ["nothing", "other.txt"])
def test_what_is_no_source_is_told(cloud: Cloud, name: str) -> None:
    (cloud.root / "other.txt").write_text("text")
    done = cloud.run("import", str(cloud.root / name))
    assert done.code == 2
    what = (
        "this is nothing that pinner imports" if name == "other.txt" else "there is no such file or directory"
    )
    assert done.err.splitlines()[0] == f"{cloud.root / name}: {what}"


def test_a_file_of_any_name_is_read_when_its_kind_is_given(cloud: Cloud) -> None:
    source = puppetfile(cloud, BOTH, "other.txt")
    assert cloud.run("import", source, "--kind", "puppetfile", "--as", "x").code == 0


def test_one_name_does_for_one_environment_only(cloud: Cloud) -> None:
    for name in ("a", "b"):
        puppetfile(cloud, BOTH, f"many/Puppetfile.{name}")
    done = cloud.run("import", str(cloud.root / "many"), "--as", "x")
    assert (done.code, done.err.splitlines()[0]) == (2, "'--as x' names one environment, and there are 2")


def test_two_names_that_become_one_are_told(cloud: Cloud) -> None:
    for name in ("prod-eu", "prod_eu"):
        puppetfile(cloud, BOTH, f"many/Puppetfile.{name}")
    done = cloud.run("import", str(cloud.root / "many"))
    assert (done.code, done.err.splitlines()[0]) == (
        2,
        "the environments 'prod-eu' and 'prod_eu' would both be 'prod_eu'",
    )


@pytest.mark.parametrize("text", ["", "forge 'https://forge.puppet.com'\n", "# mod 'x', '1.0.0'\n"])
def test_a_file_without_modules_makes_no_manifest(cloud: Cloud, text: str) -> None:
    done = imported(cloud, text)
    assert (done.code, done.err.splitlines()[0]) == (2, "there is no module to import")


def test_a_project_is_started_where_there_is_none(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    source = puppetfile(cloud, BOTH)
    done = cloud.run("-C", str(tmp_path / "empty"), "import", source, "--as", "x", "--offline")
    assert done.code == 0
    assert (tmp_path / "empty/environments/x.yaml").is_file()
