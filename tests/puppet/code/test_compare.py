"""What is told of two versions of a module, from code to changes."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.module_api import ApiChange, ApiChangeKind, DefinitionKind, ModuleApi, Severity
from pinner.puppet.code.compare import compare_apis
from tests.support.module_files import read_module
from tests.support.puppet_code import TEXTS, mutations

Told = tuple[str, str, str | None, str | None, str | None, str]


def api(files: Mapping[str, str]) -> ModuleApi:
    return read_module({path: text.encode() for path, text in files.items()})


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[ApiChange, ...]:
    return compare_apis(api(old), api(new))


def told(old: str, new: str, path: str = "manifests/init.pp") -> list[Told]:
    return [
        (one.kind, one.definition, one.parameter, one.old, one.new, one.severity.value)
        for one in changes({path: old}, {path: new})
    ]


def nova(*parameters: str, body: str = "") -> str:
    return f"class nova({', '.join(parameters)}) {{ {body} }}\n"


def test_equal_apis_do_not_differ_and_neither_does_noise() -> None:
    old = nova("$a = $::os_service_default", "$b = '9'", '$c = "x"', "$d = { 'e' => ::f, }")
    new = nova("$a = $facts['os_service_default']", "$b = 9", "$c = 'x' # y\n", "$d = {e => 'f'}")
    assert told(old, old) == told(old, new) == []


def test_classes_and_defines_come_and_go() -> None:
    files = {"manifests/a.pp": "class nova::a { }", "manifests/b.pp": "define nova::b($x) { }"}
    old = {"manifests/c.pp": "class nova::c { }", "manifests/d.pp": "define nova::d { }"}
    assert [(one.kind, one.definition, one.severity) for one in changes(old, files)] == [
        ("class-added", "nova::a", Severity.INFO),
        ("define-added", "nova::b", Severity.INFO),
        ("class-removed", "nova::c", Severity.BREAKS),
        ("define-removed", "nova::d", Severity.BREAKS),
    ]


def test_a_removal_without_a_mark_is_told_in_those_words() -> None:
    (whole,) = changes({"manifests/a.pp": "class nova::a { }"}, {})
    (one,) = changes({"manifests/init.pp": nova("$a = 1")}, {"manifests/init.pp": nova()})
    for change in (whole, one):
        assert change.hint == "removed without a deprecation"
        assert not change.announced
    assert (one.kind, one.parameter, one.old, one.path, one.line) == (
        *("parameter-removed", "a", "1"),
        *("manifests/init.pp", 1),
    )


@pytest.mark.parametrize(
    ("doc", "hint"),
    [
        ("#   Deprecated. Use nova::b::x instead.", "use nova::b::x instead"),
        ("#   (optional) Deprecated and does nothing.", "(optional) Deprecated and does nothing."),
    ],
)
def test_a_removal_that_was_announced_tells_what_the_announcement_said(doc: str, hint: str) -> None:
    (change,) = changes(
        {"manifests/init.pp": f"# [*a*]\n{doc}\n{nova('$a = undef')}"}, {"manifests/init.pp": nova()}
    )
    assert (change.change, change.announced, change.hint) == (ApiChangeKind.PARAMETER_REMOVED, True, hint)


def test_a_removal_that_only_stood_under_a_heading_was_announced_without_words() -> None:
    old = "class nova(\n  # DEPRECATED PARAMETERS\n  $a = undef,\n) { }"
    (change,) = changes({"manifests/init.pp": old}, {"manifests/init.pp": nova()})
    assert change.announced
    assert change.hint == "deprecated; upstream names no replacement"


def test_a_parameter_of_a_deprecated_class_went_announced() -> None:
    old = nova("$a = 1", body="warning('This class is deprecated')")
    (gone,) = (
        one for one in changes({"manifests/init.pp": old}, {"manifests/init.pp": nova()}) if one.parameter
    )
    assert gone.announced


def test_required_parameters_come_first_because_they_stop_compilation() -> None:
    old = nova("$a = 1", "$gone = 2")
    new = nova("$x = 1", "$a", "$y", "String $z")
    assert told(old, new) == [
        ("parameter-required", "nova", "a", "1", None, "breaks"),
        ("parameter-required", "nova", "y", None, None, "breaks"),
        ("parameter-required", "nova", "z", None, "String", "breaks"),
        ("parameter-removed", "nova", "gone", "2", None, "breaks"),
        ("parameter-added", "nova", "x", None, "1", "info"),
    ]


def test_order_tells_the_worst_first_inside_a_definition() -> None:
    found = changes(
        {"manifests/init.pp": nova("$b = 1", "$c = 1")}, {"manifests/init.pp": nova("$a = 1", "$b = 2")}
    )
    assert [one.severity for one in found] == [Severity.BREAKS, Severity.BEHAVIOUR, Severity.INFO]


def test_defaults() -> None:
    assert told(nova("$a = 1", "$b"), nova("$a = 2", "$b = 3")) == [
        ("default-changed", "nova", "a", "1", "2", "behaviour"),
        ("default-changed", "nova", "b", None, "3", "info"),
    ]


def test_a_new_deprecation_with_its_default_gone_to_undef_is_one_event() -> None:
    doc = "# [*a*]\n#   Deprecated and will be removed in Zed. Use the_new instead.\n"
    (change,) = changes(
        {"manifests/init.pp": nova("$a = 1")}, {"manifests/init.pp": doc + nova("$a = undef")}
    )
    assert change == ApiChange(
        ApiChangeKind.PARAMETER_DEPRECATED,
        DefinitionKind.CLASS,
        "nova",
        Severity.LATER,
        parameter="a",
        old="1",
        new="undef",
        hint="Deprecated and will be removed in Zed. Use the_new instead.",
        path="manifests/init.pp",
        line=3,
    )


def test_a_new_deprecation_with_another_default_is_two() -> None:
    doc = "# [*a*]\n#   Deprecated.\n"
    assert [one[0] for one in told(nova("$a = 1"), doc + nova("$a = 2"))] == [
        "default-changed",
        "parameter-deprecated",
    ]


def test_a_deprecation_is_taken_back() -> None:
    doc = "# [*a*]\n#   Deprecated.\n"
    assert told(doc + nova("$a = 1"), nova("$a = 1")) == [
        ("parameter-undeprecated", "nova", "a", None, None, "info")
    ]


def test_whole_definitions_become_deprecated_and_are_taken_back() -> None:
    doc = "# DEPRECATED !! Use nova::b instead.\n"
    (change,) = changes({"manifests/init.pp": nova()}, {"manifests/init.pp": doc + nova()})
    assert (change.kind, change.severity, change.hint) == (
        "class-deprecated",
        Severity.LATER,
        "use nova::b instead",
    )
    assert told(doc + nova(), nova()) == [("class-undeprecated", "nova", None, None, None, "info")]


@pytest.mark.parametrize(
    ("old", "new", "severity", "hint"),
    [
        ("$a", "String $a", "behaviour", "has a type now: a value that does not match it stops compilation"),
        ("String $a", "$a", "info", "accepts any value now"),
        (
            "String $a",
            "Enum['b'] $a",
            "breaks",
            "accepts fewer values now: a value that does not match stops compilation",
        ),
        ("String $a", "Optional[String] $a", "info", "accepts all values that it accepted before, and more"),
        ("String $a", "Integer $a", "behaviour", "accepts other values now: check that yours match"),
    ],
)
def test_a_parameter_with_another_type(old: str, new: str, severity: str, hint: str) -> None:
    (change,) = changes({"manifests/init.pp": nova(old)}, {"manifests/init.pp": nova(new)})
    assert (change.kind, change.severity.value, change.hint) == ("type-changed", severity, hint)


def test_the_same_type_spelled_otherwise_is_no_change() -> None:
    assert told(nova("Optional[ String ] $a"), nova("Variant[Undef,String] $a")) == []


def test_a_class_that_only_became_typed_is_told_once() -> None:
    assert told(nova("$a = 1", "$b = 2"), nova("Integer $a = 1", "Integer $b = 3")) == [
        ("class-typed", "nova", None, None, "2 parameters", "behaviour"),
        ("default-changed", "nova", "b", "2", "3", "behaviour"),
    ]


def test_a_class_of_which_only_some_became_typed_is_told_by_parameter() -> None:
    assert [one[0] for one in told(nova("$a", "$b", "$c"), nova("Any $a", "Any $b", "$c"))] == [
        "type-changed"
    ] * 2


def test_a_renamed_module_takes_its_definitions_along() -> None:
    old = {
        "manifests/init.pp": "class quantum($a = 1, $quantum_user = 'x') inherits quantum::params { }",
        "manifests/params.pp": "class quantum::params { }",
        "manifests/agents/l3.pp": "class quantum::agents::l3($gone = 1) { }",
        "lib/puppet/type/quantum_config.rb": "Puppet::Type.newtype(:quantum_config) do\n  newparam(:name)\nend\n",
    }
    new = {
        path.replace("quantum", "neutron"): text.replace("quantum", "neutron") for path, text in old.items()
    }
    new["manifests/agents/l3.pp"] = "class neutron::agents::l3 { }"
    found = changes(old, new)
    assert [
        (one.kind, one.old, one.new) for one in found if one.change is not ApiChangeKind.PARAMETER_REMOVED
    ] == [
        ("class-renamed", "quantum", "neutron"),
        ("parameter-renamed", "quantum_user", "neutron_user"),
        ("class-renamed", "quantum::agents::l3", "neutron::agents::l3"),
        ("class-renamed", "quantum::params", "neutron::params"),
        ("type-renamed", "quantum_config", "neutron_config"),
    ]
    assert {one.hint for one in found if one.change is ApiChangeKind.RENAMED} == {
        "the module was renamed to neutron"
    }
    (gone,) = (one for one in found if one.change is ApiChangeKind.PARAMETER_REMOVED)
    assert (gone.definition, gone.parameter) == ("quantum::agents::l3", "gone")


def test_hyphens_become_underscores() -> None:
    (change,) = changes(
        {"manifests/a.pp": "class heat::api-cfn($a = 1) { }"},
        {"manifests/b.pp": "class heat::api_cfn($a = 1) { }"},
    )
    assert (change.kind, change.old, change.new) == ("class-renamed", "heat::api-cfn", "heat::api_cfn")
    assert (change.hint, change.path) == ("hyphens became underscores", "manifests/b.pp")


def test_a_class_is_renamed_as_its_deprecation_said() -> None:
    old = {"manifests/a.pp": "# DEPRECATED! Use nova::b instead.\nclass nova::a { }"}
    (change,) = changes(old, {"manifests/b.pp": "class nova::b { }"})
    assert (change.kind, change.hint, change.announced) == (
        "class-renamed",
        "as its deprecation announced",
        True,
    )


def test_a_class_is_renamed_where_its_parameters_reappear() -> None:
    parameters = "$vcenter_host = 1, $vcenter_user = 2, $enabled = true"
    old = {
        "manifests/a.pp": f"class nova::vmware({parameters}) {{ }}",
        "manifests/c.pp": "class nova::gone($enabled = true, $package_ensure = 1) { }",
    }
    new = {
        "manifests/b.pp": f"class nova::compute::vmware({parameters}, $api_retries = 3) {{ }}",
        "manifests/d.pp": "class nova::come($enabled = true, $package_ensure = 1, $x = 1, $y = 1, $z = 1) { }",
    }
    assert [(one.kind, one.definition, one.hint) for one in changes(old, new) if not one.parameter] == [
        ("class-added", "nova::come", None),
        ("class-removed", "nova::gone", "removed without a deprecation"),
        ("class-renamed", "nova::vmware", "its parameters reappear there"),
    ]


def test_a_class_that_became_a_define_is_told_so() -> None:
    found = changes({"manifests/a.pp": "class nova::a { }"}, {"manifests/a.pp": "define nova::a { }"})
    assert [(one.kind, one.hint) for one in found] == [
        ("class-removed", "it is a defined type now"),
        ("define-added", None),
    ]


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("$rabbit_virtualhost = '/'", "$rabbit_virtual_host = '/'", "rabbit_virtual_host"),
        ("$amqp_sasl_mechanism = undef", "$amqp_sasl_mechanisms = undef", "amqp_sasl_mechanisms"),
    ],
)
def test_a_similar_name_is_a_hint_and_no_rename(old: str, new: str, name: str) -> None:
    gone, come = changes({"manifests/init.pp": nova(old)}, {"manifests/init.pp": nova(new)})
    assert (gone.kind, come.kind) == ("parameter-removed", "parameter-added")
    assert gone.hint == (
        f"removed without a deprecation; '{name}' has nearly the same name and the same default"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$ssl_cert = undef", "$ssl_ca = undef"),
        ("$rabbit_virtualhost = '/'", "$rabbit_virtual_host = '/nova'"),
        ("$log_dir = '/var/log'", "$state_path = '/var/log'"),
        ("$bind_host = true", "$bind_port = true"),
    ],
)
def test_a_likeness_that_proves_too_little_renames_nothing(old: str, new: str) -> None:
    assert [one[0] for one in told(nova(old), nova(new))] == ["parameter-removed", "parameter-added"]


def test_a_parameter_is_renamed_by_code_and_what_else_changed_is_told() -> None:
    place = "nova_config {{ 'database/connection': value => ${} }}"
    old = nova("$sql = 1", body=place.format("sql"))
    assert told(old, nova("$database_connection = 2", body=place.format("database_connection"))) == [
        ("parameter-renamed", "nova", "sql", "sql", "database_connection", "breaks"),
        ("default-changed", "nova", "sql", "1", "2", "behaviour"),
    ]


def test_a_name_that_was_there_before_is_a_new_name_too() -> None:
    message = "The a parameter is deprecated. Use the new_a parameter instead."
    words = nova("$a = undef", "$new_a = 1", body=f"warning('{message}')")
    code = nova("$a = undef", "$new_a = 1", body=f"warning('{message}') $real = pick($a, $new_a)")
    (only_words,) = changes({"manifests/init.pp": words}, {"manifests/init.pp": nova("$new_a = 1")})
    assert (only_words.kind, only_words.hint) == ("parameter-removed", "use new_a instead")
    assert told(code, nova("$new_a = 1")) == [("parameter-renamed", "nova", "a", "a", "new_a", "breaks")]


def test_a_parameter_that_moved_to_another_class_is_renamed_to_its_key_there() -> None:
    body = "warning('The database_connection parameter is deprecated, use nova::db::database_connection instead.')"
    old = {"manifests/init.pp": nova("$database_connection = undef", body=body)}
    there = {
        "manifests/db.pp": "class nova::db($database_connection = 1) {"
        " $real = pick($nova::database_connection, $database_connection) }"
    }
    assert [(one.kind, one.new) for one in changes(old | there, {"manifests/init.pp": nova()} | there)] == [
        ("parameter-renamed", "nova::db::database_connection")
    ]
    (gone,) = (one for one in changes(old, {"manifests/init.pp": nova()}))
    assert (gone.kind, gone.hint) == ("parameter-removed", "use nova::db::database_connection instead")


def test_one_name_for_several_parameters_renames_none_of_them() -> None:
    body = "warning('The host_a and port_a parameters are deprecated, use uri_a instead.')"
    found = changes(
        {"manifests/init.pp": nova("$host_a = 1", "$port_a = 2", "$uri_a = 3", body=body)},
        {"manifests/init.pp": nova("$uri_a = 3")},
    )
    assert [(one.kind, one.hint) for one in found] == [("parameter-removed", "use uri_a instead")] * 2


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        ("", " inherits nova::params", "info"),
        (" inherits nova::params", "", "info"),
        (" inherits nova", " inherits nova::base", "behaviour"),
    ],
)
def test_another_parent_is_told(old: str, new: str, severity: str) -> None:
    ((kind, _, _, before, after, told_severity),) = told(
        f"class nova::a{old} {{ }}", f"class nova::a{new} {{ }}"
    )
    assert (kind, told_severity) == ("class-reparented", severity)
    assert (before, after) == (old.removeprefix(" inherits ") or None, new.removeprefix(" inherits ") or None)


def test_type_aliases_and_functions_are_compared_by_what_they_stand_for() -> None:
    path = "types/size.pp"
    assert told("type Nova::Size = Integer", "type Nova::Size = Integer[0]", path) == [
        ("type-changed", "Nova::Size", None, "Integer", "Integer[0]", "breaks")
    ]
    assert told("type Nova::Size = Variant[A, B]", "type Nova::Size = Variant[B, A]", path) == []
    assert told(
        "function nova::x() >> String { }", "function nova::x($y) >> Integer { }", "functions/x.pp"
    ) == [
        ("type-changed", "nova::x", None, "String", "Integer", "info"),
        ("parameter-required", "nova::x", "y", None, None, "breaks"),
    ]


def test_a_rest_parameter_is_not_required() -> None:
    assert told("function nova::x() { }", "function nova::x(*$y) { }", "functions/x.pp") == [
        ("parameter-added", "nova::x", "y", None, None, "info")
    ]


def test_native_types_facts_and_data_are_compared_by_name() -> None:
    old = {
        "lib/puppet/type/nova_x.rb": "Puppet::Type.newtype(:nova_x) do\n newparam(:a)\n newparam(:b)\nend",
        "lib/facter/x.rb": "Facter.add(:x)",
        "data/common.yaml": "",
    }
    new = {
        "lib/puppet/type/nova_x.rb": "Puppet::Type.newtype(:nova_x) do\n newparam(:b)\n newproperty(:c)\nend"
    }
    assert [(one.kind, one.definition, one.parameter, one.severity.value) for one in changes(old, new)] == [
        ("data-removed", "data/common.yaml", None, "behaviour"),
        ("parameter-removed", "nova_x", "a", "breaks"),
        ("parameter-added", "nova_x", "c", "info"),
        ("fact-removed", "x", None, "behaviour"),
    ]


def test_a_function_that_went_from_one_api_to_the_other_is_the_same_function() -> None:
    old = {"lib/puppet/parser/functions/x.rb": "newfunction(:x)\n"}
    old = {path: f"  {text}" for path, text in old.items()}
    assert changes(old, {"lib/puppet/functions/x.rb": "Puppet::Functions.create_function(:x)"}) == ()


def test_what_cannot_be_read_on_one_side_is_neither_removed_nor_added() -> None:
    fine, broken = {"manifests/init.pp": nova("$a")}, {"manifests/init.pp": "class nova($a = { }"}
    reason = "line 1: the parameter list is not closed"
    (gone,), (come,) = changes(fine, broken), changes(broken, fine)
    assert (gone.kind, gone.severity, gone.hint) == (
        *("class-unreadable", Severity.BEHAVIOUR),
        f"manifests/init.pp cannot be read on the new side: {reason}",
    )
    assert (come.kind, come.severity, come.hint) == (
        *("class-unreadable", Severity.INFO),
        f"manifests/init.pp cannot be read on the old side: {reason}",
    )
    assert changes(broken, broken) == ()


def test_a_definition_that_moved_away_from_a_broken_file_is_compared() -> None:
    old = {"manifests/init.pp": nova("$a = 1")}
    new = {"manifests/init.pp": "class nova($a = { }", "manifests/other.pp": nova("$a = 2")}
    assert [(one.kind, one.parameter) for one in changes(old, new)] == [("default-changed", "a")]


FILES = st.dictionaries(st.sampled_from([f"manifests/{name}.pp" for name in TEXTS]), st.none(), max_size=4)


@given(data=st.data(), paths=FILES)
def test_a_module_does_not_differ_from_itself(data: st.DataObject, paths: dict[str, None]) -> None:
    one = api({path: data.draw(mutations(TEXTS[path[10:-3]])) for path in paths})
    assert compare_apis(one, one) == ()


@given(data=st.data(), name=st.sampled_from(sorted(TEXTS)))
def test_what_comes_one_way_goes_the_other(data: st.DataObject, name: str) -> None:
    old, new = (
        api({"manifests/a.pp": TEXTS[name]}),
        api({"manifests/a.pp": data.draw(mutations(TEXTS[name]))}),
    )
    there, back = compare_apis(old, new), compare_apis(new, old)
    assert len({(one.of, one.definition) for one in there if one.change is ApiChangeKind.ADDED}) == len(
        {(one.of, one.definition) for one in back if one.change is ApiChangeKind.REMOVED}
    )
