"""`pinner api`: what a module defines at a commit, by URL or path."""

from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.code import make_nova

URL = "https://opendev.org/openstack/puppet-nova"


@pytest.fixture
def nova(cloud: Cloud) -> Cloud:
    make_nova(cloud)
    return cloud


def definitions(cloud: Cloud, *arguments: str) -> dict[str, Any]:
    result = cloud.run("api", *arguments, "--format", "json")
    assert result.code == 0, result.err
    return {one["name"]: one for one in result.json["definitions"]}


def test_the_json_of_a_release(nova: Cloud) -> None:
    found = definitions(nova, URL, "stable/2025.1")
    assert sorted(found) == [
        "Nova::Port",
        "nova",
        "nova::api",
        "nova::flavor",
        "nova::flavors",
        "nova::old_name",
    ]
    assert found["nova::api"] == {
        "kind": "class",
        "name": "nova::api",
        "inherits": None,
        "path": "manifests/api.pp",
        "line": 1,
        "parameters": [
            parameter("cell", None, None, 2),
            parameter("port", "Nova::Port", "8774", 3),
            parameter("enabled", "Boolean", "true", 4),
            parameter("secret", "String", "''", 5),
            parameter("workers", None, "1", 6),
        ],
        "is": "class",
        "target": None,
        "deprecated": False,
        "evidence": [],
        "replacement": None,
        "removal": None,
    }
    assert (found["Nova::Port"]["kind"], found["Nova::Port"]["is"]) == ("type", "type-alias")


def parameter(name: str, type_: str | None, default: str | None, line: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": type_,
        "default": default,
        "line": line,
        "deprecated": False,
        "evidence": [],
        "replacement": None,
        "removal": None,
    }


def test_deprecations_have_their_evidence(nova: Cloud) -> None:
    workers = definitions(nova, URL, "stable/2025.1")["nova"]["parameters"][2]
    assert workers["deprecated"] is True
    assert workers["replacement"] == "nova::api::workers"
    assert workers["evidence"] == [
        {"mark": "heading", "line": 8, "text": "(optional) Use nova::api::workers instead."}
    ]


def test_the_text(nova: Cloud) -> None:
    out = nova.run("api", URL, "stable/2025.1").out
    assert (
        "class nova (manifests/init.pp:11)\n"
        "  $debug = false\n"
        "  $auth_url = undef\n"
        "  Integer $workers = 4\n"
        "    deprecated: use nova::api::workers\n"
    ) in out
    assert "type-alias Nova::Port = Integer[0, 65535] (types/port.pp:1)\n" in out
    assert "could not be read: manifests/broken.pp: line 1: a string is not closed\n" in out


def test_a_commit_by_every_name(nova: Cloud) -> None:
    upstream = nova.upstream("nova")
    commit = upstream.id("refs/heads/stable/2024.1")
    for name in (commit, commit[:12], "stable/2024.1", "refs/heads/stable/2024.1"):
        assert "nova::cert" in definitions(nova, URL, name)
    assert "nova" in definitions(nova, URL, "24.0.0")


def test_a_path_needs_no_project_and_no_cached_mirror(nova: Cloud) -> None:
    path = nova.upstream("nova").path
    outside = nova.root / "elsewhere"
    outside.mkdir()
    result = nova.run(
        "-C", str(outside), "api", str(path), "stable/2024.1", "--cache", str(nova.root / "other")
    )
    assert (result.code, "class nova::cert" in result.out) == (0, True)


def test_a_module_that_pinner_or_the_project_knows_goes_by_its_name(nova: Cloud) -> None:
    assert definitions(nova, "nova", "stable/2025.1") == definitions(nova, URL, "stable/2025.1")
    nova.write_settings(f'modules: {{ours: "{URL}"}}\n')
    assert "nova::api" in definitions(nova, "ours", "stable/2025.1")


def test_a_commit_in_the_cache_asks_no_remote(nova: Cloud) -> None:
    commit = nova.upstream("nova").id("refs/heads/stable/2024.1")
    assert nova.run("api", URL, commit).code == 0
    nova.upstream("nova").path.rename(nova.root / "gone")
    assert nova.run("api", URL, commit).code == 0
    assert nova.run("api", URL, "stable/2024.1", "--offline").code == 0
    assert nova.run("api", URL, "stable/2024.1").code == 3


def test_a_commit_that_no_ref_reaches(nova: Cloud) -> None:
    upstream = nova.upstream("nova")
    hidden = upstream.commit("review", files={"manifests/init.pp": "class nova::hidden { }\n"})
    upstream.git("config", "uploadpack.allowAnySHA1InWant", "true")
    upstream.delete("refs/heads/review")
    assert "nova::hidden" in definitions(nova, URL, hidden)


@pytest.mark.parametrize("name", ["nothing", "0123456789abcdef", "0123456789" * 4, "--option", ""])
def test_no_such_commit(nova: Cloud, name: str) -> None:
    result = nova.run("api", "--", URL, name)
    assert (result.code, result.err) == (2, f"{URL} has no commit, branch or tag {name!r}\n")


def test_a_branch_and_a_tag_of_one_name(nova: Cloud) -> None:
    upstream = nova.upstream("nova")
    upstream.tag("both", "refs/heads/stable/2024.1")
    upstream.move("refs/heads/both", upstream.id("refs/heads/stable/2025.1"))
    result = nova.run("api", URL, "both")
    assert (result.code, result.err) == (
        2,
        f"{URL} has a branch and a tag 'both'\n  hint: write 'refs/heads/both' or 'refs/tags/both'\n",
    )
    assert "nova::cert" in definitions(nova, URL, "refs/tags/both")


def test_a_url_that_git_must_not_be_given(nova: Cloud) -> None:
    result = nova.run("api", "ext::sh -c true", "master")
    assert result.code == 2
    assert "ext::" in result.err


def test_names_that_have_no_parameters_and_files_that_are_too_big(nova: Cloud) -> None:
    files = {
        "lib/puppet/type/nova_flavor.rb": "Puppet::Type.newtype(:nova_flavor) do\n  newparam(:name)\nend\n",
        "lib/puppet/provider/nova_flavor/openstack.rb": "Puppet::Type.type(:nova_flavor).provide(:openstack) do\nend\n",
        "manifests/old.pp": "# DEPRECATED !! Use nova::new instead.\nclass nova::old { }\n",
        "manifests/big.pp": f"# {'x' * 4_200_000}\nclass nova::big {{ }}\n",
    }
    nova.upstream("nova").commit("stable/2025.1", version="26.0.0", files=files)
    out = nova.run("api", URL, "stable/2025.1").out
    assert "class nova::old (manifests/old.pp:2)\n  deprecated: " in out
    assert "type nova_flavor (lib/puppet/type/nova_flavor.rb:1)\n  $name\n" in out
    assert "\n\nprovider nova_flavor/openstack (lib/puppet/provider/nova_flavor/openstack.rb)\n" in out
    assert (
        "could not be read: manifests/big.pp: the file cannot be read: 4200023 bytes, 4194304 at most are read\n"
        in out
    )
