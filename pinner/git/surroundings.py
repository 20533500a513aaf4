"""What git finds around it when pinner starts it: variables, and what must not leak in from the caller.

Never starts a process itself. The user's own configuration stays in force, because proxies and credential helpers live
there; what pinner adds keeps git from asking questions, from speaking other transports and from writing into another
repository (a git hook that starts pinner sets GIT_DIR and its kin).
"""

from collections.abc import Mapping

TRANSPORTS = ("file", "git", "http", "https", "ssh")

# `git rev-parse --local-env-vars` of git 2.39 to 2.50, and what hooks and servers set beside it. The two ways to hand
# configuration down (GIT_CONFIG_PARAMETERS, GIT_CONFIG_COUNT) stay, as they do for git's own submodule commands:
# CI systems pass credentials and proxies there.
_OF_ANOTHER_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
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

_ALWAYS: Mapping[str, str] = {
    "GIT_TERMINAL_PROMPT": "0",
    # A desktop sets SSH_ASKPASS, which would open a window. GIT_ASKPASS and core.askPass stay: they are how a CI
    # system or a user answers git on purpose.
    "SSH_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_DEFAULT_HASH": "sha1",
    "GIT_DEFAULT_REF_FORMAT": "files",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
}


def without_leaks(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words to put before a command so that variables of another repository do not reach it.

    GitPython's `env=` can only add variables, hence `env -u`; usually there is nothing to take away.
    """
    leaking = [name for name in _OF_ANOTHER_REPOSITORY if name in environ]
    return ("env", *(word for name in leaking for word in ("-u", name))) if leaking else ()


def additions(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables to add for every git process.

    GIT_ALLOW_PROTOCOL is stronger than any `protocol.*` configuration; a narrower list of the user's is kept.
    """
    own = environ.get("GIT_ALLOW_PROTOCOL")
    allowed = [name for name in TRANSPORTS if own is None or name in own.split(":")]
    return {**_ALWAYS, "GIT_ALLOW_PROTOCOL": ":".join(allowed)}
