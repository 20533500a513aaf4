r"""Write a literal Puppetfile, and verify a Puppetfile by reading it back.

A Puppetfile is Ruby that r10k executes, often as root. So values are accepted by the whitelists of names.py
or refused; nothing is escaped.

The text is verified as the subset of Puppetfiles that r10k, g10k, ra10ke, librarian-puppet and Renovate read alike.
r10k and librarian-puppet run the file as Ruby; g10k and Renovate read it line by line with regular
expressions; ra10ke splits it at `mod` and at commas. So a text may be a comment to one of them and a module
to another. Everything that pinner writes, including output of the user's templates, must follow this grammar:

    text    = line*                          lines end with \n
    line    = (moduledir | mod | option) [comment] | [comment]
    moduledir = "moduledir" STRING           at the line's beginning, once, before the first mod
    mod     = "mod" STRING ("," item)* [","]   at the line's beginning; a comma at the end continues it
    item    = STRING | ":" KEY " => " STRING

STRING contains letters, digits and `. _ ~ / : @ % + = [ ] -` in single or double quotes; blanks are ASCII
spaces and tabs; `#` starts a comment anywhere, and a comment contains printable text. Sources: r10k
lib/r10k/module_loader/puppetfile.rb, g10k config.go, ra10ke lib/ra10ke/puppetfile_parser.rb, Renovate
lib/modules/manager/puppet/puppetfile-parser.ts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pinner.model.errors import InputError, Location, Problem
from pinner.model.lock import ForgePin, Lock, Pin, short_name
from pinner.model.text import check_git_url, quoted
from pinner.puppet.names import (
    LOCK_ID,
    check_commit,
    check_environment_name,
    check_forge_name,
    check_forge_version,
    check_install_path,
    check_module_name,
    check_moduledir,
    check_ref_name,
)
from pinner.puppet.puppetfile.reader import (
    DEFAULT_MODULEDIR,
    ModuleKind,
    Option,
    Puppetfile,
    PuppetfileModule,
    check_directories,
    forge_module,
    git_module,
    read_puppetfile,
)

LONGEST_LINE: Final = 10_000
"""Maximum length of a line in characters: g10k stops with an error at 64 KiB."""

_STRING: Final = r"""(?:'[A-Za-z0-9._~/:@%+=\[\]-]+'|"[A-Za-z0-9._~/:@%+=\[\]-]+")"""
_START: Final = re.compile(rf"(?P<word>mod|moduledir)[ \t]+(?P<text>{_STRING})[ \t]*")
_ITEM: Final = re.compile(rf"(?::(?P<key>[a-z_]+)[ \t]+=>[ \t]+)?(?P<text>{_STRING})[ \t]*")
_COMMA: Final = re.compile(r",[ \t]*")
_OUTSIDE_ASCII: Final = re.compile(r"[^\t -~]")
_OTHER_ENCODING: Final = re.compile(r"coding\s*[:=]\s*(?!utf-8(?![\w.-]))[\w.-]", re.IGNORECASE)
_ONCE_IN_G10K: Final = (":git", ":tag", ":branch", ":ref", ":link")

_ALIKE: Final = (
    "write only comments that start with '#', moduledir '...', mod 'owner/module', '1.2.3' and "
    "mod 'name', :git => '...', :ref => '...', with one or more options per line"
)
_REASONS: Final = (
    (
        r"=(?:begin|end)\b",
        "only Ruby treats the text between '=begin' and '=end' as a comment: g10k, ra10ke and Renovate read the modules in it",
        "start each line of the comment with '#'",
    ),
    (r"__END__", "r10k stops reading at '__END__', but g10k does not", "remove it"),
    (
        r"[ \t]+mod",
        "ra10ke and Renovate find only modules whose line starts with 'mod'",
        "remove the blanks before it, in the template or with Jinja2's '{%-'",
    ),
    (
        r"(?:forge|exclusion)\b",
        "not all tools read 'forge' and 'exclusion', and a lock does not contain them",
        "set the URL of the Forge in r10k.yaml",
    ),
    (r"mod[ \t]*\(", "g10k does not read 'mod' with parentheses", "write mod 'name', ... without them"),
    (
        r".*(?:[,\s]|^)[a-z_]+:[ \t]",
        "g10k does not read options of the form ref: '...'",
        "write :ref => '...'",
    ),
    (
        r".*(?::[a-z_]+=>|=>['\"])",
        "Renovate reads an option only if there are blanks around its '=>'",
        "write :ref => '...'",
    ),
)
_UNLIKE: Final = ("r10k, g10k, ra10ke, librarian-puppet and Renovate may read this line differently", _ALIKE)
_AFTER_A_COMMA: Final = (
    "the previous option ends with a comma",
    "remove the comma after a module's last option",
)
_INDENTED: Final = ("", " ", "\t", ":", "'", '"')
_REASON_PATTERNS: Final = tuple((re.compile(pattern), message, hint) for pattern, message, hint in _REASONS)


@dataclass(frozen=True, slots=True)
class PortableReading:
    """The Puppetfile that all tools read, and a problem for each line that they may read differently.

    If there are problems, only they are meaningful.
    """

    puppetfile: Puppetfile
    problems: tuple[Problem, ...] = ()


def read_portable(text: str, *, path: str = "Puppetfile") -> PortableReading:
    """Read a text of the portable grammar; `path` is used only in problems. Nothing raises."""
    reader = _Reader(path)
    for number, line in enumerate(text.split("\n"), start=1):
        reader.read_line(line, number)
    reader.finish()
    return PortableReading(
        Puppetfile(
            tuple(_portable_module(entry) for entry in reader.entries), reader.moduledir or DEFAULT_MODULEDIR
        ),
        tuple(reader.problems),
    )


@dataclass(slots=True)
class _Entry:
    """A `mod` as far as it has been read; the version of a Forge module has the key `version`."""

    name: str
    place: Location
    options: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    """The lines read so far.

    If `is_open`, the last line ended with a comma. If `is_lost`, it was refused: following lines that are
    indented or start with an option belong to it.
    """

    path: str
    entries: list[_Entry] = field(default_factory=list)
    moduledir: str | None = None
    problems: list[Problem] = field(default_factory=list)
    is_open: bool = False
    is_lost: bool = False

    def read_line(self, line: str, number: int) -> None:
        place = Location(self.path, number)
        code, mark, comment = line.partition("#")
        flaws = [*_line_flaws(line, code), *(_comment_flaws(comment, number) if mark else [])]
        code = code.rstrip(" \t")
        if self.is_lost and code[:1] in _INDENTED:
            return
        self.is_lost = bool(flaws)
        was_open = self.is_open
        if not flaws and code and not self._read_code(code, place):
            reasons = ((message, hint) for pattern, message, hint in _REASON_PATTERNS if pattern.match(code))
            flaws = [_AFTER_A_COMMA if was_open and _START.match(code) else next(reasons, _UNLIKE)]
            self.is_lost, self.is_open = True, False
        self.problems += [Problem(message, place, hint) for message, hint in flaws]

    def _read_code(self, code: str, place: Location) -> bool:
        """Read a moduledir, a module or its further options; return False for any other line."""
        if self.is_open:
            return self._read_items(code, len(code) - len(code.lstrip(" \t")))
        start = _START.match(code)
        if start is None:
            return False
        if start["word"] == "moduledir":
            is_first = self.moduledir is None and not self.entries
            self.moduledir = start["text"][1:-1]
            if not is_first:
                hint = "write one moduledir, before all modules"
                self.problems.append(
                    Problem(
                        "g10k and r10k read a second 'moduledir', or one after a module, differently",
                        place,
                        hint,
                    )
                )
            return start.end() == len(code)
        self.entries.append(_Entry(start["text"][1:-1], place))
        comma = _COMMA.match(code, start.end())
        if comma is None:
            return start.end() == len(code)
        self.is_open = True
        return comma.end() == len(code) or self._read_items(code, comma.end())

    def _read_items(self, code: str, position: int) -> bool:
        """Read items separated by commas, from the position to the end of the line."""
        options = self.entries[-1].options
        while item := _ITEM.match(code, position):
            key = item["key"] or "version"
            if (not item["key"] and options) or any(key == known for known, _ in options):
                return False
            options.append((key, item["text"][1:-1]))
            comma = _COMMA.match(code, item.end())
            self.is_open = comma is not None
            position = comma.end() if comma else item.end()
            if position == len(code):
                return True
            if not comma:
                return False
        return False

    def finish(self) -> None:
        """Add the problems that can be detected only at the end."""
        if self.is_open:
            place = self.entries[-1].place
            self.problems.append(Problem("its last option ends with a comma", place, "remove the comma"))
        for entry in self.entries:
            if flaw := _g10k_flaw(entry):
                hint = "write the repository's URL in another form, such as ssh://git@host/path"
                self.problems.append(Problem(flaw, entry.place, hint))


def _line_flaws(line: str, code: str) -> Iterator[tuple[str, str]]:
    if len(line) > LONGEST_LINE:
        yield f"this line is longer than {LONGEST_LINE} characters", "write shorter lines"
    if wrong := _OUTSIDE_ASCII.search(code):
        yield (
            f"the character U+{ord(wrong[0]):04X} outside a comment is a blank for some readers only",
            "use other characters than ASCII letters, digits and spaces only in comments",
        )


def _comment_flaws(comment: str, number: int) -> Iterator[tuple[str, str]]:
    # Blanks of all scripts are accepted: no tool treats them as a line end.
    blanks = {character for character in comment if unicodedata.category(character) == "Zs"}
    wrong = next(
        (one for one in comment if not one.isprintable() and one != "\t" and one not in blanks), None
    )
    if wrong is not None:
        message = (
            f"the character U+{ord(wrong):04X} in a comment ends the line, or the file, for some readers"
        )
        yield message, "write printable text in comments"
    if number <= 2 and _OTHER_ENCODING.search(comment):  # noqa: PLR2004 - Ruby reads the first line or the second
        yield "Ruby reads this comment as the name of the file's encoding", "remove it: the file is UTF-8"


def _g10k_flaw(entry: _Entry) -> str | None:
    """Return why g10k stops with an error at this module: it counts certain words in the module's text."""
    text = " ".join(f":{key} => {value}" for key, value in entry.options)
    twice = next((word for word in _ONCE_IN_G10K if text.count(word) > 1), None)
    if twice:
        return f"g10k refuses a module whose text contains '{twice}' more than once"
    return "g10k refuses a URL that contains ProxyCommand" if "ProxyCommand" in text else None


def _portable_module(entry: _Entry) -> PuppetfileModule:
    options = tuple(Option(key, value) for key, value in entry.options) or (Option("version", None),)
    kind = ModuleKind.GIT if any(option.name == "git" for option in options) else ModuleKind.FORGE
    return PuppetfileModule(entry.name, kind, options, entry.place)


HEADER_MARK: Final = "Written by pinner"
"""The text in the first line that marks the files that pinner may overwrite."""

_GIT_OPTIONS: Final = (("git", "ref"), ("git", "install_path", "ref"))


def render_puppetfile(
    puppetfile: Puppetfile, *, environment: str | None = None, lock_id: str | None = None
) -> str:
    """Return the text, modules sorted by directory; the first line contains environment and lock, if given.

    Raises InputError with everything that cannot be written.
    """
    problems = tuple(check_writable(puppetfile))
    if problems:
        raise InputError(problems)
    parts = [render_header(environment, lock_id)]
    if puppetfile.moduledir != DEFAULT_MODULEDIR:
        parts.append(f"moduledir '{puppetfile.moduledir}'\n")
    parts += [_render(module) for module in sorted(puppetfile.modules, key=lambda module: module.directory)]
    return "\n".join(parts)


def render_header(environment: str | None = None, lock_id: str | None = None) -> str:
    """Return the first line of a file that pinner writes; raises InputError if a value is invalid."""
    flaw = check_environment_name(environment) if environment else None
    if flaw or (lock_id and not LOCK_ID.fullmatch(lock_id)):
        raise InputError(Problem(flaw or f"{quoted(lock_id or '')} is not a valid lock id"))
    named = f" for environment {environment}" if environment else ""
    locked = f" ({lock_id})" if lock_id else ""
    return f"# {HEADER_MARK}{named}{locked}: the next 'pinner generate' overwrites changes.\n"


def is_written_by_pinner(text: str) -> bool:
    """Return whether the text begins with the header of a file that pinner wrote."""
    return HEADER_MARK in text.partition("\n")[0]


def _render(module: PuppetfileModule) -> str:
    comment = f"# {module.comment}\n" if module.comment else ""
    if module.kind is ModuleKind.FORGE:
        return f"{comment}mod '{module.name}', '{module.version}'\n"
    options = ",\n".join(f"  :{option.name} => '{option.value}'" for option in module.options)
    return f"{comment}mod '{module.name}',\n{options}\n"


def check_writable(puppetfile: Puppetfile) -> Iterator[Problem]:
    """Yield the reasons why the values cannot be written.

    Values that pass contain no character that could end a Ruby string.
    """
    flaw = check_moduledir(puppetfile.moduledir)
    if flaw:
        yield Problem(flaw)
    if puppetfile.forge is not None or puppetfile.exclusions:
        yield Problem("'forge' and 'exclusion' cannot be written", hint="set them in r10k.yaml")
    for module in puppetfile.modules:
        for flaw in _flaws(module):
            yield Problem(f"module {quoted(module.name)}: {flaw}", module.place)
    yield from check_directories(puppetfile)


def _flaws(module: PuppetfileModule) -> Iterator[str]:
    if module.kind is ModuleKind.GIT:
        yield from _git_flaws(module)
    elif module.kind is ModuleKind.FORGE:
        if tuple(option.name for option in module.options) != ("version",):
            yield "only the version of a Forge module can be written, because not all tools read other options"
        else:
            checks = (check_forge_name(module.name), check_forge_version(module.version or ""))
            yield from (flaw for flaw in checks if flaw)
    else:
        yield f"modules of the kind {module.kind} cannot be written"
    if module.comment is not None and (flaw := check_ref_name(module.comment)):
        yield flaw


def _git_flaws(module: PuppetfileModule) -> Iterator[str]:
    names = tuple(option.name for option in module.options)
    if names not in _GIT_OPTIONS:
        yield "only :git, :install_path and :ref can be written, in that order"
        return
    checks = (
        check_module_name(module.name),
        check_git_url(module.text("git") or ""),
        check_install_path(module.text("install_path") or "") if "install_path" in names else None,
        check_commit(module.text("ref") or ""),
    )
    yield from (flaw for flaw in checks if flaw)


def check_puppetfile(text: str, expected: Puppetfile, *, path: str = "Puppetfile") -> tuple[Problem, ...]:
    """Return the problems with the text; none means that all tools read the expected modules from it.

    A text that r10k, g10k, ra10ke, librarian-puppet and Renovate could read differently is refused for that
    reason alone. Modules and their options may be in any order. `path` is used only in problems.
    """
    portable = read_portable(text, path=path)
    if portable.problems:
        return portable.problems
    reading = read_puppetfile(text, path=path)
    unmarked = Problem(
        f"the first line does not contain {quoted(HEADER_MARK)}",
        Location(path, 1),
        "start with a comment that does",
    )
    found = portable.puppetfile
    other_moduledir = Problem(
        f"the moduledir is {quoted(found.moduledir)}, not {quoted(expected.moduledir)}", Location(path)
    )
    unlike = Problem(
        "Ruby and tools that read line by line read it differently",
        Location(path),
        "write it in the form of the built-in template",
    )
    return (
        *([] if is_written_by_pinner(text) else [unmarked]),
        *reading.problems,
        *([] if found.moduledir == expected.moduledir else [other_moduledir]),
        *_compare_modules(found, expected, Location(path)),
        *([] if found == reading.puppetfile else [unlike]),
    )


def _compare_modules(found: Puppetfile, expected: Puppetfile, place: Location) -> Iterator[Problem]:
    found_by_name = {module.name: module for module in found.modules}
    expected_by_name = {module.name: module for module in expected.modules}
    for name, module in expected_by_name.items():
        if name not in found_by_name:
            yield Problem(f"module {quoted(name)} is missing", place)
        else:
            yield from _compare(found_by_name[name], module)
    for name, module in found_by_name.items():
        if name not in expected_by_name:
            yield Problem(f"module {quoted(name)} is not expected", module.place)


def _compare(found: PuppetfileModule, expected: PuppetfileModule) -> Iterator[Problem]:
    found_values = {option.name: option.value for option in found.options}
    expected_values = {option.name: option.value for option in expected.options}
    for name, value in expected_values.items():
        if name not in found_values:
            yield Problem(f"module {quoted(found.name)}: :{name} is missing", found.place)
        elif found_values[name] != value or not isinstance(found_values[name], type(value)):
            yield Problem(f"module {quoted(found.name)}: :{name} is not {quoted(str(value))}", found.place)
    for name in found_values:
        if name not in expected_values:
            yield Problem(f"module {quoted(found.name)}: {quoted(name)} is not expected", found.place)
    if found.kind is not expected.kind:
        yield Problem(
            f"module {quoted(found.name)}: its source is {found.kind}, not {expected.kind}", found.place
        )


def as_puppetfile(lock: Lock) -> Puppetfile:
    """Return every pin as a module, sorted by name; a pin's ref becomes the comment above it."""
    modules = (_module(pin, lock.moduledir) for _, pin in sorted(lock.pins.items()))
    return Puppetfile(tuple(modules), lock.moduledir)


def _module(pin: Pin, moduledir: str) -> PuppetfileModule:
    install_path = None if pin.install_path == moduledir else pin.install_path
    if isinstance(pin, ForgePin):
        return forge_module(pin.forge, pin.version, install_path=install_path)
    comment = short_name(pin.ref) if pin.ref else None
    return git_module(pin.module, pin.git, pin.commit, install_path=install_path, comment=comment)
