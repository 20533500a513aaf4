"""How the tools that read Puppetfiles read them, for tests that compare.

r10k, g10k and librarian-puppet are the real programs. ra10ke is a gem that no package registry here has, and Renovate
an npm package of hundreds of megabytes: the parsers of both are written down again from their source, statement by
statement (ra10ke 4.0 lib/ra10ke/puppetfile_parser.rb and monkey_patches.rb, Renovate
lib/modules/manager/puppet/puppetfile-parser.ts and extract.ts of 2024), independent of pinner's own readers.
"""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.oracles import RubyOracle, find_tool


class Seen(NamedTuple):
    """What a tool makes of one `mod`: a git module has a URL and a ref, a Forge module a version as its ref."""

    name: str
    git: str | None
    ref: str | None


Reading = frozenset[Seen] | None
"""All modules that a tool finds; None if it stops with an error."""

_STRING_BLANKS = "\x00\t\n\v\f\r "
_JS_BLANK = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
_JS_COMMENT = re.compile(r"#[^\n\r\u2028\u2029]*\Z")
_JS_FORGE = re.compile(rf"forge{_JS_BLANK}+['\"]([^'\"]+)['\"]")
_JS_VALUE = re.compile(rf"(?:{_JS_BLANK}*:([A-Za-z0-9_]+){_JS_BLANK}+=>{_JS_BLANK}+)?['\"]([^'\"]+)['\"]")


def read_as_ra10ke(text: str) -> Reading:
    """Return what ra10ke's text parser finds, without the nameless module that it makes of all before the first."""
    lines = [_strip_comment(line) for line in re.findall(r"[^\n]*\n|[^\n]+", text)]
    parts = re.split(r"^mod", "\n".join(lines), flags=re.MULTILINE)
    read = [_read_for_ra10ke(part) for part in parts if part and not re.search(r"^forge", part, re.MULTILINE)]
    return frozenset(seen for seen in read if seen.name)


def _strip_comment(line: str) -> str:
    match = re.search(r"[#\n]", line)
    return (line[: match.start()] if match else line).rstrip(_STRING_BLANKS)


def _read_for_ra10ke(part: str) -> Seen:
    first, *arguments = [argument.strip(_STRING_BLANKS) for argument in part.split(",")]
    words = [word for word in re.split(r"[-/]", re.sub(r"['\"]", "", first)) if word] or [""]
    options: dict[str, str | None] = {}
    for argument in arguments:
        pieces = re.split(r"\A:|:\s|=>", re.sub(r"['\"]", "", argument))
        values = [piece.strip(_STRING_BLANKS) for piece in pieces if piece.strip(_STRING_BLANKS)]
        options |= {values[0]: values[-1]} if len(values) > 1 else {"version": values[0] if values else None}
    name = "/".join(words[:2])
    ref = next(
        (options[key] for key in ("ref", "tag", "commit", "branch", "version") if key in options), None
    )
    return Seen(name, options.get("git"), ref)


def read_as_renovate(text: str) -> Reading:
    """Return what Renovate's manager for Puppetfiles finds."""
    modules: list[tuple[list[str], dict[str, str]]] = [([], {})]
    for raw in re.split(r"\r?\n", text):
        line = _JS_COMMENT.sub("", raw, count=1)
        if _JS_FORGE.match(line):
            modules.append(([], {}))
            continue
        if line.startswith("mod"):
            modules.append(([], {}))
        for key, value in _JS_VALUE.findall(line):
            if key:
                modules[-1][1][key] = value
            else:
                modules[-1][0].append(value)
    return frozenset(_seen_by_renovate(*module) for module in modules if any(module))


def _seen_by_renovate(values: list[str], tags: dict[str, str]) -> Seen:
    version = values[1] if len(values) > 1 else None
    ref = next((tags[key] for key in ("ref", "tag", "commit", "branch") if key in tags), version)
    return Seen(values[0] if values else "", tags.get("git"), ref)


def read_as_r10k(r10k: RubyOracle, text: str) -> Reading:
    """Return what r10k loads."""
    found = r10k.ask(text)
    if not isinstance(found, list):
        return None
    return frozenset(
        Seen(one["name"], wanted.get("remote"), wanted.get("desired_ref", wanted.get("expected_version")))
        for one in found
        for wanted in [one["wanted"]]
    )


def read_as_librarian(librarian: RubyOracle, text: str) -> Reading:
    """Return the dependencies that librarian-puppet reads."""
    found = librarian.ask(text)
    if not isinstance(found, list):
        return None
    return frozenset(Seen(one["name"].replace("-", "/"), one["git"], one["ref"]) for one in found)


def deploy_with_g10k(text: str, directory: Path) -> dict[str, str] | None:
    """Deploy with g10k; return module directory -> what its file `here` holds, None if g10k stops with an error."""
    directory.mkdir()
    puppetfile = directory / "Puppetfile"
    puppetfile.write_text(text, encoding="utf-8", newline="")
    command = [find_tool("g10k", "g10k"), "-puppetfile", "-quiet", "-puppetfilelocation", str(puppetfile)]
    command += ["-moduledir", str(directory / "modules"), "-cachedir", str(directory.parent / "g10k")]
    environment = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(
        command, cwd=directory, capture_output=True, timeout=600, env=environment, check=False
    )
    if done.returncode:
        return None
    return {path.parent.name: path.read_text() for path in directory.glob("modules/*/here")}
