"""Paths of a hierarchy: which files they can mean."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.puppet.hiera.hierarchy import expand, glob_pattern, join, literal_start, path_pattern


def matches(pattern: re.Pattern[str], *paths: str) -> list[str]:
    return [path for path in paths if pattern.fullmatch(path)]


def test_an_interpolation_stands_for_anything() -> None:
    pattern = path_pattern(expand("nodes/%{trusted.certname}.yaml"))
    found = matches(
        pattern, "nodes/a.example.org.yaml", "nodes/compute/gpu.yaml", "nodes/a.json", "common.yaml"
    )
    assert found == ["nodes/a.example.org.yaml", "nodes/compute/gpu.yaml"]


@pytest.mark.parametrize("nothing", ["%{}", "%{::}", "%{ '' }", '%{"::"}'])
def test_some_interpolations_are_nothing(nothing: str) -> None:
    assert expand(f"a{nothing}b.yaml") == "ab.yaml"


def test_a_literal_stands_for_itself() -> None:
    assert expand("%{literal('%')}{x}/%{literal(\"y\")}.yaml") == "%{x}/y.yaml"


def test_what_is_special_elsewhere_is_not_special_here() -> None:
    assert matches(path_pattern(expand("a+b(c).yaml")), "a+b(c).yaml", "aab(c).yaml") == ["a+b(c).yaml"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.yaml", ["a.yaml"]),
        ("**/*.yaml", ["a.yaml", "x/a.yaml", "x/y/a.yaml"]),
        ("x/**/a.yaml", ["x/a.yaml", "x/y/a.yaml"]),
        ("x/?.{yaml,json}", ["x/a.yaml", "x/b.json"]),
        ("x/[a-c].*", ["x/a.yaml", "x/b.json"]),
        ("x/[!a].json", ["x/b.json"]),
        ("x/[z-a].json", ["x/b.json"]),
        ("%{role}/*.json", ["x/b.json"]),
        ("x/[", ["x/["]),
    ],
)
def test_globs_are_rubys(glob: str, expected: list[str]) -> None:
    paths = ("a.yaml", "x/a.yaml", "x/b.json", "x/y/a.yaml", "x/[")
    assert matches(glob_pattern(expand(glob)), *paths) == expected


def test_many_wildcards_mean_more_and_take_no_time() -> None:
    pattern = path_pattern(expand("a%{1}b%{2}b%{3}b%{4}b%{5}b%{6}b%{7}.yaml"))
    assert matches(pattern, "a" + "b" * 3000 + ".yml", "axx.yaml") == ["axx.yaml"]


def test_many_braces_mean_anything() -> None:
    pattern = glob_pattern("{a,b}" * 12 + ".yaml")
    assert matches(pattern, "x.yaml", "x.yml") == ["x.yaml"]


@pytest.mark.parametrize(
    ("datadir", "path", "expected"),
    [
        ("data", "common.yaml", "data/common.yaml"),
        (".", "./a//b", "a/b"),
        ("a/../b", "c", "b/c"),
        ("..", "x", None),
    ],
)
def test_paths_are_joined_below_the_root(datadir: str, path: str, expected: str | None) -> None:
    assert join(datadir, path) == expected


def test_the_sure_start_of_a_path() -> None:
    assert literal_start(expand("data/%{environment}/x")) == "data"
    assert literal_start(expand("data/env_%{environment}/x")) == "data"
    assert literal_start("data/x/") == "data/x"


@given(st.text(alphabet="ab*?[]{},!^-%/.\\", max_size=20), st.text(alphabet="ab/.", max_size=10))
def test_any_glob_is_answered(glob: str, path: str) -> None:
    assert glob_pattern(expand(glob)).fullmatch(path) is None or path is not None
