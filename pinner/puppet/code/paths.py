"""Which files of a module's tree make up its API, and what each kind of file holds."""

import re
from collections.abc import Iterable
from enum import Enum, auto


class Role(Enum):
    """What a file of a module is, by its path."""

    MANIFEST = auto()
    TYPE = auto()
    PROVIDER = auto()
    FUNCTION = auto()
    FACT = auto()
    EXTERNAL_FACT = auto()
    TASK = auto()
    DATA = auto()


_ROLES: tuple[tuple[re.Pattern[str], Role], ...] = tuple(
    (re.compile(pattern), role)
    for pattern, role in (
        (r"(?:manifests|functions|types|plans)/.+\.pp", Role.MANIFEST),
        (r"lib/puppet/type/[^/]+\.rb", Role.TYPE),
        (r"lib/puppet/provider/.+/[^/]+\.rb", Role.PROVIDER),
        (r"lib/puppet/functions/.+\.rb", Role.FUNCTION),
        (r"lib/puppet/parser/functions/[^/]+\.rb", Role.FUNCTION),
        (r"lib/facter/[^/]+\.rb", Role.FACT),
        (r"facts\.d/[^/]+", Role.EXTERNAL_FACT),
        (r"tasks/[^/]+(?<!\.json)(?<!\.md)", Role.TASK),
        (r"(?:data/.+\.(?:ya?ml|json|eyaml)|hiera\.yaml)", Role.DATA),
    )
)


def role_of(path: str) -> Role | None:
    """Return what the file at `path` (inside the module, with `/`) is, None where it is no part of the API."""
    return next((role for pattern, role in _ROLES if pattern.fullmatch(path)), None)


def is_api_path(path: str) -> bool:
    """Return whether a change of the file at `path` may change the module's API."""
    return role_of(path) is not None


def which_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of `paths` that matter, sorted."""
    return tuple(sorted(path for path in paths if is_api_path(path)))
