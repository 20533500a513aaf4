"""What counts as evidence of deprecation, and what does not, each mark on a text of its own."""

import pytest

from pinner.model.module_api import Definition, Evidence, Mark
from pinner.puppet.code.read import read_manifest


def marks_of(text: str, name: str) -> dict[Mark, Evidence]:
    (definition,) = read_manifest("manifests/init.pp", text)
    (parameter,) = (one for one in definition.parameters if one.name == name)
    return {one.mark: one for one in parameter.evidence}


def whole(text: str) -> Definition:
    return read_manifest("manifests/init.pp", text)[0]


def documented(*lines: str, parameters: str = "$a, $b") -> str:
    return "\n".join([*lines, f"class nova({parameters}) {{ }}", ""])


@pytest.mark.parametrize(
    "heading",
    [
        *("# DEPRECATED PARAMETERS", "# === Deprecated Parameters", "# DEPRECATED", "#DEPRECATED PARAMETERS"),
        *(
            "# == deprecated parameters:",
            "## DEPRECATED PARAMS",
            "# **DEPRECATED PARAMS**",
            "# DEPRECATED PARAMTERS",
        ),
        *(
            "# == DEPRECATED PARAMETERS ==",
            "#  DEPRECATED OPTIONS",
            "# ### DEPRECATED PARMETERS",
            "#   DEPRECATED",
        ),
    ],
)
def test_an_entry_below_a_heading_is_marked_and_one_above_is_not(heading: str) -> None:
    text = documented("# [*a*]", "#   An a.", "#", heading, "#", "# [*b*]", "#   A b.")
    assert marks_of(text, "a") == {}
    assert marks_of(text, "b") == {Mark.HEADING: Evidence(Mark.HEADING, 6, "A b.")}


@pytest.mark.parametrize(
    "line",
    [
        *("# === Deprecation notes", "# === DEPRECATED group/name", "# Deprecated class", "# DEPRECATED !!"),
        *("# It is deprecated.", "# deprecated in folsom"),
    ],
)
def test_a_line_that_is_no_heading_of_parameters_marks_nothing_below_it(line: str) -> None:
    assert marks_of(documented(line, "#", "# [*b*]", "#   A b."), "b") == {}


@pytest.mark.parametrize(
    "end",
    [
        "# === Examples",
        "# Examples",
        "# == Authors",
        "# Copyright",
        "# @example",
        "# == Dependencies",
        "# Parameters:",
    ],
)
def test_a_section_ends_at_the_next_heading(end: str) -> None:
    text = documented("# DEPRECATED PARAMETERS", "# [*a*]", "#   An a.", end, "# [*b*]", "#   A b.")
    assert set(marks_of(text, "a")) == {Mark.HEADING}
    assert marks_of(text, "b") == {}


def test_a_section_goes_on_after_a_word_that_stands_indented_in_an_entry() -> None:
    text = documented(
        "# DEPRECATED PARAMETERS", "# [*a*]", "#   An a.", "#   Example:", "#   x", "# [*b*]", "#   A b."
    )
    assert marks_of(text, "b")[Mark.HEADING].text == "A b."
    assert marks_of(text, "a")[Mark.HEADING].text == "An a. Example: x"


def test_a_bare_word_in_an_entry_is_its_text_and_no_heading() -> None:
    text = documented("# [*a*]", "#   DEPRECATED", "# [*b*]", "#   A b.")
    assert marks_of(text, "a") == {Mark.TEXT: Evidence(Mark.TEXT, 1, "DEPRECATED")}
    assert marks_of(text, "b") == {}


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "[*b*]\n#   (optional) Deprecated. Use a instead.",
            "[b] Deprecated: use a",
            "* b: DEPRECATED. Use a",
        ),
        *(
            "* b\n#   deprecated, use a",
            "@param b Deprecated.",
            "@param [String] b\n#   DEPRECATED",
            "  [*b*]\n#     (DEPRECATED) No.",
        ),
        *(
            "[*b*]\n#   This option is deprecated along with a.",
            "[*b*]\n# (optional) The b parameter is deprecated.",
        ),
        "@param b\n#   > **Note**: This parameter is deprecated in favor of `a`.<br />\n#   Passes a b.",
        *("[*b*]\n#   (Optional) What b is. DEPRECATED, see a.", "[*b*]: (optional) Deprecated"),
    ],
)
def test_a_text_that_starts_with_the_word_marks_its_parameter(entry: str) -> None:
    text = documented(f"# {entry}", "#", "# [*a*]", "#   The new one.")
    assert set(marks_of(text, "b")) == {Mark.TEXT}
    assert marks_of(text, "a") == {}


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "(optional) Whether old deprecated defaults are used.",
            "Deprecates bind_host.",
            "Which isn't deprecated.",
        ),
        *("(optional) The a parameter is deprecated for this one.", "fatal_deprecations."),
    ],
)
def test_the_word_elsewhere_in_a_text_is_no_evidence(entry: str) -> None:
    assert marks_of(documented("# [*b*]", f"#   {entry}"), "b") == {}


def test_the_documentation_is_found_below_a_licence_and_above_blank_lines() -> None:
    lines = (
        "# Copyright 2014 Somebody",
        "#",
        "",
        "# == Class: nova",
        "#",
        "# [*b*]",
        "#   Deprecated.",
        "",
        "",
    )
    assert set(marks_of(documented(*lines), "b")) == {Mark.TEXT}


def test_the_documentation_of_another_definition_is_left_to_it() -> None:
    text = "# [*b*]\n#   Deprecated.\ndefine one($b) { }\n\nclass two($b) {\n  # [*c*] Deprecated\n  class three($c, $b) { }\n}\n"
    one, two, three = read_manifest("manifests/init.pp", text)
    assert one.parameters[0].deprecated
    assert not two.parameters[0].deprecated
    assert [parameter.deprecated for parameter in three.parameters] == [True, False]


def test_code_before_a_definition_on_its_line_leaves_it_without_documentation() -> None:
    one, two = read_manifest("manifests/init.pp", "# [*b*] Deprecated\nclass one { } class two($b) { }\n")
    assert (one.name, two.parameters[0].evidence) == ("one", ())


def test_a_comment_in_the_list_marks_all_after_it() -> None:
    text = "class nova(\n  $a = 1,\n  # DEPRECATED PARAMETERS\n  $b = 1,\n  # about c\n  $c = [2],\n) { }\n"
    assert marks_of(text, "a") == {}
    for name in ("b", "c"):
        assert marks_of(text, name) == {Mark.COMMENT: Evidence(Mark.COMMENT, 3, "DEPRECATED PARAMETERS")}


def test_a_comment_behind_a_parameter_marks_that_one() -> None:
    text = "class nova(\n  $a = 1,\n  $b = 1, #DEPRECATED\n  $c = 1,\n) { }\n"
    assert [bool(marks_of(text, name)) for name in "abc"] == [False, True, False]


def test_a_comment_with_more_words_marks_the_next_line_only() -> None:
    text = "class nova(\n  # deprecated in folsom\n  $a = 1,\n  $b = 1,\n) { }\n"
    assert [bool(marks_of(text, name)) for name in "ab"] == [True, False]
    beside = "class nova(\n  # deprecated in folsom\n  # $gone = 1,\n  $a = 1,\n) { }\n"
    assert marks_of(beside, "a") == {}


def body(*lines: str, parameters: str = "$a, $b") -> str:
    return "\n".join([f"class nova::api({parameters}) {{", *lines, "}", ""])


@pytest.mark.parametrize(
    "call",
    [
        *("warning('The b parameter is deprecated. Use a.')", 'warning("nova::api::b is deprecated, use a")'),
        *(
            "notice('b has been deprecated')",
            "fail('Parameter b is deprecated')",
            "warning 'b was deprecated in Juno'",
        ),
        *(
            "if $b { warning('The \\\n  b option is deprecated') }",
            "warning ( 'b is deprecated and has no effect' )",
        ),
        "warning('The b parameter is deperecated')",
    ],
)
def test_a_warning_marks_the_parameter_that_it_names_before_the_word(call: str) -> None:
    assert set(marks_of(body(call), "b")) == {Mark.WARNING}
    assert marks_of(body(call), "a") == {}


def test_a_loop_over_names_marks_each_of_them() -> None:
    lines = (
        "  ['a', 'b'].each |String $o| {",
        '    if getvar($o) { warning("The ${o} parameter is deprecated") }',
        "  }",
    )
    assert marks_of(body(*lines), "a")[Mark.WARNING].text == "The a parameter is deprecated"
    assert marks_of(body(*lines), "b")[Mark.WARNING].text == "The b parameter is deprecated"


def test_a_loop_over_a_variable_marks_what_its_list_names() -> None:
    lines = (
        "  $old = [",
        "    'b',",
        "  ]",
        "  $old.each |$o| {",
        '    warning("The quota_${o} is deprecated")',
        "  }",
    )
    text = body(*lines, parameters="$a, $quota_b")
    assert set(marks_of(text, "quota_b")) == {Mark.WARNING}


@pytest.mark.parametrize(
    "message",
    [
        *(
            "Usage of undef for b has been deprecated",
            "Using a false value for b is deprecated. Use undef instead.",
        ),
        *("Usage of $::os_service_default for b is deprecated.", "Passing a string to b is now deprecated"),
    ],
)
def test_a_message_about_a_value_marks_the_value_only(message: str) -> None:
    (definition,) = read_manifest("init.pp", body(f"  warning('{message}')"))
    assert [one.mark for one in definition.parameters[1].evidence] == [Mark.VALUE]
    assert not definition.parameters[1].deprecated


def test_a_message_without_the_word_is_told_but_decides_nothing() -> None:
    (definition,) = read_manifest("init.pp", body("  warning('b has no effect as of Newton')"))
    assert [one.mark for one in definition.parameters[1].evidence] == [Mark.NO_EFFECT]
    assert not definition.parameters[1].deprecated


def test_a_message_that_names_no_parameter_points_at_what_the_innermost_if_tests() -> None:
    text = body(
        "  if $a {",
        "    if $x == $b { } elsif $b {",
        "      warning('v1 support is deprecated')",
        "    }",
        "  }",
    )
    assert set(marks_of(text, "b")) == {Mark.CONDITION}
    assert marks_of(text, "a") == {}


@pytest.mark.parametrize(
    "line",
    [
        *(
            "# warning('The b parameter is deprecated')",
            "$x = 'warning(\"b is deprecated\")'",
            "warning('all is well with b')",
        ),
        *("warning($x, 'b is deprecated')", "notify { 'warning': message => 'b is deprecated' }"),
        "warning('v2 is deprecated. Use b instead.')",
        "/* warning('b is deprecated') */",
    ],
)
def test_what_only_looks_like_a_message_marks_nothing(line: str) -> None:
    assert marks_of(body(f"  {line}"), "b") == {}


def test_a_message_is_found_among_all_that_the_lexer_must_walk_over() -> None:
    lines = (
        "  $x = @(EOT)",
        "    { warning('a is deprecated')",
        "    | EOT",
        '  $y = "${z["}"]} {" /* } */ # }',
        "  if $x =~ /}/ and $y / 2 > 1 {",
        "    warning('b is deprecated')",
        "  }",
    )
    assert marks_of(body(*lines), "a") == {}
    assert set(marks_of(body(*lines), "b")) == {Mark.WARNING}


def test_a_message_belongs_to_the_innermost_definition() -> None:
    text = "class one($b) {\n  class two($b) {\n    warning('b is deprecated')\n  }\n}\n"
    one, two = read_manifest("init.pp", text)
    assert (one.parameters[0].deprecated, two.parameters[0].deprecated) == (False, True)


def test_what_stands_before_a_string_that_never_ends_still_counts() -> None:
    text = body("  if $b { warning('b is deprecated') }", '  $x = "${never ends')
    assert set(marks_of(text, "b")) == {Mark.WARNING}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "# DEPRECATED !!\n#\n# Sets up.\nclass nova::api { }",
            "# == Deprecated class: nova::api\nclass nova::api { }",
        ),
        *(
            "# Deprecated class\n#\n# [*a*]\n#   An a.\nclass nova::api($a) { }",
            "# This class is deprecated, use b\nclass nova::api { }",
        ),
        *(
            "class nova::api { warning('nova::api is deprecated') }",
            "class nova::api { warning('This class is deprecated') }",
        ),
        "define nova::api { warning('The nova::api defined resource type is deprecated') }",
    ],
)
def test_a_whole_definition_is_deprecated(text: str) -> None:
    assert whole(text).deprecated


@pytest.mark.parametrize(
    "text",
    [
        *(
            "# Sets up what the deprecated class did.\nclass nova::api { }",
            "class nova { warning('nova network is deprecated') }",
        ),
        *(
            "class nova::api { warning('nova::api::x is deprecated') }",
            "class nova::api { warning('x in nova::api is deprecated') }",
        ),
        "# [*a*]\n#   An a.\n#\n# == Examples\n# DEPRECATED use\nclass nova::api($a) { }",
    ],
)
def test_a_definition_is_not_deprecated_by_a_mention(text: str) -> None:
    assert not whole(text).deprecated


def test_the_most_telling_mark_speaks_for_a_parameter() -> None:
    text = (
        "# DEPRECATED PARAMETERS\n# [*b*]\n#   (optional) The b.\n"
        "class nova(\n  $a,\n  # DEPRECATED PARAMETERS\n  $b = undef,\n) {\n"
        "  if $b { warning('The b parameter is deprecated and will be removed in the N release. Use a instead.') }\n}\n"
    )
    parameter = whole(text).parameters[1]
    assert [one.mark for one in parameter.evidence] == [Mark.HEADING, Mark.COMMENT, Mark.WARNING]
    assert (
        parameter.deprecation
        == "The b parameter is deprecated and will be removed in the N release. Use a instead."
    )
    assert (parameter.replacement, parameter.removal) == (None, "the N release")
    longer = text.replace("Use a", "Use a_new").replace("$a,", "$a_new,")
    assert whole(longer).parameters[1].replacement == "a_new"


@pytest.mark.parametrize(
    ("code", "is_deprecated"),
    [
        ("class nova::gas { warning('Support for gas has been deprecated.') }", True),
        ("class nova::gas { if $x { warning('Support for gas has been deprecated.') } }", False),
        ("class nova::gas { warning('Installing packages: package management is deprecated') }", False),
        ("class nova::gas { warning('Support for nova::oil has been deprecated.') }", False),
        ("class nova { warning('Support for gas has been deprecated.') }", False),
    ],
)
def test_a_message_that_is_always_logged_is_about_the_whole_class(code: str, *, is_deprecated: bool) -> None:
    assert whole(code).deprecated is is_deprecated


@pytest.mark.parametrize(
    ("message", "replacement"),
    [
        ("nova::socket is deprecated for removal, please use endpoint instead.", "endpoint"),
        ("The socket parameter is deprecated. Use custom resources of your own.", None),
        ("The socket parameter is deprecated. Use wsgi instead of the server.", None),
        ("The socket parameter is deprecated. Use nova::api::endpoint instead.", "nova::api::endpoint"),
        ("The socket parameter is deprecated. Use endpoint and wsgi instead.", "endpoint"),
    ],
)
def test_advice_is_a_name_that_exists(message: str, replacement: str | None) -> None:
    text = f"class nova($socket = undef, $endpoint = 1) {{ if $socket {{ warning('{message}') }} }}"
    (found,) = read_manifest("manifests/init.pp", text)
    assert found.parameters[0].replacement == replacement


@pytest.mark.parametrize(
    ("call", "replacement"),
    [
        ("if $a { deprecation('nova::a', 'This parameter is deprecated, please use `b`.') }", "b"),
        ('if $a != undef { stdlib::deprecation("nova::a", "deprecated in favour of b") }', "b"),
        ("if $a { deprecation('nova', 'The parameter a is deprecated.') }", None),
    ],
)
def test_deprecation_of_stdlib_names_the_parameter_first(call: str, replacement: str | None) -> None:
    text = f"class nova($a = undef, $b = 1) {{ {call} }}\n"
    assert set(marks_of(text, "a")) == {Mark.WARNING}
    assert marks_of(text, "b") == {}
    assert whole(text).parameters[0].replacement == replacement
    assert not whole(text).deprecated


def test_deprecation_of_stdlib_of_a_whole_class() -> None:
    text = "class nova::old { deprecation('nova::old', 'This class is deprecated; please use nova::new') }\n"
    assert (whole(text).deprecated, whole(text).replacement) == (True, "nova::new")
