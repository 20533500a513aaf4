import pytest

from pinner.puppet.puppetfile import Puppetfile, check_puppetfile, forge_module, git_module, render_puppetfile

SHA = "0123456789abcdef0123456789abcdef01234567"
EXPECTED = Puppetfile(
    (
        forge_module("acme/facts", "1.2.3"),
        git_module("hieradata", "https://h/hieradata", SHA, install_path="hiera"),
        git_module("nova", "https://h/nova", SHA, comment="main"),
    ),
    moduledir="site",
)
TEXT = render_puppetfile(EXPECTED)


def test_the_built_in_text_is_right() -> None:
    assert check_puppetfile(TEXT, EXPECTED) == ()


def test_a_text_of_another_style_is_right_too() -> None:
    text = f"""# Written by pinner, for Jürgen
moduledir "site"
mod "nova", ref: '{SHA}', git: "https://h/nova"
mod('hieradata', :install_path=>'hiera', :git=>'https://h/hieradata', :ref=>'{SHA}')
mod 'acme/facts', "1.2.3"
"""
    assert check_puppetfile(text, EXPECTED) == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("moduledir 'site'", "", "Puppetfile: the moduledir is 'modules', not 'site'"),
        ("moduledir 'site'", "moduledir 'site'\nforge 'x'", "Puppetfile: it sets 'forge'"),
        (
            "moduledir 'site'",
            "moduledir 'site'\nexclusion 'x'",
            "Puppetfile: it holds an 'exclusion' too many or too few",
        ),
        ("mod 'acme/facts', '1.2.3'", "", "Puppetfile: module 'acme/facts' is missing"),
        ("'1.2.3'", "'1.2.4'", "Puppetfile:5:1: module 'acme/facts': :version is not '1.2.3'"),
        ("'1.2.3'", ":latest", "Puppetfile:5:1: module 'acme/facts': :version is not '1.2.3'"),
        ("  :install_path => 'hiera',\n", "", "Puppetfile:7:1: module 'hieradata': :install_path is missing"),
        (
            "h/nova'",
            "h/nova', :exclude_spec => true",
            "Puppetfile:13:1: module 'nova': 'exclude_spec' is one option too many",
        ),
        ("h/nova", "evil/nova", "Puppetfile:13:1: module 'nova': :git is not 'https://h/nova'"),
        ("# main", "mod 'a/b', '1.0.0'", "Puppetfile:12:1: module 'a/b' is one too many"),
        (
            "# main",
            "puts 'x'",
            "Puppetfile:12:1: 'puts' is no declaration of a Puppetfile\n  hint: r10k knows mod, moduledir, forge and exclusion",
        ),
        (
            "# main",
            "# main\n`id`",
            "Puppetfile:13:1: no declaration begins like this\n  hint: it is left out, the rest is read",
        ),
        ("# main", "# main\n__END__", "Puppetfile: module 'nova' is missing"),
        ("# main", "=begin\n=end\n__END__\n", "Puppetfile: module 'nova' is missing"),
        (
            "Written by pinner",
            "Written by me",
            "Puppetfile:1: the first line does not say 'Written by pinner'\n  hint: begin with a comment that does",
        ),
    ],
)
def test_every_difference_is_told(old: str, new: str, problem: str) -> None:
    assert old in TEXT
    assert [str(found) for found in check_puppetfile(TEXT.replace(old, new), EXPECTED)] == [problem]


def test_a_module_of_another_kind_is_told() -> None:
    text = TEXT.replace("mod 'acme/facts', '1.2.3'", "mod 'acme/facts', :git => 'u', :version => '1.2.3'")
    assert [str(problem) for problem in check_puppetfile(text, EXPECTED)] == [
        "Puppetfile:5:1: module 'acme/facts': 'git' is one option too many",
        "Puppetfile:5:1: module 'acme/facts': it is taken from git, not forge",
    ]


def test_a_module_declared_twice_is_told() -> None:
    text = TEXT + f"mod 'nova', :git => 'https://h/nova', :ref => '{SHA}'\n"
    assert [str(problem) for problem in check_puppetfile(text, EXPECTED)] == [
        "Puppetfile:16:1: module 'nova': 'nova' is declared in line 13 already"
    ]


def test_the_name_of_the_text_is_in_the_problems() -> None:
    problems = check_puppetfile("# Written by pinner\n", EXPECTED, path="x.j2")
    assert {str(problem.place) for problem in problems} == {"x.j2"}
