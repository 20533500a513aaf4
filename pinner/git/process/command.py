"""Runs one git command with limits on its time and output and with a controlled environment.

A timeout, Ctrl-C or too much output kills git together with its children.

The user's configuration stays in force, because it holds proxies and credential helpers. The options and
variables that pinner adds keep git from prompting, from running programs that a repository names (hooks, a
file system monitor), from contacting a server in a call that only reads, and from writing to another
repository (a git hook that starts pinner sets GIT_DIR and similar variables).
"""

import os
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from pinner.git.process.children import (
    Deadline,
    EndlessError,
    FixedDeadline,
    Output,
    OutputTooLargeError,
    OverdueError,
    ProcessGroup,
    ProcessIO,
    TransferDeadline,
    end_session,
    forget,
    limit_memory,
    start,
)
from pinner.model.errors import Problem, UnknownError
from pinner.model.text import TRANSPORTS

NO_REPOSITORY = "--git-dir=/dev/null"
"""The option for a call without a repository; git then does not search the working directory for one."""

OPTIONS = (
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "diff.orderFile=/dev/null"),  # the user's might be missing, and would change what pinner prints
    *("-c", "safe.bareRepository=explicit"),  # git >= 2.38; older ones are always given --git-dir
)
"""Options before the arguments of every call; they override the configuration of any repository.

They do not reach the git process that serves a local repository (`upload-pack`, `receive-pack`).
"""

# `git rev-parse --local-env-vars` of git 2.39 to 2.50, and what else hooks and servers set. The two ways to
# pass configuration in variables (GIT_CONFIG_PARAMETERS, GIT_CONFIG_COUNT) stay, as for git's own submodule
# commands: CI systems pass credentials and proxies in them.
_OF_ANOTHER_REPOSITORY = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_ATTR_SOURCE",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
        "GIT_PROTOCOL",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
    )
)

_DESCRIPTORS = frozenset("123456789")

_ALWAYS: Mapping[str, str] = {
    # pinner parses git's messages, so they must be in English.
    "LANGUAGE": "C",
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    # Desktops set SSH_ASKPASS, which would open a window. GIT_ASKPASS and core.askPass stay: a CI system or a
    # user sets them on purpose to answer git's prompts.
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_LITERAL_PATHSPECS": "1",
    # Read history as it was committed: no grafts, no replacements. The graft file need not exist.
    "GIT_GRAFT_FILE": "/dev/null/none",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # If an object is missing, git would fetch it from the remote in the repository's configuration and run
    # the programs that this configuration names. git >= 2.39.4 and 2.44 obeys the variable; in older
    # versions, the empty list of transports ends the fetch before anything is started.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
}


def environment(environ: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a git process: the user's variables, pinner's, and `added`.

    Variables that select another repository are left out. The process contacts no remote unless `added` has
    `allowed_transports`.
    """
    inherited = {
        name: value
        for name, value in environ.items()
        if name not in _OF_ANOTHER_REPOSITORY and not _is_trace(name, value)
    }
    return {**inherited, **_ALWAYS, **added}


def _is_trace(name: str, value: str) -> bool:
    """Return whether a variable makes git trace to stderr or to a descriptor that may be a lock of pinner's.

    pinner reads git's errors from stderr, so the user would not see that trace. A trace to a file or socket
    is kept (git(1), GIT_TRACE).
    """
    return name == "GIT_CURL_VERBOSE" or (
        name.startswith("GIT_TRACE") and (value.lower() == "true" or value in _DESCRIPTORS)
    )


def allowed_transports(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variable that lets a git process contact a remote.

    GIT_ALLOW_PROTOCOL overrides any `protocol.*` configuration; if the user's list is narrower, it is kept.
    """
    own = environ.get("GIT_ALLOW_PROTOCOL")
    allowed = [name for name in TRANSPORTS if own is None or name in own.split(":")]
    return {"GIT_ALLOW_PROTOCOL": ":".join(allowed)}


OUTPUT_LIMIT = 256 * 1024 * 1024

_OLDEST = (2, 31)
_INSTALL = "install git >= 2.31 or put it on PATH"
_VERSION = re.compile(rb"git version ([0-9]+)\.([0-9]+)")
_SECONDS_TO_PRINT_IT = 60.0
_checked: set[str | None] = set()
_checking = threading.Lock()


class GitMissingError(UnknownError):
    """git is not installed, cannot be run, or is too old."""


class GitTimeoutError(UnknownError):
    """A git call exceeded its timeout and was killed."""


class EndlessTransferError(GitTimeoutError):
    """A transfer exceeded the longest time or the largest size, and git was killed."""


class TooMuchOutputError(UnknownError):
    """The output of a git call exceeded its limit, and git was killed."""


def run(
    arguments: Sequence[str],
    *,
    timeout: float,
    stdin: bytes | None = None,
    limit: int = OUTPUT_LIMIT,
    variables: Mapping[str, str] | None = None,
    keep_open: tuple[int, ...] = (),
    running: ProcessGroup | None = None,
    received: Callable[[int], int] | None = None,
) -> Output:
    """Run `git ARGUMENTS...` and return its result.

    Options before the subcommand name the repository (`in_repository`). A call without them runs without a
    repository and never uses one that git finds itself. No hook runs, and no remote is contacted unless
    `variables` has `allowed_transports`.

    `timeout` is in seconds. It limits the whole call or, if `received` is given, the time without new data;
    `received` maps a process id to the bytes received so far. `stdin` is the input, `limit` is the
    largest size of stdout in bytes, and git and its children inherit the file descriptors `keep_open` (a
    mirror's lock). Raises GitMissingError, GitTimeoutError, TooMuchOutputError, and CancelledError if
    `running` is cancelled.
    """
    _require_git()
    process = _start(arguments, takes_input=stdin is not None, variables=variables or {}, keep_open=keep_open)
    deadline: Deadline = FixedDeadline(timeout)
    if received:
        deadline = TransferDeadline(timeout, partial(received, process.pid))
    _, subcommand = _split(arguments)
    name = f"git {subcommand}" if subcommand else "git"
    return _finish(process, stdin or b"", limit=limit, deadline=deadline, running=running, name=name)


def git_version() -> str:
    """Return the version of the git on PATH; raises GitMissingError if there is none or it is too old."""
    return (
        run(["version"], timeout=_SECONDS_TO_PRINT_IT)
        .out.decode(errors="replace")
        .strip()
        .removeprefix("git version ")
    )


def in_repository(path: Path) -> str:
    """Return the option that makes git use the repository at an absolute path, in any working directory."""
    return f"--git-dir={path}"


def _require_git() -> None:
    """Raise GitMissingError if the git on PATH is too old or prints no git version; checked once per PATH.

    If `git version` itself fails, nothing is raised: the call that follows reports why.
    """
    path = os.environ.get("PATH")
    with _checking:
        if path in _checked:
            return
        process = _start(["version"])
        deadline = FixedDeadline(_SECONDS_TO_PRINT_IT)
        output = _finish(process, b"", limit=OUTPUT_LIMIT, deadline=deadline, name="git version")
        if output.status == 0:
            _require_version(output.out)
        _checked.add(path)


def _require_version(printed: bytes) -> None:
    version = _VERSION.match(printed)
    if version is None:
        first = printed.partition(b"\n")[0].decode(errors="replace")[:80]
        message = f"`git` on PATH is not git, or a wrapper that prints more: `git version` printed {first!r}"
        raise GitMissingError(Problem(message, hint=f"{_INSTALL}, without a wrapper that prints to stdout"))
    if (int(version[1]), int(version[2])) < _OLDEST:
        message = f"git {version[1].decode()}.{version[2].decode()} is too old"
        raise GitMissingError(Problem(message, hint=_INSTALL))


def _start(
    arguments: Sequence[str],
    *,
    takes_input: bool = False,
    variables: Mapping[str, str] = MappingProxyType({}),
    keep_open: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    """Start git with pinner's options, and NO_REPOSITORY if the arguments name no repository."""
    options, _ = _split(arguments)
    is_bound = any(word == "-C" or word.startswith("--git-dir=") for word in options)
    try:
        process = start(
            ["git", *OPTIONS, *(() if is_bound else (NO_REPOSITORY,)), *arguments],
            environment=environment(os.environ, variables),
            stdin=subprocess.PIPE if takes_input else subprocess.DEVNULL,
            keep_open=keep_open,
        )
    except FileNotFoundError:
        raise GitMissingError(Problem("git is not installed", hint=_INSTALL)) from None
    except OSError as error:
        raise GitMissingError(Problem(f"git cannot be run: {error.strerror}", hint=_INSTALL)) from error
    limit_memory(process)
    return process


def _finish(
    process: subprocess.Popen[bytes],
    stdin: bytes,
    *,
    limit: int,
    deadline: Deadline,
    running: ProcessGroup | None = None,
    name: str,
) -> Output:
    """Return the result of a process once it has ended; kill it if that takes too long or fails."""
    try:
        with process, (running or ProcessGroup()).watch(process.pid):
            try:
                out, err = ProcessIO(process, stdin, limit=limit).communicate(deadline)
            except BaseException as error:
                end_session(process.pid)
                if isinstance(error, OverdueError):
                    kind = EndlessTransferError if isinstance(error, EndlessError) else GitTimeoutError
                    raise kind(Problem(f"{name} {error}")) from None
                if isinstance(error, OutputTooLargeError):
                    message = f"the output of {name} exceeded {limit} bytes"
                    raise TooMuchOutputError(Problem(message)) from None
                raise
            return Output(process.wait(), out, err)
    finally:
        forget(process)


def _split(arguments: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """Return git's own options, without their values, and the subcommand after them."""
    options: list[str] = []
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            return tuple(options), word
        options.append(word)
        if word in {"-c", "-C"}:
            next(words, None)
    return tuple(options), None
