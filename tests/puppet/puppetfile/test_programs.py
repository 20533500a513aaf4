"""What a Puppetfile's program leaves unknown: reported once per cause, and never run."""

import pytest

from pinner.puppet.puppetfile.reader import read_puppetfile

SKIPPED = "\n  hint: it is skipped, the rest is read"


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read_puppetfile(text).problems]


def names(text: str) -> list[str]:
    return [module.directory for module in read_puppetfile(text).puppetfile.modules]


def test_one_cause_is_reported_once_with_the_modules_that_depend_on_it() -> None:
    text = (
        "base = ENV['BASE']\n"
        + "".join(f"mod 'm{number}', :git => base + 'm{number}', :ref => 'v1'\n" for number in range(7))
        + "mod 'z', :git => 'https://h/z', :ref => 'v1'\n"
    )
    assert names(text) == ["z"]
    assert problems(text) == [
        f"Puppetfile:1:8: the environment variable 'BASE' is not known (for the modules 'm0', 'm1', 'm2', 'm3', 'm4' and 2 more){SKIPPED}"
    ]


def test_an_environment_variable_is_one_cause_wherever_it_is_read() -> None:
    text = "".join(f"mod '{name}', :git => \"#{{ENV['BASE']}}/{name}\", :ref => 'v1'\n" for name in "abc")
    assert problems(text + "mod 'z', :git => 'https://h/z', :ref => ENV['REF']\n") == [
        f"Puppetfile:1:21: the environment variable 'BASE' is not known (for the modules 'a', 'b', 'c'){SKIPPED}",
        f"Puppetfile:4:41: module 'z': the environment variable 'REF' is not known{SKIPPED}",
    ]


def test_a_default_of_an_environment_variable_is_reported_once() -> None:
    text = "".join(
        f"mod '{name}', :git => 'https://h/{name}', :ref => ENV['REF'] || '{ref}'\n"
        for name, ref in (("a", "v1"), ("b", "v1"), ("c", "v2"))
    )
    assert names(text) == ["a", "b", "c"]
    assert problems(text) == [
        "Puppetfile:1:41: the environment variable 'REF' may replace 'v1'",
        "Puppetfile:3:41: the environment variable 'REF' may replace 'v2'",
    ]


def test_an_undefined_name_is_one_cause_however_often_it_is_used() -> None:
    text = "mod 'a', :git => base + 'a'\nmod 'b', :git => base + 'b'\n"
    assert problems(text) == [
        f"Puppetfile:1:18: 'base' is not a literal value, and Ruby code is not run (for the modules 'a', 'b'){SKIPPED}"
    ]


def test_what_a_condition_of_the_run_sets_is_unknown_after_it() -> None:
    text = (
        "ref = 'v1'\nif File.exist?('/etc/dev')\n  ref = 'main'\nend\n"
        "mod 'a', :git => 'https://h/a', :ref => ref\nmod 'b', :git => 'https://h/b', :ref => 'v1'\n"
    )
    assert names(text) == ["b"]
    assert problems(text) == [
        f"Puppetfile:2:4: module 'a': 'File' is not a literal value, and Ruby code is not run{SKIPPED}"
    ]


@pytest.mark.parametrize(
    "change",
    ["names << 'b'", "names.push('b')", "names[0] = 'b'", "names = ['b']", "names.map! { |n| n + 'b' }"],
)
def test_a_list_that_a_condition_of_the_run_changes_is_unknown(change: str) -> None:
    text = f"names = ['a']\n{change} if ENV['X']\nnames.each {{ |n| mod n, :git => 'g', :ref => 'r' }}\n"
    assert names(text) == []
    assert len(problems(text)) == 1


def test_a_jump_that_depends_on_the_run_leaves_the_rest_of_the_loop_unknown() -> None:
    text = "%w[a b].each do |n|\n  next if ENV['X']\n  mod n, :git => 'g', :ref => 'r'\nend\nmod 'z', :git => 'g', :ref => 'r'\n"
    assert names(text) == ["z"]
    assert problems(text) == [
        "Puppetfile:2:11: the environment variable 'X' is not known\n  hint: everything up to line 4 is skipped, the rest is read"
    ]


def test_defaults_of_environment_variables() -> None:
    reading = read_puppetfile(
        "a = ENV.fetch('A', 'x')\nb = ENV['B'] || 'y'\nc = ENV['C'] || ENV.fetch('D', a)\n"
        "mod 'm', :git => a + b, :ref => c\nd = ENV['NEVER_USED']\n"
    )
    (module,) = reading.puppetfile.modules
    assert (module.git, module.ref) == ("xy", "x")
    assert reading.unread == ()
    assert [str(problem) for problem in reading.assumed] == [
        "Puppetfile:2:5: the environment variable 'B' may replace 'y'",
        "Puppetfile:3:5: the environment variable 'C' may replace 'x'",
    ]
    assert [str(problem) for problem in reading.notes] == [
        "Puppetfile:1:9: the environment variable 'A' is not read: 'x' is used",
        "Puppetfile:3:21: the environment variable 'D' is not read: 'x' is used",
    ]
    assert reading.problems == reading.assumed


def test_modules_of_a_helper_are_placed_at_its_calls() -> None:
    text = "def os(name)\n  mod name, :git => 'https://h/' + name, :ref => 'r'\nend\nos 'a'\nos 'b'\n"
    modules = read_puppetfile(text).puppetfile.modules
    assert [module.place and module.place.line for module in modules] == [4, 5]


def test_a_program_that_ends_itself_is_reported() -> None:
    text = "abort 'no' if 'a' == 'a'\nmod 'z', :git => 'g', :ref => 'r'\n"
    assert problems(text) == [f"Puppetfile:1:1: 'abort' ends the run here{SKIPPED}"]


def test_a_helper_that_is_not_understood_is_one_cause() -> None:
    text = "def os(*names)\n  names.each { |n| mod n }\nend\nos 'a', 'b'\nos 'c'\nmod 'z', :git => 'g', :ref => 'r'\n"
    assert names(text) == ["z"]
    assert len(problems(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x = 'a'\n" + "x = x + x\n" * 60,
        "x = ['a']\n" + "x = x + x\n" * 60,
        "x = 'a'\n" + 'x = "#{x}#{x}"\n' * 60,
        "x = 9\n" + "x = x * x\n" * 60,
        "def f(x)\n  f(x)\n  f(x)\nend\nf('a')",
        "def f(x)\n  g(x) + g(x)\nend\ndef g(x)\n  f(x) + f(x)\nend\nf('a')",
        "x = %w[" + "a " * 1000 + "]\n" + "x.each { |a| x.each { |b| x.each { |c| c } } }",
        "x = %w[a b]\nx.each { |y| x << y }",
        "999999999.times { |n| mod 'a' }",
        "(" * 5000 + "'a'" + ")" * 5000,
        "x = " + "!" * 5000 + "true",
        "x = " + "[" * 5000 + "]" * 5000,
        'x = "' + '#{"' * 2000 + '"}' * 2000 + '"',
        "x = " + "'a' + " * 20_000 + "'a'",
        "if true\n" * 3000 + "end\n" * 3000,
        "x = []\nx << x\nmod x.flatten.join, :git => x\n",
        "x = {}\nx['a'] = x\ny = x == x\n",
        "o = 'x'\n" + "x = o ? o : " * 3000 + "o",
    ],
    ids=range(18),
)
def test_time_and_size_are_limited(text: str) -> None:
    reading = read_puppetfile(f"{text}\n")
    assert sum(len(module.name) for module in reading.puppetfile.modules) < 1_000_000


def test_a_call_among_the_arguments_of_another_needs_parentheses_as_in_ruby() -> None:
    assert len(problems("mod 'a/b',\n\nmod 'c', :git => 'g'\n")) == 1


@pytest.mark.parametrize(
    "code",
    [
        "(-2 ** 2).to_s",
        "(-x ** 2).to_s",
        "(-'a').to_s",
        "-1.5.to_s",
        "(- nil).to_s",
        "'a' * -1",
        "-2.abs.to_s",
    ],
)
def test_what_a_minus_sign_means_elsewhere_is_not_guessed(code: str) -> None:
    text = f"x = 3\nmod 'a', :git => 'g', :ref => 'v' + {code}\nmod 'z', :git => 'g', :ref => 'r'\n"
    assert names(text) == ["z"]
    assert len(problems(text)) == 1


@pytest.mark.parametrize(
    "value",
    [
        "[['a', 'b', 'c']].to_h",
        "['a'].to_h",
        "Hash['a', 'b']",
        "'Ä' =~ /a/",
        "'a' =~ /A/i",
        "'a' =~ /(?=a)/",
        "('a' =~ /a/) == 0",
        "%w[a].each_with_object('') { |n, s| s << n }",
        "{'a' => 1}.dig('a', 'b')",
        "{'a' => 1}.transform_keys { |k| [k] }",
    ],
)
def test_what_only_ruby_computes_is_unknown(value: str) -> None:
    text = f"x = {value}\nmod 'a', :git => 'https://h/a', :ref => 'v1' if x\nmod 'z', :git => 'https://h/z', :ref => 'v1'\n"
    assert names(text) == ["z"]
    assert len(problems(text)) == 1


def test_code_of_another_file_is_one_cause() -> None:
    text = "instance_eval(File.read(File.join(__dir__, 'Puppetfile.common')))\nmod 'z', :git => 'https://h/z', :ref => 'v1'\n"
    assert names(text) == ["z"]
    assert problems(text) == [
        f"Puppetfile:1:1: 'instance_eval' is not a literal value, and Ruby code is not run{SKIPPED}"
    ]


def test_a_shell_command_names_the_modules_that_depend_on_it() -> None:
    text = (
        "branch = `git rev-parse --abbrev-ref HEAD`.strip\nmod 'a', :git => 'https://h/a', :ref => 'v1'\n"
        "mod 'b', :git => 'https://h/b', :branch => branch\nmod 'c', :git => 'https://h/c', :branch => branch\n"
    )
    assert names(text) == ["a"]
    assert problems(text) == [
        f"Puppetfile:1:10: a shell command is not a literal (for the modules 'b', 'c'){SKIPPED}"
    ]
