"""Versions of Puppet modules: SemVer as Puppet's semantic_puppet reads and orders it, and what tags mean by them.

No text makes this slow or fail: what is longer than LONGEST characters is no version. (Python refuses to turn more than
4,300 digits into a number, so a bound is needed anyway.)
"""

import re
from dataclasses import dataclass
from typing import Final

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion

LONGEST: Final = 1000
"""Characters of the longest text that is read as a version."""

_NUMBER: Final = r"(0|[1-9][0-9]*)"
_PARTS: Final = r"([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)"
_SEMVER: Final = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PARTS})?(?:\+{_PARTS})?")
_TAG_PREFIX: Final = re.compile(r"release-|v")
_SEMVER_LENGTH: Final = 3
_OPENSTACK_LENGTH: Final = 4

Identifier = int | str


@dataclass(frozen=True, slots=True)
class Version:
    """Equal means the same text; `<`, `<=`, `>`, `>=` compare by SemVer's precedence, which ignores `build`.

    `pre_release` is None for a release. An empty one is below every other version of the same three numbers.
    """

    major: int
    minor: int
    patch: int
    pre_release: tuple[Identifier, ...] | None = None
    build: tuple[str, ...] = ()

    @property
    def is_stable(self) -> bool:
        """Tell whether this is a release: nothing that a range must name before it lets it in."""
        return not self.pre_release

    @property
    def release(self) -> tuple[int, int, int]:
        """Return the three numbers."""
        return self.major, self.minor, self.patch

    @property
    def _precedence(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        identifiers = tuple(_identifier_precedence(part) for part in self.pre_release or ())
        return self.release, self.pre_release is None, identifiers

    def __lt__(self, other: "Version") -> bool:
        return self._precedence < other._precedence

    def __le__(self, other: "Version") -> bool:
        return self._precedence <= other._precedence

    def __gt__(self, other: "Version") -> bool:
        return self._precedence > other._precedence

    def __ge__(self, other: "Version") -> bool:
        return self._precedence >= other._precedence

    def __str__(self) -> str:
        pre_release = "" if self.is_stable else "-" + ".".join(map(str, self.pre_release or ()))
        build = "+" + ".".join(self.build) if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre_release}{build}"


def _identifier_precedence(part: Identifier) -> tuple[bool, int, str]:
    """Numbers come first and by value, words after them and by their bytes."""
    return (False, part, "") if isinstance(part, int) else (True, 0, part)


def parse_version(text: str) -> Version | None:
    """Return the version that the whole text spells in SemVer, or None.

    The rule is semantic_puppet's Version.parse, but for a line break at the end, which that lets pass.
    """
    match = _SEMVER.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    major, minor, patch, pre_release, build = match.groups()
    identifiers = parse_pre_release(pre_release)
    if pre_release and identifiers is None:
        return None
    return Version(int(major), int(minor), int(patch), identifiers, parse_build(build))


def parse_pre_release(text: str | None) -> tuple[Identifier, ...] | None:
    """Split what stands after the hyphen; None if nothing does, or if a number in it has a leading zero."""
    parts = text.split(".") if text else []
    if not parts or any(part.isdigit() and part != str(int(part)) for part in parts):
        return None
    return tuple(int(part) if part.isdigit() else part for part in parts)


def parse_build(text: str | None) -> tuple[str, ...]:
    """Split what stands after the plus sign."""
    return tuple(text.split(".")) if text else ()


def version_of_tag(tag: str) -> Version | None:
    """Return the version that a tag (its short name) names, or None.

    `v9.7.0` and `release-0.0.1` are SemVer behind a prefix. OpenStack's tags are Python's (PEP 440): `8.0.0b1` and
    `13.0.0.0rc1` become 8.0.0-b.1 and 13.0.0-rc.1, so that rc.10 comes after rc.9. `2023.2-eol` and its like are none.
    """
    prefix = _TAG_PREFIX.match(tag)
    text = tag[prefix.end() :] if prefix else tag
    return parse_version(text) or _python_pre_release(text)


def _python_pre_release(text: str) -> Version | None:
    """Read a pre-release in PEP 440's spelling; all other versions that it knows and SemVer does not are none."""
    try:
        version = PythonVersion(text) if len(text) <= LONGEST else None
    except InvalidVersion:
        return None
    if (
        version is None
        or version.pre is None
        or version.is_devrelease
        or version.is_postrelease
        or version.local
    ):
        return None
    numbers = version.release
    if len(numbers) == _OPENSTACK_LENGTH and numbers[-1] == 0:
        numbers = numbers[:-1]
    if version.epoch or len(numbers) != _SEMVER_LENGTH:
        return None
    return Version(*numbers, pre_release=version.pre)
