"""The one function that starts git. Never decides what a failure means: callers read status and stderr.

Every process leads a session of its own, so that a timeout, Ctrl-C or too much output ends git together with its
children (`git-remote-https`, `ssh`, `index-pack`); GitPython's own `kill_after_timeout` ends only those that `ps`
happens to list at that moment.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pinner.git import surroundings
from pinner.git.conversation import Conversation, OutputTooLargeError
from pinner.git.running import Running, end_session
from pinner.words.problems import Problem, UnknownError

OUTPUT_LIMIT = 256 * 1024 * 1024
NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
"""What to put before a command that writes: a user's hooks are for the user's own repositories."""


class GitMissingError(UnknownError):
    """There is no git program to ask."""


class GitTimeoutError(UnknownError):
    """A git call did not end within its time and was killed."""


class TooMuchOutputError(UnknownError):
    """A git call said more than its caller is ready to hold and was killed."""


@dataclass(frozen=True, slots=True)
class Output:
    """How a git call ended: exit status (negative: killed by that signal), stdout, and the end of stderr."""

    status: int
    out: bytes
    err: str


def run(
    arguments: Sequence[str],
    *,
    timeout: float,
    given: bytes | None = None,
    limit: int = OUTPUT_LIMIT,
    variables: Mapping[str, str] | None = None,
    keep_open: tuple[int, ...] = (),
    running: Running | None = None,
) -> Output:
    """Return how `git ARGUMENTS...` ended.

    `timeout` is in seconds; `given` goes to stdin; `limit` is the most bytes of stdout to hold; `keep_open` are file
    descriptors that git and its children inherit (a mirror's lock). Raises GitMissingError, GitTimeoutError,
    TooMuchOutputError, and CancelledError when `running` was cancelled.
    """
    deadline = time.monotonic() + timeout
    process = _start(arguments, takes_input=given is not None, variables=variables or {}, keep_open=keep_open)
    with process:
        with (running or Running()).watch(process.pid):
            out, err = _converse(process, given or b"", limit=limit, deadline=deadline, name=_name(arguments))
        return Output(process.wait(), out, err)


def in_repository(path: Path) -> str:
    """Return the option that binds git to the bare repository at an absolute path, wherever pinner was started."""
    return f"--git-dir={path}"


def _start(
    arguments: Sequence[str], *, takes_input: bool, variables: Mapping[str, str], keep_open: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    from git.cmd import Git  # noqa: PLC0415 - loading it takes 0.1 s, which `pinner --version` need not pay
    from git.exc import GitCommandNotFound  # noqa: PLC0415 - the same

    try:
        handle = Git().execute(
            [*surroundings.without_leaks(os.environ), "git", *arguments],
            istream=subprocess.PIPE if takes_input else None,
            as_process=True,
            env={**surroundings.additions(os.environ), **variables},
            start_new_session=True,
            pass_fds=keep_open,
        )
    except GitCommandNotFound:
        raise GitMissingError(
            Problem("git is not installed", hint="install git >= 2.31 or put it on PATH")
        ) from None
    process = cast("subprocess.Popen[bytes]", handle.proc)
    handle.proc = None  # its destructor would end the process
    return process


def _converse(
    process: subprocess.Popen[bytes], given: bytes, *, limit: int, deadline: float, name: str
) -> tuple[bytes, str]:
    try:
        return Conversation(process, given, limit=limit).hold(deadline)
    except BaseException as error:
        end_session(process.pid)
        if isinstance(error, TimeoutError):
            raise GitTimeoutError(Problem(f"{name} did not end in time")) from None
        if isinstance(error, OutputTooLargeError):
            raise TooMuchOutputError(Problem(f"{name} said more than {limit} bytes")) from None
        raise


def _name(arguments: Sequence[str]) -> str:
    """Return what a message calls the call: git and its verb, without the options before it."""
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return f"git {word}"
        if word in {"-c", "-C"}:
            next(words, None)
    return "git"
