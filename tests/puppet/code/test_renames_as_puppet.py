"""A proved rename means for Puppet what it is said to mean: the same catalog with the key's new name."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinner.model.module_api import Needs
from pinner.puppet.code.compare import compare_apis
from tests.support.module_files import read_module
from tests.support.oracles import RubyOracle, run_oracle

PICK = """
Puppet::Functions.create_function(:pick) do
  def pick(*values)
    found = values.reject { |value| value.nil? || value == '' || value == :undef }
    raise ArgumentError, 'pick(): nothing' if found.empty?
    found.first
  end
end
"""
BODIES = {
    "pick": "$real = pick($old, $new)",
    "if": "if $old { $real = $old } else { $real = $new }",
    "unless": "unless $old { $real = $new } else { $real = $old }",
    "not_undef": "if $old != undef { $real = $old } else { $real = $new }",
    "undef": "if $old == undef { $real = $new } else { $real = $old }",
    "selector": "$real = $old ? { undef => $new, default => $old }",
    "case": "case $old { undef: { $real = $new } default: { $real = $old } }",
    "twice": "$one = $old ? { undef => $new, default => $old } $real = $one",
    "qualified": "$real = $lamp::old ? { undef => $lamp::new, default => $lamp::old }",
    "getvar": "$given = getvar('old') if $given { $real = $given } else { $real = $new }",
}
LEFT_OUT: dict[Needs, list[object]] = {
    Needs.NOTHING: [],
    Needs.GIVEN: [],
    Needs.FILLED: [""],
    Needs.TRUE: [False],
}
VALUES = ["text", 5, "", True, False, ["a"], {"a": 1}]


@pytest.fixture(scope="module")
def compiler() -> Iterator[RubyOracle]:
    """Puppet's compiler."""
    yield from run_oracle("puppet_compiler.rb", "puppet-agent")


def said(compiler: RubyOracle, environment: Path, code: str, key: str, value: object) -> object:
    """Return the notify of the class `lamp` when the parameter `key` has a value."""
    (environment / "modules" / "lamp" / "manifests").mkdir(parents=True)
    (environment / "modules" / "lamp" / "manifests" / "init.pp").write_text(code)
    functions = environment / "modules" / "lamp" / "lib" / "puppet" / "functions"
    functions.mkdir(parents=True)
    (functions / "pick.rb").write_text(PICK)
    (environment / "manifests").mkdir()
    (environment.parent / "production").mkdir(exist_ok=True)
    literal = json.dumps(value).replace(":", " =>") if isinstance(value, dict) else json.dumps(value)
    (environment / "manifests" / "site.pp").write_text(f"class {{ 'lamp': {key} => {literal} }}\n")
    return compiler.ask(
        {"environmentpath": str(environment.parent), "environment": environment.name, "facts": None}
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One directory for all environments, because the compiler keeps the first one that it is given."""
    return tmp_path_factory.mktemp("environments")


@pytest.mark.parametrize("name", BODIES)
def test_the_new_name_has_the_effect_of_the_old_one(compiler: RubyOracle, root: Path, name: str) -> None:
    body = BODIES[name]
    witness = "notify { 'it': message => $VALUE } notify { \"x${String($VALUE)}\": }"
    before = f"class lamp($new = 'preset', $old = undef) {{ {body} {witness.replace('VALUE', 'real')} }}"
    after = f"class lamp($new = 'preset') {{ {witness.replace('VALUE', 'new')} }}"
    old, new = (read_module({"manifests/init.pp": code.encode()}) for code in (before, after))
    (renamed,) = (one for one in compare_apis(old, new) if one.kind == "parameter-renamed")
    assert (renamed.parameter, renamed.new) == ("old", "new")
    for number, value in enumerate(VALUES):
        first = said(compiler, root / f"{name}_old{number}", before, "old", value)
        second = said(compiler, root / f"{name}_new{number}", after, "new", value)
        assert isinstance(first, dict)
        assert "said" in first, first
        is_handed_on = not any(value is one or (value == "" and one == "") for one in LEFT_OUT[renamed.needs])
        assert (first == second) is is_handed_on, (value, first, second)
