"""`pinner import` of what r10k deploys: imported, locked and generated, the same modules come out."""

import subprocess
from pathlib import Path

import pytest

from tests.support.adopting import adopt, generated
from tests.support.cloud import Cloud, Upstream

CONTROL = "https://git.example.net/ops/control"
OPENDEV = "https://opendev.org/openstack/puppet-"
NOVA = "mod 'openstack/nova',\n  :git => 'https://github.com/openstack/puppet-nova',\n  :ref => 'stable/{}'\n"
KEYSTONE = "mod 'keystone',\n  :git => 'https://opendev.org/openstack/puppet-keystone',\n  :tag => '{}.0.0'\n"
DATA = "mod 'hieradata',\n  :git => 'https://git.example.net/ops/data',\n  :branch => :control_branch,\n  :install_path => 'hiera'\n"
MAJORS = {"2024.1": 24, "2025.1": 26}
FACTS = "mod 'acme/facts', '1.2.3'\n"


@pytest.fixture
def control(cloud: Cloud) -> Upstream:
    """A control repository: production, a branch named like a release, one with a slash, one without a Puppetfile."""
    data = cloud.upstream("data", owner="private/ops", repository="data")
    repository = cloud.upstream("control", owner="private/ops", repository="control")
    for branch, release in (("production", "2024.1"), ("2025.1", "2025.1"), ("feature/two", "2025.1")):
        data.commit(branch, files={"common.yaml": f"# {branch}\n"})
        text = f"forge 'https://forgeapi.puppet.com'\n{NOVA.format(release)}{KEYSTONE.format(MAJORS[release])}{DATA}{FACTS}"
        repository.commit(branch, files={"Puppetfile": text})
    repository.commit("docs", files={"README.md": "no Puppetfile\n"})
    return repository


def expected(cloud: Cloud, branch: str, release: str) -> dict[str, tuple[str, str]]:
    data = cloud.upstream("data", owner="private/ops", repository="data")
    return {
        "facts": ("acme/facts", "1.2.3"),
        "hieradata": ("https://git.example.net/ops/data", data.id(f"refs/heads/{branch}")),
        "keystone": (f"{OPENDEV}keystone", cloud.upstream("keystone").id(f"{MAJORS[release]}.0.0")),
        "nova": (f"{OPENDEV}nova", cloud.upstream("nova").id(f"refs/heads/stable/{release}")),
    }


def write(cloud: Cloud, name: str, text: str) -> Path:
    path = cloud.root / "r10k" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.usefixtures("control")
def test_every_branch_is_an_environment(cloud: Cloud) -> None:
    result = adopt(cloud, CONTROL)
    assert generated(cloud, "production") == expected(cloud, "production", "2024.1")
    assert generated(cloud, "cloud_2025_1") == expected(cloud, "2025.1", "2025.1")
    assert generated(cloud, "feature_two") == expected(cloud, "feature/two", "2025.1")
    others = "2025.1 is '2025_1', feature/two is 'feature_two'"
    assert f"{CONTROL}: r10k gives the environments of some branches other names: {others}\n" in result.err
    assert f"{CONTROL}#docs: there is no Puppetfile on this branch" in result.err
    assert sorted(path.stem for path in (cloud.project / "environments").glob("*.lock")) == [
        "cloud_2025_1",
        "feature_two",
        "production",
    ]


@pytest.mark.usefixtures("control")
def test_one_branch_alone(cloud: Cloud) -> None:
    adopt(cloud, f"{CONTROL}#2025.1", "--as", "staging")
    assert generated(cloud, "staging") == expected(cloud, "2025.1", "2025.1")
    assert [path.name for path in (cloud.project / "environments").glob("*.yaml")] == ["staging.yaml"]


def test_a_repository_on_disk(cloud: Cloud, control: Upstream) -> None:
    adopt(cloud, f"{control.path}#production", "--as", "a")
    adopt(cloud, str(control.path), "--partial", "--force")
    assert generated(cloud, "a") == generated(cloud, "production") == expected(cloud, "production", "2024.1")


@pytest.mark.usefixtures("control")
def test_a_branch_or_a_repository_that_is_not_there(cloud: Cloud) -> None:
    branch = cloud.run("import", f"{CONTROL}#gone")
    assert branch.code == 2
    assert "branch 'gone' has no Puppetfile" in branch.err
    gone = cloud.run("import", "https://git.example.net/ops/gone")
    assert gone.code == 3
    assert gone.out == ""
    assert "https://git.example.net/ops/gone" in gone.err


def test_a_clone_with_a_working_tree(cloud: Cloud, control: Upstream) -> None:
    clone = cloud.root / "clone"
    command = ["git", "clone", "--quiet", "--branch", "production", str(control.path), str(clone)]
    subprocess.run(command, check=True, capture_output=True)
    adopt(cloud, f"{clone}#production")
    assert generated(cloud, "production") == expected(cloud, "production", "2024.1")


@pytest.mark.usefixtures("control")
def test_a_password_is_neither_used_nor_shown(cloud: Cloud) -> None:
    secret = CONTROL.replace("https://", "https://user:secret@")
    path = write(cloud, "environments.yaml", f"b: {{source: '{secret}', version: production}}\n")
    for source in (f"{secret}#production", str(path)):
        result = adopt(cloud, source)
        assert "secret" not in result.out + result.err
    assert generated(cloud, "b") == generated(cloud, "production")
    assert not any("secret" in file.read_text() for file in (cloud.project / "environments").iterdir())


def test_a_repository_without_any_puppetfile(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    cloud.upstream("control", owner="private/ops", repository="control").commit(
        "docs", files={"README": "x\n"}
    )
    result = cloud.run("import", CONTROL)
    assert result.code == 2
    assert f"{CONTROL}: no branch has a Puppetfile\n  hint: its branches are docs\n" in result.err


def test_more_branches_than_anybody_means(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    control = cloud.upstream("control", owner="private/ops", repository="control")
    commit = control.commit("b0", files={"Puppetfile": FACTS})
    control.git(
        "update-ref", "--stdin", given="".join(f"create refs/heads/b{n} {commit}\n" for n in range(1, 501))
    )
    result = cloud.run("import", CONTROL)
    assert result.code == 2
    assert "there are 501 branches: the limit is 500 at once\n  hint: name one with #BRANCH" in result.err
    control.git("update-ref", "--stdin", given="".join(f"delete refs/heads/b{n}\n" for n in range(9, 501)))
    control.git(
        "update-ref", "--stdin", given="".join(f"create refs/heads/x-{n} {commit}\n" for n in range(7))
    )
    result = cloud.run("import", "--dry-run", CONTROL)
    assert "x-3 is 'x_3', x-4 is 'x_4', and 2 more\n" in result.err
    adopt(cloud, f"{CONTROL}#b7")
    assert generated(cloud, "b7") == {"facts": ("acme/facts", "1.2.3")}


def test_what_a_branch_cannot_say_is_named_with_branch_and_line(cloud: Cloud, control: Upstream) -> None:
    control.commit(
        "production", files={"Puppetfile": f"{KEYSTONE.format(26)}mod \"nova-#{{`id`}}\", :git => '/x'\n"}
    )
    refused = cloud.run("import", f"{CONTROL}#production")
    assert refused.code == 2
    assert f"{CONTROL}#production:Puppetfile:4:" in refused.err
    adopt(cloud, f"{CONTROL}#production", "--partial")
    assert list(generated(cloud, "production")) == ["keystone"]


@pytest.mark.usefixtures("control")
def test_environments_yaml(cloud: Cloud) -> None:
    path = write(
        cloud,
        "environments.yaml",
        "production:\n"
        f"  source: {CONTROL}\n  version: production\n"
        "  modules:\n"
        "    nova: {git: https://opendev.org/openstack/puppet-nova, tag: '24.0.0'}\n"
        "'2025.1':\n  type: plain\n  moduledir: site\n"
        "  modules:\n"
        "    puppet/keystone: {type: git, source: https://github.com/openstack/puppet-keystone, version: stable/2025.1}\n"
        "    acme/facts: 1.2.3\n",
    )
    result = adopt(cloud, str(path))
    nova = {"nova": (f"{OPENDEV}nova", cloud.upstream("nova").id("24.0.0"))}
    assert generated(cloud, "production") == expected(cloud, "production", "2024.1") | nova
    assert generated(cloud, "cloud_2025_1") == {
        "facts": ("acme/facts", "1.2.3"),
        "keystone": (f"{OPENDEV}keystone", cloud.upstream("keystone").id("refs/heads/stable/2025.1")),
    }
    assert "module 'nova': the environment's own 'modules' name it too, and win" in result.err
    assert "moduledir 'site'" in cloud.run("generate", "--stdout", "cloud_2025_1").out


def test_environments_d_with_puppetfiles_on_one_branch(cloud: Cloud, control: Upstream) -> None:
    files = {
        f"Puppetfile.{name}": NOVA.format(release) for name, release in (("a", "2024.1"), ("b", "2025.1"))
    }
    control.commit("main", files=files)
    for name in ("a", "b"):
        text = f"source: '{CONTROL}'\nversion: 'main'\npuppetfile_name: 'Puppetfile.{name}'\n"
        path = write(cloud, f"environments.d/{name}.yaml", text)
    write(cloud, "environments.d/c.yml", "{}\n")
    result = adopt(cloud, str(path.parent.parent))
    for name, release in (("a", "2024.1"), ("b", "2025.1")):
        commit = cloud.upstream("nova").id(f"refs/heads/stable/{release}")
        assert generated(cloud, name) == {"nova": (f"{OPENDEV}nova", commit)}
    assert "c.yml: r10k reads *.yaml only, so this is not read" in result.err


def test_yaml_that_ruby_reads_otherwise(cloud: Cloud) -> None:
    cloud.upstream("nova").tag("9.10", "refs/heads/stable/2024.1")
    cloud.upstream("nova").commit("0120715", version="24.0.1", start="refs/heads/stable/2024.1")
    text = "a: {type: plain, modules: {nova: {git: https://opendev.org/openstack/puppet-nova, tag: 9.10}}}\n"
    text += "b: {type: plain, modules: {nova: {git: https://opendev.org/openstack/puppet-nova, branch: 0120715}}}\n"
    result = adopt(cloud, str(write(cloud, "environments.yaml", text)))
    assert generated(cloud, "a")["nova"][1] == cloud.upstream("nova").id("9.10")
    assert generated(cloud, "b")["nova"][1] == cloud.upstream("nova").id("refs/heads/0120715")
    assert "r10k reads 9.10 as 9.1; pinner uses the text as written" in result.err
    assert "r10k reads 0120715 as 41421" in result.err


@pytest.mark.usefixtures("control")
def test_r10k_yaml_with_all_its_sources(cloud: Cloud) -> None:
    write(cloud, "environments.d/cloud_plain.yaml", "type: plain\nmodules: {acme/facts: 1.2.3}\n")
    path = write(
        cloud,
        "r10k.yaml",
        ":cachedir: /var/cache/r10k\n:sources:\n"
        f"  :ops:\n    remote: {CONTROL}\n    prefix: ops\n    ignore_branch_prefixes: ['2025', docs]\n"
        "    invalid_branches: error\n"
        "  more:\n    type: yamldir\n    prefix: more\n    strip_component: cloud_\n    config: /etc/puppetlabs/r10k/environments.d\n"
        "postrun: ['/bin/rm', '-rf', '/']\n",
    )
    result = adopt(cloud, str(path))
    assert "#feature/two: r10k skips the branch: its name is not a valid environment name" in result.err
    assert generated(cloud, "ops_production") == expected(cloud, "production", "2024.1")
    assert generated(cloud, "more_plain") == {"facts": ("acme/facts", "1.2.3")}
    names = {path.stem for path in (cloud.project / "environments").glob("*.yaml")}
    assert names - {"_base"} == {"ops_production", "more_plain"}


def test_an_r10k_yaml_without_sources(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    result = cloud.run("import", str(write(cloud, "r10k.yaml", "cachedir: /x\n")))
    assert (result.code, result.out) == (2, "")
    assert "r10k.yaml: there are no 'sources' in this file" in result.err


def test_what_cannot_be_taken_from_a_source_is_a_problem_each(cloud: Cloud) -> None:
    path = write(
        cloud,
        "r10k.yaml",
        "sources:\n  a: {type: exec, command: /usr/bin/id}\n  b: {remote: 'ext::sh -c id'}\n"
        "  c: {type: yaml, config: /nowhere/environments.yaml}\n  d: {type: svn, remote: /x}\n",
    )
    result = cloud.run("import", str(path))
    assert (result.code, result.out) == (2, "")
    told = [line.removeprefix(f"{path}:") for line in result.err.splitlines() if not line.startswith(" ")]
    assert told[0].endswith("source 'a': nothing is taken from a source of type 'exec'")
    assert "source 'b': 'ext::sh -c id' is not a valid git URL" in told[1]
    assert "environments.yaml: the file cannot be read: No such file or directory" in told[2]
    assert told[3].endswith("source 'd': nothing is taken from a source of type 'svn'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a: {source: 'ext::sh -c id', version: main}\n",
            "environment 'a': 'ext::sh -c id' is not a valid git URL",
        ),
        ("a: {version: main}\n", "environment 'a': it names no control repository, or no ref of it"),
        (
            "a: {type: svn, source: /x}\n",
            "environment 'a': its control repository is of type 'svn', and not read",
        ),
        (f"a: {{source: '{CONTROL}', version: gone}}\n", f"environment 'a': there is no 'gone' in {CONTROL}"),
        (
            f"a: {{source: '{CONTROL}', version: production, puppetfile_name: ../../etc/passwd}}\n",
            "'../../etc/passwd' is not a valid path",
        ),
        ("a: {type: plain, modules: {../../x: {git: /x, ref: y}}}\n", "module '../../x': "),
        (
            "a: {type: plain, modules: {nova: {git: /x, ref: '--upload-pack=id'}}}\n",
            "module 'nova': '--upload-pack=id' is not a valid ref name",
        ),
        (
            "a: {type: plain, modules: {nova: {git: /x, ref: y, install_path: ../../etc}}}\n",
            "module 'nova': '../../etc' is not a valid path",
        ),
        ("a: &x {type: plain}\nb: *x\n", "anchors ('&x') are not allowed"),
        ("a: !ruby/object:Gem::Installer {}\n", "tags ('!ruby/object:Gem::Installer') are not allowed"),
        ("- a\n", "the file is not a map"),
        ("{" * 100_000, "nested more than 20 levels deep"),
        ("\x00", "control character U+0000"),
    ],
)
def test_hostile_environments(tmp_path: Path, text: str, message: str) -> None:
    cloud = Cloud(tmp_path)
    control = cloud.upstream("control", owner="private/ops", repository="control")
    control.commit("production", files={"Puppetfile": FACTS})
    result = cloud.run("import", str(write(cloud, "environments.yaml", text)))
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert not list((cloud.project / "environments").iterdir())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("environments.yaml", "a: {source: /nowhere/control, version: main}\n"),
        ("r10k.yaml", "sources: {a: {remote: /nowhere/control}}\n"),
    ],
)
def test_a_control_repository_that_cannot_be_asked_is_no_empty_one(
    tmp_path: Path, name: str, text: str
) -> None:
    cloud = Cloud(tmp_path)
    path = write(cloud, name, text)
    result = cloud.run("import", "--partial", str(path))
    assert (result.code, result.out) == (3, "")
    assert f"{path}:1" in result.err
    assert "/nowhere/control" in result.err


def test_more_environments_than_anybody_has(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    text = "".join(f"e{number}: {{type: plain, modules: {{acme/facts: 1.2.3}}}}\n" for number in range(1001))
    result = cloud.run("import", str(write(cloud, "environments.yaml", text)))
    assert (result.code, result.out) == (2, "")
    assert "environments.yaml: there are 1001 environments: the limit is 1000 at once\n" in result.err


def test_a_huge_puppetfile_on_a_branch_is_not_read(cloud: Cloud, control: Upstream) -> None:
    control.commit("production", files={"Puppetfile": NOVA.format("2025.1") * 20_000})
    result = cloud.run("import", f"{CONTROL}#production")
    assert result.code == 2
    assert "this is longer than 1000000 bytes: no Puppetfile is" in result.err
