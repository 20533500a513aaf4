"""What an environment of a branch is called, as r10k itself calls it."""

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.puppet.puppetfile.reader import Naming
from tests.support.oracles import find_tool
from tests.support.properties import examples

PROGRAM = """
require 'r10k/environment/name'
require 'json'
puts JSON.dump(JSON.parse($stdin.read).map { |branch, prefix, strip, invalid|
  name = R10K::Environment::Name.new(branch, source: 's', prefix: prefix, strip_component: strip, invalid: invalid)
  name.valid? || name.correct? ? name.dirname : nil
})
"""
BRANCHES = st.from_regex(r"[A-Za-z0-9_./-]{1,20}", fullmatch=True)
NAMINGS = st.builds(
    Naming,
    st.none() | st.from_regex(r"[a-z]{1,5}", fullmatch=True),
    st.none() | st.sampled_from(["env/", "a", "cloud-"]),
    st.sampled_from(["correct_and_warn", "correct", "error"]),
)


@pytest.mark.parametrize(
    ("naming", "branch", "name"),
    [
        (Naming(), "production", "production"),
        (Naming(), "2025.1", "2025_1"),
        (Naming(), "feature/x-1", "feature_x_1"),
        (Naming(prefix="cloud"), "2025.1", "cloud_2025_1"),
        (Naming(strip="env/"), "env/production", "production"),
        (Naming(invalid_branches="error"), "feature/x", None),
        (Naming(invalid_branches="error"), "feature_x", "feature_x"),
    ],
)
def test_the_environment_of_a_branch(naming: Naming, branch: str, name: str | None) -> None:
    assert naming.of_branch(branch) == name


def test_a_yaml_source_corrects_nothing() -> None:
    assert Naming(prefix="cloud").as_it_is("2025.1") == "cloud_2025.1"
    assert Naming(strip="env-").as_it_is("env-2025.1") == "2025.1"


@settings(max_examples=examples(3))
@given(st.lists(st.tuples(BRANCHES, NAMINGS), min_size=50, max_size=100))
def test_r10k_agrees(cases: list[tuple[str, Naming]]) -> None:
    find_tool("r10k", "r10k")
    rows = [[branch, naming.prefix, naming.strip, naming.invalid_branches] for branch, naming in cases]
    done = subprocess.run(
        [find_tool("ruby", "ruby"), "-e", PROGRAM],
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert [naming.of_branch(branch) for branch, naming in cases] == json.loads(done.stdout)
