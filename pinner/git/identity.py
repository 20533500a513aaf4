"""Who commits: what git's own configuration and variables say, in the form git stores it. Never guesses."""

import re
from dataclasses import dataclass
from pathlib import Path

from pinner.git.command import run
from pinner.git.diagnosis import essence
from pinner.words.problems import InputError, Problem

_TIMEOUT = 30.0
# A name and address made up from the login and the host would stand in the history for ever.
_NO_GUESS = ("-c", "user.useConfigOnly=true")
_PERSON = re.compile(
    r"\s*([^<>\x00-\x1f\x7f]*[^<>\x00-\x20\x7f])\s*<([^<>\x00-\x20\x7f]+@[^<>\x00-\x20\x7f]+)>\s*"
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Identity:
    """Author and committer, each as `NAME <EMAIL> SECONDS ZONE`."""

    author: str
    committer: str


def read_identity(directory: Path, *, author: str | None = None) -> Identity:
    """Return who git says is committing from that directory; `author` is `NAME <EMAIL>`, and stands in for git's own.

    Raises InputError where git knows nobody, or `author` has another form.
    """
    given = _variables("AUTHOR", author) if author is not None else {}
    found = _ask(directory, "AUTHOR", given)
    stand_in = {name.replace("AUTHOR", "COMMITTER"): value for name, value in given.items()}
    committer = _ask(directory, "COMMITTER", {}) or (stand_in and _ask(directory, "COMMITTER", stand_in))
    if found and committer:
        return Identity(found, committer)
    hint = "git config --global user.name NAME; git config --global user.email EMAIL; or give --author 'NAME <EMAIL>'"
    raise InputError(Problem("git does not know who commits", hint=hint))


def _variables(role: str, person: str) -> dict[str, str]:
    match = _PERSON.fullmatch(person)
    if match is None or len(person) > _LONGEST:
        raise InputError(Problem(f"--author: {person[:_LONGEST]!r} is not of the form 'NAME <EMAIL>'"))
    return {f"GIT_{role}_NAME": match[1], f"GIT_{role}_EMAIL": match[2]}


def _ask(directory: Path, role: str, variables: dict[str, str]) -> str:
    """Return what git stores for a role, nothing where it knows nobody; raises InputError for a name git refuses."""
    words = ["-C", str(directory), *_NO_GUESS, "var", f"GIT_{role}_IDENT"]
    output = run(words, timeout=_TIMEOUT, variables=variables)
    if output.status == 0:
        return output.out.decode(errors="replace").strip()
    if "auto-detection is disabled" in output.err:
        return ""
    raise InputError(
        Problem(f"git cannot say who commits: {essence(output)}", hint="see 'git var GIT_AUTHOR_IDENT'")
    )
