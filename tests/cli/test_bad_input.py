"""Metadata and refs that try to hurt, through the whole of `pinner lock`: bounded memory, a finding, never a traceback."""

import json
import os
import resource
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.support.cloud import NO_CONFIG, Cloud, Result
from tests.support.findings import codes, told

BASIC = "release: 2025.1\nopenstack: [keystone]\n"
MEMORY = 1024 * 1024 * 1024
SECONDS = 600


def lock(cloud: Cloud, text: str = BASIC, output: str = "json") -> Result:
    cloud.manifest("production", text)
    return cloud.run("lock", "--format", output)


def lock_within_limits(cloud: Cloud, text: str = BASIC) -> Result:
    """Run `pinner lock` in a process of its own that cannot take more than its share."""
    cloud.manifest("production", text)
    done = subprocess.run(
        [sys.executable, "-m", "pinner", "lock", "--format", "json"],
        cwd=cloud.project,
        # glibc reserves up to 128 MB of addresses for each thread's own heap: how many there are is a matter of timing
        env={**os.environ, **NO_CONFIG, "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=_limit,
        check=False,
    )
    assert done.returncode in {0, 1, 2}, done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def metadata(**values: Any) -> str:
    return json.dumps({"name": "openstack-keystone", "version": "26.0.0", "dependencies": [], **values})


def keystone_says(cloud: Cloud, text: str) -> str:
    return cloud.upstream("keystone").commit("stable/2025.1", files={"metadata.json": text})


def test_a_hundred_thousand_dependencies(cloud: Cloud) -> None:
    rows = [{"name": f"acme/m{number}"} for number in range(100_000)]
    keystone_says(cloud, metadata(dependencies=rows))
    result = lock_within_limits(cloud)
    counts = Counter(codes(result))
    assert (result.code, counts) == (
        0,
        {("metadata-flawed", "keystone"): 1, ("dependency-missing", "keystone"): 51},
    )
    messages = [row[3] for row in told(result)]
    assert messages[0].endswith("dependencies has 100000 rows: only the first 1000 are read")
    assert messages[51] == "module 'keystone': 950 more findings of this kind are not shown"


def test_nesting_of_ten_thousand(cloud: Cloud) -> None:
    commit = keystone_says(cloud, '{"dependencies": ' + "[" * 10_000 + "]" * 10_000 + "}")
    result = lock_within_limits(cloud)
    assert (result.code, codes(result)) == (0, [("metadata-flawed", "keystone")])
    assert told(result)[0][3].startswith(f"module 'keystone': metadata.json at {commit}: ")


def test_fifty_megabytes(cloud: Cloud) -> None:
    commit = keystone_says(cloud, metadata(summary="x" * 50_000_000))
    result = lock_within_limits(cloud)
    assert (result.code, [row[:4] for row in told(result)]) == (
        0,
        [
            (
                "info",
                "metadata-flawed",
                "keystone",
                f"module 'keystone': metadata.json at {commit}: metadata.json is larger than 4 MiB and was not read",
            )
        ],
    )


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        '"openstack-keystone"',
        "1e999",
        metadata(name=["openstack", "keystone"], version={"major": 26}, dependencies="keystone"),
        metadata(dependencies={"openstack/nova": ">= 1.0.0"}, requirements=7, operatingsystem_support=True),
        metadata(
            dependencies=[None, 1, [], ["a"], {"name": {}}, {"version_requirement": []}, "acme/x >= 1.0.0"]
        ),
        metadata(operatingsystem_support=[{"operatingsystem": ["Ubuntu"], "operatingsystemrelease": 24.04}]),
        "\0",
        "\ufeff" + metadata(),
        "{" * 100_000,
    ],
)
def test_wrong_types(cloud: Cloud, text: str) -> None:
    keystone_says(cloud, text)
    result = lock(cloud)
    assert result.code in {0, 1}
    assert "metadata-flawed" in {code for code, _ in codes(result)}


@pytest.mark.parametrize(
    "version", ["1." * 2500 + "0", "9" * 5000 + ".0.0", "26.0.0-" + "a." * 2500 + "b", "26.0.0\nmod 'evil'"]
)
def test_versions_that_are_too_long_or_odd(cloud: Cloud, version: str) -> None:
    keystone_says(cloud, metadata(version=version))
    cloud.upstream("nova").commit(
        "stable/2025.1", version="26.0.0", needs={"openstack/keystone": ">= 26.0.0"}
    )
    result = lock(cloud, "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert result.code == 0
    found = {code for code, _ in codes(result)}
    assert found == {"metadata-flawed", "dependency-unreadable"}


@pytest.mark.parametrize(
    "wanted",
    [
        ">= 1.0.0 || " * 5000 + "2.x",
        " " * 100_000 + "1.x",
        ">= " + "9" * 5000 + ".0.0",
        "1.x " * 20_000,
        ">=" * 30_000,
        "(" * 20_000,
        "^" * 500 + "1.0.0 - " * 500,
    ],
)
def test_ranges_that_try_to_explode(cloud: Cloud, wanted: str) -> None:
    cloud.upstream("nova").commit("stable/2025.1", version="26.0.0", needs={"openstack/keystone": wanted})
    result = lock(cloud, "release: 2025.1\nopenstack: [keystone, nova]\n")
    assert result.code in {0, 1}
    assert len(result.out) < 20_000


def test_many_ranges_for_one_dependency(cloud: Cloud) -> None:
    rows = [
        {"name": "acme/x", "version_requirement": f">= {number}.0.0 < {number}.5.0"} for number in range(1000)
    ]
    keystone_says(cloud, metadata(dependencies=rows))
    result = lock_within_limits(cloud)
    counts = Counter(code for code, _ in codes(result))
    assert (result.code, counts["dependency-contradiction"]) == (0, 49)


def test_modules_that_all_want_each_other(cloud: Cloud) -> None:
    names = [f"m{number}" for number in range(40)]
    for name in names:
        upstream = cloud.upstream(name, owner="private")
        needs = {f"acme/{other}": "1.x" for other in names}
        upstream.commit("main", version="1.0.0", name=f"acme-{name}", needs=needs)
    rows = "".join(
        f'  {name}: {{git: "https://git.example.net/puppet-{name}", branch: main}}\n' for name in names
    )
    result = lock_within_limits(cloud, f"modules:\n{rows}")
    assert result.code == 0
    assert {code for code, _ in codes(result)} == {"dependency-cycle"}


def test_tags_by_the_ten_thousand(cloud: Cloud) -> None:
    keystone = cloud.upstream("keystone")
    commit = keystone.id("refs/tags/26.0.0")
    keystone.git("pack-refs", "--all")
    path = keystone.path / "packed-refs"
    names = sorted(f"refs/tags/{number // 100}.{number % 100}.0" for number in range(3000, 50_000))
    kept = [line for line in path.read_text().splitlines() if "refs/tags/" not in line and line[0] != "^"]
    path.write_text("\n".join([*kept, *(f"{commit} {name}" for name in names)]) + "\n")
    result = lock_within_limits(cloud, 'modules:\n  keystone: {version: ">= 100.0.0 < 300.0.0"}\n')
    assert result.code == 0, result.err
    assert cloud.lock("production")["modules"]["keystone"]["ref"] == "refs/tags/299.99.0"
    missing = lock_within_limits(cloud, "modules:\n  keystone: {tag: 499.99.9}\n")
    assert (missing.code, codes(missing)) == (2, [("ref-missing", "keystone")])


@pytest.mark.parametrize("output", ["text", "junit", "sarif"])
def test_what_metadata_says_is_never_markup(cloud: Cloud, output: str) -> None:
    keystone_says(cloud, metadata(name="openstack-<b>\x1b[31mx", version="<&>"))
    result = lock(cloud, output=output)
    assert result.code in {0, 1}
    assert "\x1b" not in result.out
