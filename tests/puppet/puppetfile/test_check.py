import pytest

from pinner.puppet.puppetfile.reader import Puppetfile, forge_module, git_module
from pinner.puppet.puppetfile.writer import check_puppetfile, render_puppetfile

SHA = "0123456789abcdef0123456789abcdef01234567"
EXPECTED = Puppetfile(
    (
        forge_module("acme/facts", "1.2.3"),
        git_module("hieradata", "https://h/hieradata", SHA, install_path="hiera"),
        git_module("nova", "https://h/nova", SHA, comment="main"),
    ),
    moduledir="site",
)
NOT_ALIKE = (
    "r10k, g10k, ra10ke, librarian-puppet and Renovate may read this line differently\n"
    "  hint: write only comments that start with '#', moduledir '...', mod 'owner/module', '1.2.3' and "
    "mod 'name', :git => '...', :ref => '...', with one or more options per line"
)
TEXT = render_puppetfile(EXPECTED)


def test_the_built_in_text_is_right() -> None:
    assert check_puppetfile(TEXT, EXPECTED) == ()


def test_a_text_of_another_style_is_right_too() -> None:
    text = f"""# Written by pinner, for Jürgen
moduledir "site"
mod "nova", :ref  =>  '{SHA}', :git => "https://h/nova"   # at the end
mod 'hieradata',
\t:install_path => 'hiera', :git => 'https://h/hieradata' ,
  # in between

:ref => '{SHA}'
mod 'acme/facts', "1.2.3"
"""
    assert check_puppetfile(text, EXPECTED) == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("moduledir 'site'", "", "Puppetfile: the moduledir is 'modules', not 'site'"),
        (
            "moduledir 'site'",
            "moduledir 'site'\nforge 'x'",
            "Puppetfile:4: not all tools read 'forge' and 'exclusion', and a lock does not contain them\n  hint: set the URL of the Forge in r10k.yaml",
        ),
        (
            "moduledir 'site'",
            "moduledir 'site'\nexclusion 'x'",
            "Puppetfile:4: not all tools read 'forge' and 'exclusion', and a lock does not contain them\n  hint: set the URL of the Forge in r10k.yaml",
        ),
        ("mod 'acme/facts', '1.2.3'", "", "Puppetfile: module 'acme/facts' is missing"),
        ("'1.2.3'", "'1.2.4'", "Puppetfile:5: module 'acme/facts': :version is not '1.2.3'"),
        ("'1.2.3'", ":latest", f"Puppetfile:5: {NOT_ALIKE}"),
        ("  :install_path => 'hiera',\n", "", "Puppetfile:7: module 'hieradata': :install_path is missing"),
        (
            "h/nova'",
            "h/nova', :exclude_spec => 'true'",
            "Puppetfile:13: module 'nova': 'exclude_spec' is not expected",
        ),
        ("h/nova", "evil/nova", "Puppetfile:13: module 'nova': :git is not 'https://h/nova'"),
        ("# main", "mod 'a/b', '1.0.0'", "Puppetfile:12: module 'a/b' is not expected"),
        (
            "# main",
            "puts 'x'",
            f"Puppetfile:12: {NOT_ALIKE}",
        ),
        (
            "# main",
            "# main\n`id`",
            f"Puppetfile:13: {NOT_ALIKE}",
        ),
        (
            "# main",
            "# main\n__END__",
            "Puppetfile:13: r10k stops reading at '__END__', but g10k does not\n  hint: remove it",
        ),
        (
            "# main",
            "=begin\n",
            (
                "Puppetfile:12: only Ruby treats the text between '=begin' and '=end' as a comment: g10k, ra10ke and Renovate read the"
                " modules in it\n  hint: start each line of the comment with '#'"
            ),
        ),
        (
            "# main",
            "\u00a0# main",
            (
                "Puppetfile:12: the character U+00A0 outside a comment is a blank for some readers only\n"
                "  hint: use other characters than ASCII letters, digits and spaces only in comments"
            ),
        ),
        (
            "# main",
            "# a\u2028b",
            (
                "Puppetfile:12: the character U+2028 in a comment ends the line, or the file, for some readers\n"
                "  hint: write printable text in comments"
            ),
        ),
        (
            "# main\nmod",
            "  mod",
            (
                "Puppetfile:12: ra10ke and Renovate find only modules whose line starts with 'mod'\n"
                "  hint: remove the blanks before it, in the template or with Jinja2's '{%-'"
            ),
        ),
        (
            "mod 'nova',\n  :git",
            "mod('nova',\n  :git",
            "Puppetfile:13: g10k does not read 'mod' with parentheses\n  hint: write mod 'name', ... without them",
        ),
        (
            ":git => 'https://h/nova'",
            "git: 'https://h/nova'",
            "Puppetfile:14: g10k does not read options of the form ref: '...'\n  hint: write :ref => '...'",
        ),
        (
            ":git => 'https://h/nova'",
            ":git=>'https://h/nova'",
            "Puppetfile:14: Renovate reads an option only if there are blanks around its '=>'\n  hint: write :ref => '...'",
        ),
        (
            "'1.2.3'",
            "'1.2.3',",
            "Puppetfile:7: the previous option ends with a comma\n  hint: remove the comma after a module's last option",
        ),
        (
            "moduledir 'site'",
            "moduledir 'x'\nmoduledir 'site'",
            "Puppetfile:4: g10k and r10k read a second 'moduledir', or one after a module, differently\n  hint: write one moduledir, before all modules",
        ),
        (
            "Written by pinner",
            "Written by pinner -*- coding: utf-16le -*-",
            (
                "Puppetfile:1: Ruby reads this comment as the name of the file's encoding\n"
                "  hint: remove it: the file is UTF-8"
            ),
        ),
        (
            "Written by pinner",
            "Written by me",
            "Puppetfile:1: the first line does not contain 'Written by pinner'\n  hint: start with a comment that does",
        ),
    ],
)
def test_every_difference_is_told(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    assert [str(found) for found in check_puppetfile(TEXT.replace(old, new), EXPECTED)] == [problem]


def test_an_encoding_that_is_utf_8_is_let_in() -> None:
    assert check_puppetfile(TEXT.replace("pinner", "pinner -*- coding: utf-8 -*-", 1), EXPECTED) == ()


def test_a_module_of_another_kind_is_told() -> None:
    text = TEXT.replace("mod 'acme/facts', '1.2.3'", "mod 'acme/facts', :git => 'u', :version => '1.2.3'")
    assert [str(problem) for problem in check_puppetfile(text, EXPECTED)] == [
        "Puppetfile:5: module 'acme/facts': 'git' is not expected",
        "Puppetfile:5: module 'acme/facts': its source is git, not forge",
    ]


def test_a_module_declared_twice_is_told() -> None:
    text = TEXT + f"mod 'nova', :git => 'https://h/nova', :ref => '{SHA}'\n"
    assert [str(problem) for problem in check_puppetfile(text, EXPECTED)] == [
        "Puppetfile:16:1: module 'nova': 'nova' is already declared in line 13"
    ]


def test_the_name_of_the_text_is_in_the_problems() -> None:
    problems = check_puppetfile("# Written by pinner\n", EXPECTED, path="x.j2")
    assert {str(problem.place) for problem in problems} == {"x.j2"}
