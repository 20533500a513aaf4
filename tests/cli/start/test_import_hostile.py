"""Puppetfiles that would do harm, or are endless, nested or broken: nothing runs, and a message says what is wrong."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.cloud import Cloud
from tests.support.imported import as_fuel, as_opm, as_packstack, rows_of
from tests.support.properties import examples
from tests.support.unharmed import unharmed

GOOD = "mod 'nova', :git => 'https://github.com/openstack/puppet-nova', :ref => 'stable/2025.1'\n"
HARM = [
    "system('touch HARM')",
    "`touch HARM`",
    "%x(touch HARM)",
    "exec 'touch HARM'",
    "spawn 'touch HARM'",
    "IO.popen('touch HARM')",
    "open('|touch HARM').read",
    "File.delete('GOOD')",
    "File.write('HARM', 'x')",
    "FileUtils.rm_rf '.'",
    "eval(\"system('touch HARM')\")",
    "instance_eval { system('touch HARM') }",
    "Kernel.send(:system, 'touch HARM')",
    "require './harm'",
    "load 'harm.rb'",
    "mod 'x', :git => \"#{system('touch HARM')}\"",
    "mod \"#{`touch HARM`}\", '1.0.0'",
    "mod 'x', :git => 'https://h/x', :ref => `touch HARM`",
    "mod 'x', :git => 'https://h/x', :ref => 'x'.tap { system('touch HARM') }",
    "mod(*eval('[1]'))",
    "mod 'x', :git => <<~TEXT, :ref => 'v1'\n  #{`touch HARM`}\nTEXT",
    "BEGIN { system('touch HARM') }",
    "END { system('touch HARM') }",
    "at_exit { system('touch HARM') }",
    "def mod(*)\n  system('touch HARM')\nend",
    "Object.const_get(:Kernel).system('touch HARM')",
    "$stderr.reopen('HARM', 'w')",
    "trap('EXIT') { system('touch HARM') }",
    "Thread.new { system('touch HARM') }",
    "-> { system('touch HARM') }.()",
    "while true do end",
    "loop { fork }",
    "exit!",
]


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A project without environments and without upstreams."""
    return Cloud(tmp_path)


@pytest.fixture
def source(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for the Puppetfile, in which a program would leave its trace."""
    directory = cloud.root / "source"
    directory.mkdir()
    (directory / "GOOD").write_text("good")
    (directory / "harm.rb").write_text("system('touch HARM')")
    monkeypatch.chdir(directory)
    return directory / "Puppetfile"


@pytest.mark.parametrize("line", HARM)
def test_ruby_is_told_with_its_line_and_never_run(cloud: Cloud, source: Path, line: str) -> None:
    source.write_text(f"# one\n{line}\n{GOOD}")
    with unharmed(cloud.root):
        refused = cloud.run("import", str(source), "--offline", "--dry-run")
        done = cloud.run("import", str(source), "--offline", "--dry-run", "--partial")
    assert refused.code == 2
    assert refused.err.startswith((f"{source}:2:", f"{source}:3:"))
    assert done.code == 0
    assert "openstack:\n  - nova\n" in done.out
    assert "system" not in done.out.partition("# Omitted")[0]


def test_after_a_heredoc_for_the_shell_nothing_is_read(cloud: Cloud, source: Path) -> None:
    source.write_text(f"{GOOD}mod 'x', :git => <<~`SHELL`\n  touch HARM\nSHELL\n")
    with unharmed(cloud.root):
        done = cloud.run("import", str(source), "--offline", "--dry-run")
    assert (done.code, done.err.splitlines()[1]) == (2, "  hint: the rest of the file is not read")


def test_what_stands_after_the_end_of_the_program_is_no_declaration(cloud: Cloud, source: Path) -> None:
    source.write_text(f"{GOOD}__END__\nmod 'x', :git => 'https://h/x', :ref => 'v1'\n")
    done = cloud.run("import", str(source), "--offline", "--dry-run")
    assert (done.code, "x:" in done.out) == (0, False)


ENDLESS = {
    "lines": b"mod 'nova', '1.0.0'\n" * 1_000_000,
    "a line": b"mod 'nova', '" + b"1" * 2_000_000,
    "brackets": b"mod 'nova', " + b"(" * 200_000,
    "braces": b"mod 'nova', " + b"{:a => " * 40_000,
    "squares": b"mod 'nova', " + b"[" * 200_000,
    "conditions": b"if x\n" * 50_000,
    "interpolations": b'mod "' + b'#{"' * 100_000,
    "heredocs": b"mod 'nova', :git => <<A\n" * 40_000,
    "commas": b"mod 'nova'" + b"," * 200_000,
    "keys": b"mod 'nova', " + b":git => 'x', " * 20_000 + b":ref => 'x'\n",
    "problems": b"foo\n" * 50_000,
    "a file": b"#" * (17 * 1024 * 1024),
    "modules": b"".join(b"mod 'x%d', :git => 'https://h/x%d', :ref => 'v1'\n" % (n, n) for n in range(5_000)),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_refused_in_few_words(cloud: Cloud, source: Path, name: str) -> None:
    source.write_bytes(ENDLESS[name])
    with unharmed(cloud.project):
        done = cloud.run("import", str(source), "--offline")
    assert done.code == 2
    assert done.err.startswith(str(source))
    assert len(done.err) < 20_000


BROKEN = {
    "zeros": b"\0" * 1000,
    "utf-16": GOOD.encode("utf-16"),
    "latin-1 in a name": b"mod 'n\xf6va', :git => 'https://h/x', :ref => 'v1'\n",
    "escapes": b"mod 'nova', :git => \"https://h/\\e[31mx\", :ref => 'v1'\n",
    "a quote never closed": GOOD.encode() + b"mod 'x\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_bytes_are_told(cloud: Cloud, source: Path, name: str) -> None:
    source.write_bytes(BROKEN[name])
    done = cloud.run("import", str(source), "--offline", "--dry-run")
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith(str(source)) or "no module was found" in done.err
    assert "\x1b" not in done.err


def test_bytes_of_another_encoding_in_a_comment_hide_nothing(cloud: Cloud, source: Path) -> None:
    source.write_bytes(b"# Gr\xfc\xdfe\n" + GOOD.encode())
    assert cloud.run("import", str(source), "--offline", "--dry-run").code == 0


def test_what_is_no_regular_file_is_not_waited_for(cloud: Cloud, source: Path) -> None:
    os.mkfifo(source)
    done = cloud.run("import", str(source), "--kind", "puppetfile")
    assert (done.code, done.err) == (
        2,
        f"{source}: this is not a regular file\n  hint: put a regular file here\n",
    )


URLS = [
    "ext::sh -c 'touch HARM'",
    "--upload-pack=touch HARM",
    "file:///../x",
    "https://h/x'\\nsystem('id')",
    "https://h/$(touch HARM)",
]


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_git_must_not_see_is_refused(cloud: Cloud, source: Path, url: str) -> None:
    source.write_text(f"mod 'x', :git => \"{url}\", :ref => 'v1'\n")
    with unharmed(cloud.project):
        done = cloud.run("import", str(source))
    assert done.code == 2
    assert done.err.startswith(f"{source}:1:1: module 'x': ")
    assert not (source.parent / "HARM").exists()


REFS = ["--exec=touch HARM", "v1'\\n", "a b", "x..y", "refs/heads/x.lock", "-x"]


@pytest.mark.parametrize("ref", REFS)
def test_a_ref_that_git_must_not_see_is_refused(cloud: Cloud, source: Path, ref: str) -> None:
    source.write_text(f"mod 'x', :git => 'https://github.com/acme/x', :ref => \"{ref}\"\n")
    done = cloud.run("import", str(source), "--offline")
    assert done.code == 2
    assert done.err.startswith(f"{source}:1:1: module 'x': ")


FILES = [
    as_packstack(rows_of("packstack 2025.1"), openstack=21),
    as_opm(rows_of("openstack-puppet-modules kilo")[:20]),
    as_fuel(rows_of("fuel 9.2")[:20]),
]
PIECES = st.sampled_from(
    [
        "'",
        '"',
        "#",
        "#{",
        "}",
        "(",
        ")",
        "{",
        "if x\n",
        "end\n",
        "=begin\n",
        "__END__\n",
        "<<A\n",
        "\\",
        ",",
        "=>",
        "\n",
        "\x00",
        "ÿ",
        "\u2028",
        ":",
        "mod ",
        "%x(",
        "`",
        "\x1b",
        "~",
        "../",
        "@",
        "--",
    ]
)
MUTATIONS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), PIECES), min_size=1, max_size=6)


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.sampled_from(FILES), mutations=MUTATIONS)
def test_a_mutated_file_gives_manifests_or_a_message(
    cloud: Cloud, text: str, mutations: list[tuple[float, int, str]]
) -> None:
    for place, length, piece in mutations:
        start = int(place * len(text))
        text = text[:start] + piece + text[start + length :]
    path = cloud.root / "mutated"
    path.write_text(text, encoding="utf-8")
    done = cloud.run(
        "import", str(path), "--kind", "puppetfile", "--as", "x", "--offline", "--dry-run", "--partial"
    )
    assert done.code in {0, 2}, done.err
    assert (done.code == 0) == done.out.startswith("# environments/x.yaml\n")
    assert "Traceback" not in done.err
