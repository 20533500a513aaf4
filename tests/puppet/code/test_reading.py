import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinner.model.module_api import Definition, DefinitionKind, ModuleApi, Unreadable
from pinner.puppet.code.read import read_file
from tests.support.module_files import read_module
from tests.support.puppet_code import TEXTS, mutations

NOTHING = "the file contains code, but defines no class, defined type, function or type alias"
PATHS = (
    "manifests/a.pp",
    "lib/puppet/type/a.rb",
    "lib/puppet/provider/a/b.rb",
    "lib/puppet/functions/a.rb",
    "lib/facter/a.rb",
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"clas nova($x) { }\n", NOTHING),
        (b"include nova\n", NOTHING),
        (b"]]]", NOTHING),
        (b"class nova(x) { }\n", "line 1: a parameter's name, which starts with '$', is missing"),
        (b"class nova { \0 }\n", "the file contains NUL bytes, so it is not text in UTF-8"),
        ("class nova { }".encode("utf-16"), "the file contains NUL bytes, so it is not text in UTF-8"),
        (b"#" * 1_000_001, "the file has 1000001 bytes, more than the limit of 1000000"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text: bytes, reason: str) -> None:
    assert read_file("manifests/init.pp", text) == Unreadable("manifests/init.pp", reason)


@pytest.mark.parametrize("text", [b"", b"\n\n", b"# a licence\n", b"/* class x { } */\n\n# more"])
def test_a_file_without_code_defines_nothing(text: bytes) -> None:
    assert read_file("manifests/init.pp", text) == ()


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfclass nova { }", b"# Fran\xe7ois\nclass nova { }\n"])
def test_bytes_that_are_no_utf_8_do_not_hide_a_header(text: bytes) -> None:
    found = read_file("manifests/init.pp", text)
    assert not isinstance(found, Unreadable)
    assert [one.name for one in found] == ["nova"]


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("tasks/restart.sh", DefinitionKind.TASK, "restart"),
        ("tasks/init.rb", DefinitionKind.TASK, "init"),
        ("facts.d/os_service_default.txt", DefinitionKind.FACT, "os_service_default"),
        ("data/os/Debian.yaml", DefinitionKind.DATA, "data/os/Debian.yaml"),
        ("hiera.yaml", DefinitionKind.DATA, "hiera.yaml"),
    ],
)
def test_some_files_are_definitions_by_their_name(path: str, kind: DefinitionKind, name: str) -> None:
    assert read_file(path, b"\0\1") == (Definition(kind, name, path, 1),)


def test_a_module_is_read_in_the_order_of_its_paths() -> None:
    files = {
        "types/size.pp": b"type Nova::Size = Integer\n",
        "manifests/init.pp": b"class nova { }\n",
        "manifests/broken.pp": b"class nova::broken($a {\n",
        "README.md": b"class nova::readme { }\n",
        "lib/facter/x.rb": b"Facter.add(:x) do\nend\n",
    }
    assert read_module(files) == ModuleApi(
        definitions=(
            Definition(DefinitionKind.FACT, "x", "lib/facter/x.rb", 1),
            Definition(DefinitionKind.CLASS, "nova", "manifests/init.pp", 1),
            Definition(DefinitionKind.TYPE_ALIAS, "Nova::Size", "types/size.pp", 1, target="Integer"),
        ),
        unreadable=(
            Unreadable(
                "manifests/broken.pp", "line 1: a comma, or the end of the parameter list, is missing"
            ),
        ),
    )


@given(name=st.sampled_from(sorted(TEXTS)), data=st.data())
def test_a_slip_in_a_file_never_makes_it_silently_nothing(name: str, data: st.DataObject) -> None:
    text = data.draw(mutations(TEXTS[name]))
    if read_file("manifests/a.pp", text.encode()) == ():
        code = text.strip()
        assert not code or code.startswith(("#", "/*"))


@given(path=st.sampled_from(PATHS), text=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_words(path: str, text: bytes) -> None:
    found = read_file(path, text)
    assert isinstance(found, Unreadable) or all(one.path == path for one in found)


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "class a{",
            "class a{}\n",
            "type A=B\n",
            "{",
            "[",
            "(",
            "'",
            '"',
            "\\",
            "/\\",
            "/*",
            "@(a)a",
            "@(a),\na\n",
        ),
        *(
            "class a($x='${\"",
            "# deprecated\n",
            "#\n",
            "class ",
            "a::",
            "$a=1,",
            "# [*a*]\n# DEPRECATED\n",
            "<|",
            "}",
        ),
        *(
            "warning('x deprecated')",
            "if $x {warning('x deprecated')",
            "['x'].each |$o| {warning(\"${o} deprecated\")} ",
        ),
    ],
)
@pytest.mark.parametrize("start", ["", "class a($x", "class a($x) {", "# deprecated\n# [*x*]\n# "])
def test_a_long_row_of_anything_is_read_or_refused(start: str, unit: str) -> None:
    found = read_file("manifests/a.pp", (start + unit * (40_000 // len(unit))).encode())
    assert isinstance(found, Unreadable | tuple)
