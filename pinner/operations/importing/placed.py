"""What a found module is once everything about it is decided: its home, and which one selector says what it runs."""

from dataclasses import dataclass

from pinner.openstack.series import Series
from pinner.words.places import Place
from pinner.words.wants import Selector


@dataclass(frozen=True, slots=True)
class Placed:
    """One module as a manifest can say it.

    `git` is where it lives now. `series` is the release that the ref carries, where it carries one. `commit` is the one
    that the source has locked or pinned. `floats` tells that the source names a branch that belongs to no release, or
    nothing at all, so that nobody knows what it means tomorrow. `was` is the ref that a commit was found under.
    """

    name: str
    place: Place
    git: str | None = None
    selector: Selector | None = None
    value: str = ""
    commit: str | None = None
    series: Series | None = None
    floats: bool = False
    was: str | None = None
    forge: str | None = None
    forge_version: str = ""
    install_path: str | None = None
    is_module: bool = True
