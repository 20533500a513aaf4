"""A module whose code moves, with the mirrors that hold both of its commits."""

from dataclasses import dataclass

from pinner.git.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Shift:
    """`name` is the module's after the move; the commits are whole ids, each held by the mirror beside it."""

    name: str
    old_mirror: Mirror
    old: str
    new_mirror: Mirror
    new: str
