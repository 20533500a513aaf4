"""A parameter is renamed where the old code hands its value on; the shapes are those of real modules."""

import pytest

from pinner.model.module_api import Needs
from pinner.puppet.code.compare import compare_apis
from tests.support.module_files import read_module

NEW = "class lamp($new = undef) { lamp_config { 'DEFAULT/new': value => $new } }"


def renames(old: dict[str, str], new: dict[str, str]) -> dict[str, tuple[str | None, Needs]]:
    """Return old keys with the new names that are proved, and the values that the old code handed on."""
    before, after = (
        read_module({f"manifests/{path}.pp": text.encode() for path, text in side.items()})
        for side in (old, new)
    )
    return {
        f"{one.definition}::{one.parameter}": (one.new, one.needs)
        for one in compare_apis(before, after)
        if one.kind == "parameter-renamed"
    }


def of_body(body: str, *, new: str = NEW) -> dict[str, tuple[str | None, Needs]]:
    """Return the renames of a class whose old code has this body."""
    old = f"class lamp($new = undef, $old = undef, $other = undef) {{ {body} }}"
    return renames({"init": old}, {"init": new})


SETTING = "lamp_config { 'DEFAULT/new': value => $real }"


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ("$real = pick($old, $new)", Needs.FILLED),
        ("$real = pick($old, $new, 'last')", Needs.FILLED),
        ("$real = pick_default($old, $new)", Needs.FILLED),
        ("$real = pick($lamp::old, $new)", Needs.FILLED),
        ("$real = pick($::lamp::old, $lamp::new)", Needs.FILLED),
        ("if $old { $real = $old } else { $real = $new }", Needs.TRUE),
        ("if $old { warning('old is deprecated') $real = $old } else { $real = $new }", Needs.TRUE),
        ("if $old != undef { $real = $old } else { $real = $new }", Needs.GIVEN),
        ("if $old == undef { $real = $new } else { $real = $old }", Needs.GIVEN),
        ("unless $old == undef { $real = $old } else { $real = $new }", Needs.GIVEN),
        ("if !is_service_default($old) { $real = $old } else { $real = $new }", Needs.GIVEN),
        ("if is_service_default($old) { $real = $new } else { $real = $old }", Needs.GIVEN),
        ("case $old { undef: { $real = $new } default: { $real = $old } }", Needs.GIVEN),
        ("$real = $old ? { undef => $new, default => $old }", Needs.GIVEN),
        ("$real = $old ? { $facts['os_service_default'] => $new, default => $old }", Needs.GIVEN),
        ("$found = getvar('old') $real = pick($found, $new)", Needs.FILLED),
        ("$one = pick($old, $new) $real = $one", Needs.FILLED),
    ],
)
def test_code_that_takes_the_old_one_or_the_new_one(body: str, needs: Needs) -> None:
    assert of_body(f"{body} {SETTING}") == {"lamp::old": ("new", needs)}


@pytest.mark.parametrize(
    "body",
    [
        f"$real = $new {SETTING} if $old {{ warning('The old parameter is deprecated. Use new instead.') }}",
        f"if $old {{ $real = [$old] }} else {{ $real = $new }} {SETTING}",
        f"if $old {{ $real = {{ 'a' => 'b' }} + $new }} else {{ $real = $new }} {SETTING}",
        f"if $old {{ $real = true }} else {{ $real = $new }} {SETTING}",
        f"$real = $old ? {{ 'yes' => $new, default => $old }} {SETTING}",
        f'$real = $old ? {{ undef => $new, default => "x-${{old}}" }} {SETTING}',
        f"if $other {{ $real = $old }} else {{ $real = $new }} {SETTING}",
        f"$real = pick(downcase($old), $new) {SETTING}",
        f"$real = $new {SETTING} lamp_config {{ 'DEFAULT/old': value => $old }}",
        "$real = pick($old, $new) lamp_config { 'DEFAULT/new': value => $real; 'DEFAULT/more': value => $new }",
        f"$real = pick($old, $new) $more = pick($old, $other) {SETTING} lamp_config {{ 'a/b': value => $more }}",
        "lamp_config { 'DEFAULT/new': value => \"${new}:${old}\" }",
        "$real = [$old, $new] lamp_config { 'DEFAULT/new': value => $real }",
    ],
)
def test_code_that_changes_the_value_or_hands_it_on_elsewhere(body: str) -> None:
    after = NEW.replace("$new = undef", "$new = undef, $other = undef")
    if "DEFAULT/more" in body:
        after = after.replace("value => $new", "value => $new; 'DEFAULT/more': value => $new")
    assert of_body(body, new=after) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lamp_config { 'a/b': value => $old }", "lamp_config { 'a/b': value => $new }"),
        (
            "lamp_config {\n 'x/y': value => 1;\n 'a/b': value => $old\n}",
            "lamp_config { 'a/b': value => $new }",
        ),
        (
            "lamp_config { 'a/b': value => join(any2array($old), ',') }",
            "$real = join(any2array($new), ',') lamp_config { 'a/b': value => $real }",
        ),
        (
            "oslo::messaging::rabbit { 'lamp_config': amqp_durable_queues => $old }",
            "oslo::messaging::rabbit { 'lamp_config': amqp_durable_queues => $new }",
        ),
        (
            "package { ['lamp-a', 'lamp-b']: ensure => $old }",
            "package { ['lamp-b', 'lamp-a']: ensure => $new }",
        ),
        (
            "if $facts['os']['family'] == 'Debian' { lamp_config { 'a/b': value => $old } }",
            "if $facts['os']['family'] == 'Debian' { lamp_config { 'a/b': value => $new } }",
        ),
        ("file { '/x': mode => $old }", "file { '/x': mode => \"${new}\" } -> anchor { 'x': }"),
        (
            "lamp_config { 'a/b': value => $old } if $old { include lamp::b }",
            "lamp_config { 'a/b': value => $new } if $new { include lamp::b }",
        ),
    ],
)
def test_the_same_place_before_and_after(old: str, new: str) -> None:
    found = renames(
        {"init": f"class lamp($old = 1) {{ {old} }}"}, {"init": f"class lamp($new = 1) {{ {new} }}"}
    )
    assert {key: name for key, (name, _) in found.items()} == {"lamp::old": "new"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lamp_config { 'a/b': value => $old }", "lamp_config { 'a/c': value => $new }"),
        ("lamp_config { 'a/b': value => $old }", "lamp_config { 'a/b': value => [$new] }"),
        (
            "lamp_config { 'a/b': value => $old; 'a/c': value => $old }",
            "lamp_config { 'a/b': value => $new }",
        ),
        (
            "lamp_config { 'a/b': value => $old } if $old { include b }",
            "lamp_config { 'a/b': value => $new }",
        ),
        (
            "lamp_config { 'a/b': value => $old }",
            "if $facts['os']['family'] == 'Debian' { lamp_config { 'a/b': value => $new } }",
        ),
        ("notify { $old: }", "notify { $new: }"),
    ],
)
def test_another_place_or_another_use(old: str, new: str) -> None:
    found = renames(
        {"init": f"class lamp($old = 1) {{ {old} }}"}, {"init": f"class lamp($new = 1) {{ {new} }}"}
    )
    assert found == {}


def test_a_parameter_that_existed_before_with_a_setting_of_its_own_is_no_new_name() -> None:
    old = "class lamp($id = 1, $name = 2) { lamp_config { 'a/id': value => $id; 'a/name': value => $name } }"
    new = "class lamp($name = 2) { lamp_config { 'a/id': value => $name; 'a/name': value => $name } }"
    assert renames({"init": old}, {"init": new}) == {}


@pytest.mark.parametrize(
    "there",
    [
        "class lamp::api($new = undef) { lamp_config { 'api/new': value => pick($lamp::old, $new) } }",
        "class lamp::api($new = $lamp::old) { lamp_config { 'api/new': value => $new } }",
    ],
)
def test_another_class_reads_it(there: str) -> None:
    old = {"init": "class lamp($old = undef) { }", "api": there}
    new = {
        "init": "class lamp { }",
        "api": "class lamp::api($new = undef) { lamp_config { 'api/new': value => $new } }",
    }
    assert {key: name for key, (name, _) in renames(old, new).items()} == {"lamp::old": "lamp::api::new"}


def test_another_class_is_declared_with_it() -> None:
    api = "class lamp::api($new = undef) { lamp_config { 'api/new': value => $new } }"
    old = {"init": "class lamp($old = undef) { class { 'lamp::api': new => $old } }", "api": api}
    new = {"init": "class lamp { include lamp::api }", "api": api}
    assert renames(old, new) == {"lamp::old": ("lamp::api::new", Needs.NOTHING)}


def test_a_setting_that_moved_to_another_section_needs_the_words_too() -> None:
    words = "# [*old*]\n#   Deprecated. Use lamp::time_limit instead.\n#\n"
    old = "class lamp($old = 1) { lamp_config { 'a/timeout': value => $old } }"
    new = "class lamp($time_limit = 1) { lamp_config { 'b/timeout': value => $time_limit } }"
    assert renames({"init": old}, {"init": new}) == {}
    assert renames({"init": words + old}, {"init": new}) == {"lamp::old": ("time_limit", Needs.NOTHING)}


def test_of_two_old_ones_each_goes_on_as_the_new_one() -> None:
    old = "class lamp($new = 1, $a = undef, $b = undef) { $real = pick($a, $b, $new) lamp_config { 'x/y': value => $real } }"
    new = "class lamp($new = 1) { lamp_config { 'x/y': value => $new } }"
    assert renames({"init": old}, {"init": new}) == {
        "lamp::a": ("new", Needs.FILLED),
        "lamp::b": ("new", Needs.FILLED),
    }


def test_a_deprecated_one_is_not_the_successor_of_another_one() -> None:
    old = "class lamp($new = 1, $a = undef, $b = undef) { $real = pick($a, $b, $new) lamp_config { 'x/y': value => $real } }"
    new = (
        "class lamp(\n  $new = 1,\n  # DEPRECATED PARAMETERS\n  $b = undef,\n) "
        "{ $real = pick($b, $new) lamp_config { 'x/y': value => $real } }"
    )
    assert renames({"init": old}, {"init": new}) == {"lamp::a": ("new", Needs.FILLED)}


@pytest.mark.parametrize(
    "body",
    [
        "if " * 5 + "broken {",
        "$x = " + "[" * 200 + "$old" + "]" * 200,
        "".join(f"if $a{n} {{ " for n in range(100)) + "$real = pick($old, $new)" + " }" * 100,
        "case $old { " + " ".join(f"'{n}': {{ $y{n} = $old }}" for n in range(3000)) + " }",
    ],
    ids=["syntax", "lists", "blocks", "options"],
)
def test_code_that_cannot_be_followed_proves_nothing(body: str) -> None:
    assert of_body(body) == {}


DOCUMENTED = "# DEPRECATED PARAMETERS\n#\n# [*old*]\n#   (Optional) What it was. {doc}\n#\n"


def taken_over(*, doc: str, warning: str, new: str, more: str = "") -> dict[str, tuple[str | None, Needs]]:
    """Return the renames of a parameter that only words connect with one that did not exist before."""
    old = (
        f"{DOCUMENTED.format(doc=doc)}class lamp(\n  # DEPRECATED PARAMETERS\n  $old = undef,\n{more}) {{\n"
        f"  if $old != undef {{ warning('{warning}') }}\n}}\n"
    )
    return renames({"init": old}, {"init": f"class lamp({new}) {{ }}"})


ADVICE = "The old parameter is deprecated. Use driver instead."


@pytest.mark.parametrize("new", ["$driver = 'x'", "String $driver = 'x', $more = undef", "$driver = 5"])
def test_documentation_and_a_warning_name_the_one_that_takes_its_place(new: str) -> None:
    found = taken_over(doc="Use driver instead.", warning=ADVICE, new=new)
    assert found == {"lamp::old": ("driver", Needs.NOTHING)}


@pytest.mark.parametrize(
    ("doc", "warning", "new", "more"),
    [
        ("Use driver instead.", "The old parameter is deprecated.", "$driver = 'x'", ""),
        ("What it is.", ADVICE, "$driver = 'x'", ""),
        ("Use driver instead.", f"{ADVICE} It has no effect.", "$driver = 'x'", ""),
        ("Use driver instead.", ADVICE, "$driver = []", ""),
        ("Use driver instead.", ADVICE, "$driver = {}", ""),
        ("Use driver instead.", ADVICE, "$driver = undef", ""),
        ("Use driver instead.", ADVICE, "$driver = 'x'", "  $driver = 'x',\n"),
        (
            "Use driver or kind instead.",
            "The old parameter is deprecated. Use driver instead. Use kind instead.",
            "$kind = 'x'",
            "",
        ),
    ],
)
def test_words_that_leave_a_doubt_are_no_proof(doc: str, warning: str, new: str, more: str) -> None:
    assert taken_over(doc=doc, warning=warning, new=new, more=more) == {}


def test_what_takes_the_place_of_two_is_a_manual_step() -> None:
    more = "  # DEPRECATED, use driver instead\n  $older = undef,\n"
    body = "if $older { warning('The older parameter is deprecated. Use driver instead.') }"
    old = (
        f"{DOCUMENTED.format(doc='Use driver instead.')}class lamp(\n  # DEPRECATED PARAMETERS\n  $old = undef,\n{more})"
        f" {{ if $old {{ warning('{ADVICE}') }} {body} }}"
    )
    assert renames({"init": old}, {"init": "class lamp($driver = 'x') { }"}) == {}
