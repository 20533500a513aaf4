"""Whatever the check lets through is the same to r10k, g10k, ra10ke, librarian-puppet and Renovate.

librarian-puppet stops with an error at `moduledir`, at `:install_path`, and at a Forge module without a `forge` before
it, which pinner does not write because Renovate and r10k may follow it; here it is put before what it reads.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinner.puppet.puppetfile.reader import Puppetfile, forge_module, git_module
from pinner.puppet.puppetfile.writer import check_puppetfile, render_puppetfile
from tests.support.oracles import RubyOracle, run_oracle
from tests.support.puppetfile_readers import (
    Seen,
    deploy_with_g10k,
    read_as_librarian,
    read_as_r10k,
    read_as_ra10ke,
    read_as_renovate,
)
from tests.support.repositories import isolate_git, make_repository

SHA = "0123456789abcdef0123456789abcdef01234567"
OTHER = "76543210fedcba9876543210fedcba9876543210"
EXPECTED = Puppetfile(
    (
        forge_module("acme/facts", "1.2.3"),
        git_module("heat", "https://h/heat", OTHER),
        git_module("nova", "https://h/nova", SHA, comment="main"),
    )
)
TEXT = render_puppetfile(EXPECTED)
MODULES = frozenset(
    {
        Seen("acme/facts", None, "1.2.3"),
        Seen("heat", "https://h/heat", OTHER),
        Seen("nova", "https://h/nova", SHA),
    }
)
FORGE = "forge 'https://forgeapi.puppet.com'\n"
EXTRA = "mod 'extra',\n  :git => 'https://h/extra',\n  :ref => 'main'"

HOSTILE = [
    f"=begin\n{EXTRA}\n=end",
    f"=begin x\n{EXTRA}\n=end x",
    f"__END__\n{EXTRA}",
    *(
        f"=begin\n=end{blank}\n{EXTRA}\n=begin\n=end"
        for blank in "\u00a0\u0085\u2028\u3000\x1c\x1f\x0b\x00\x04"
    ),
    *(f"{blank}{EXTRA}" for blank in "\u00a0\u0085\u2028\u3000\x1c\x1d\x1e\x1f\x0b\x0c\ufeff\u200b"),
    *(f"# x{end}{EXTRA}" for end in "\u0085\u2028\u2029\r\x0b\x0c\x1c"),
    f"x = <<-E\n{EXTRA}\nE",
    f"x = <<~'E'\n{EXTRA}\nE",
    f"x = %q(\n{EXTRA}\n)",
    f"if false\n{EXTRA}\nend",
    f"{EXTRA} if false",
    "unless true\n" + EXTRA + "\nend",
    "mod('extra', :git => 'https://h/extra', :ref => 'main')",
    "mod 'extra', git: 'https://h/extra', ref: 'main'",
    "mod 'extra', { :git => 'https://h/extra', :ref => 'main' }",
    "mod 'extra' \\\n, :git => 'https://h/extra', :ref => 'main'",
    f"  {EXTRA}",
    f"nil; {EXTRA}",
    "mod 'a/b', '1.0.0'; mod 'extra', :git => 'https://h/extra', :ref => 'main'",
    "mod 'extra', :git => 'https://h/extra#', :ref => 'main'",
    "mod 'extra', :git => 'https://h/extra,b', :ref => 'main'",
    'mod "ex#{1}tra", :git => "https://h/extra", :ref => "main"',
    "mod 'ex' 'tra', :git => 'https://h/extra', :ref => 'main'",
    "mod :extra, :git => 'https://h/extra', :ref => 'main'",
    "mod %w(extra).first, :git => 'https://h/extra'",
    "forge 'https://evil.example'",
    "exclusion 'nova'",
    "moduledir 'elsewhere'",
    "moduledir 'a'\nmoduledir 'modules'",
    "def mod(*)\nend",
    "`touch x`",
    "Mod 'extra', :git => 'https://h/extra'",
    "module 'extra'",
    "mod\t'extra',\t:git\t=>\t'https://h/extra',\t:ref\t=>\t'main'",
]
"""Texts that add something; each is put wherever a line can stand."""

GOOD = [
    "",
    "\n\n",
    "# mod 'extra', :git => 'https://h/extra', :ref => 'main'",
    "  # indented, with 'quotes' and a \"pair\", and = begin",
    "# Grüße, 日本語, emoji 🎉, a no-break space:\u00a0x, an ideographic one:\u3000x",
    "\t# tab\tinside",
    "#=begin",
    "# __END__",
    "##",
    "# forge 'x'",
]
"""Lines that change nothing, put wherever a line can stand."""


@pytest.fixture(scope="module")
def librarian() -> Iterator[RubyOracle]:
    yield from run_oracle("librarian_puppetfile.rb", "librarian-puppet")


def put(text: str, addition: str, line: int) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[:line], addition, *lines[line:]])


def assert_all_read_it_alike(text: str, r10k: RubyOracle, librarian: RubyOracle) -> None:
    flat = frozenset(seen._replace(name=seen.name.rpartition("/")[2]) for seen in MODULES)
    assert read_as_r10k(r10k, text) == flat
    assert read_as_librarian(librarian, FORGE + text) == MODULES
    assert read_as_ra10ke(text) == MODULES
    assert read_as_renovate(text) == MODULES


@pytest.mark.parametrize("line", [1, 3, 5, 8, 12, 16])
@pytest.mark.parametrize("addition", HOSTILE)
def test_an_addition_that_some_tools_read_differently_is_refused(addition: str, line: int) -> None:
    assert check_puppetfile(put(TEXT, addition, line), EXPECTED)


@pytest.mark.parametrize("addition", GOOD)
def test_comments_and_blank_lines_are_let_in_and_read_alike(
    addition: str, r10k: RubyOracle, librarian: RubyOracle
) -> None:
    for line in range(1, TEXT.count("\n") + 1):
        text = put(TEXT, addition, line)
        assert check_puppetfile(text, EXPECTED) == ()
        assert_all_read_it_alike(text, r10k, librarian)


PIECES = st.sampled_from(
    [
        *(
            "'",
            '"',
            "\\",
            ",",
            "#",
            ";",
            "=",
            "=>",
            " => ",
            ":",
            "(",
            ")",
            "{",
            "}",
            "\n",
            "\n\n",
            " ",
            "\t",
            "mod ",
            "mod",
        ),
        *(
            "\r",
            "\x0b",
            "\x0c",
            "\x1c",
            "\x85",
            "\u00a0",
            "\u2028",
            "\u3000",
            "\x00",
            "=begin\n",
            "\n=end\n",
            "\n__END__\n",
        ),
        *(
            "# x",
            "#",
            "ref: ",
            ":ref => 'x'",
            "'1.2.3'",
            "<<E\n",
            " if false",
            "moduledir 'modules'\n",
            "forge 'x'\n",
        ),
        *("-", "/", ".", "@", ":git", "ssh://git@h/x"),
    ]
)
EDITS = st.lists(st.tuples(st.integers(0, len(TEXT)), st.integers(0, 3), PIECES), min_size=1, max_size=3)


@settings(max_examples=400)
@given(
    EDITS,
    st.sampled_from([TEXT, TEXT.replace("'", '"'), TEXT.replace(",\n ", ", "), TEXT.replace(" ", "\t")]),
)
def test_what_the_check_lets_in_is_read_alike(
    r10k: RubyOracle, librarian: RubyOracle, edits: list[tuple[int, int, str]], text: str
) -> None:
    for position, dropped, piece in edits:
        text = text[:position] + piece + text[position + dropped :]
    if not check_puppetfile(text, EXPECTED):
        assert_all_read_it_alike(text, r10k, librarian)


def test_styles_that_all_tools_read_are_let_in(r10k: RubyOracle, librarian: RubyOracle) -> None:
    for text in (
        TEXT.replace("'", '"'),
        TEXT.replace(",\n ", ","),
        TEXT.replace("\n  :", "\n:"),
        TEXT.replace("',", "'  ,"),
    ):
        assert check_puppetfile(text, EXPECTED) == ()
        assert_all_read_it_alike(text, r10k, librarian)


def test_a_moduledir_and_an_install_path_are_read_alike_by_all_but_librarian(r10k: RubyOracle) -> None:
    heat = git_module("heat", "https://h/heat", OTHER, install_path="hiera")
    expected = Puppetfile((heat,), moduledir="site")
    text = render_puppetfile(expected)
    seen = Seen("heat", "https://h/heat", OTHER)
    assert check_puppetfile(text, expected) == ()
    assert [module["path"] for module in r10k.ask(text)] == ["hiera/heat"]
    # to both, any line that begins with "mod" begins a module
    assert (read_as_ra10ke(text) or frozenset()) - {Seen("uledir site", None, None)} == {seen}
    assert (read_as_renovate(text) or frozenset()) - {Seen("site", None, None)} == {seen}


def test_g10k_deploys_exactly_the_modules_of_what_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate_git(monkeypatch)
    commits = {}
    for name in ("extra", "heat", "nova"):
        repository = make_repository(tmp_path / f"{name}.git")
        commits[name] = repository.commit({"here": f"{name} old"})
        repository.commit({"here": f"{name} new"})
    modules = [
        git_module(name, (tmp_path / f"{name}.git").as_uri(), commits[name]) for name in ("heat", "nova")
    ]
    expected = Puppetfile(tuple(modules))
    plain = render_puppetfile(expected)
    hostile = [one.replace("https://h/extra", (tmp_path / "extra.git").as_uri()) for one in HOSTILE]
    chosen = random.Random(10)  # noqa: S311 - no secret
    texts = [
        put(plain, addition, line) for addition in [*GOOD, *hostile] for line in [chosen.randrange(1, 9)]
    ]
    texts += [plain.replace("'", '"'), plain.replace(",\n ", ",")]
    accepted = [text for text in texts if not check_puppetfile(text, expected)]
    assert len(accepted) == len(GOOD) + 2
    for number, text in enumerate(accepted):
        found = deploy_with_g10k(text, tmp_path / str(number))
        assert found == {"heat": "heat old", "nova": "nova old"}


@pytest.mark.parametrize(
    ("folder", "is_read"), [("a:ref", False), ("a:git", False), ("ProxyCommand", False), ("a:rev", True)]
)
def test_urls_that_g10k_refuses_are_refused(
    folder: str, *, is_read: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate_git(monkeypatch)
    repository = make_repository(tmp_path / folder / "nova.git")
    expected = Puppetfile(
        (git_module("nova", f"file://{repository.path}", repository.commit({"here": "nova"})),)
    )
    text = render_puppetfile(expected)
    found = deploy_with_g10k(text, tmp_path / "deployed")
    assert (found, check_puppetfile(text, expected) == ()) == ({"nova": "nova"} if is_read else None, is_read)
