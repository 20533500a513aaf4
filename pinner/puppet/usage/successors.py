"""Under which name something goes on that is gone from where it was."""

from collections.abc import Iterable

from pinner.puppet.usage.codebase import Codebase, Owner
from pinner.puppet.usage.judging import one_line
from pinner.words.changes import ApiChange, Change
from pinner.words.uses import Use

_OF_WHOLE = frozenset({Change.REMOVED, Change.RENAMED, Change.UNREADABLE})
_OF_PARAMETER = frozenset({Change.PARAMETER_REMOVED, Change.PARAMETER_RENAMED})


class Successors:
    """Answers from the changes between two codebases, and from what the old one said of its own deprecations."""

    def __init__(self, before: Codebase, after: Codebase, changes: Iterable[ApiChange]) -> None:
        self.before = before
        self.after = after
        self.changes: dict[tuple[str, str | None], ApiChange] = {}
        for change in changes:
            if change.change in (_OF_PARAMETER if change.parameter else _OF_WHOLE):
                self.changes.setdefault((change.definition, change.parameter), change)

    def key(self, use: Use, old: Owner) -> str | None:
        """Return what to write instead of a use that is gone, None where nobody tells."""
        whole = self.changes.get((use.owner, None))
        owner = (whole.new if whole and whole.change is Change.RENAMED else None) or use.owner
        if use.parameter is None:
            return owner if owner != use.owner else None
        change = self.changes.get((use.owner, use.parameter))
        renamed = change.new if change and change.change is Change.PARAMETER_RENAMED else None
        advised = old.parameters[use.parameter].replacement
        names = (renamed, advised, use.parameter if owner != use.owner else None)
        return next((key for name in names if (key := self.written(name, owner))), None)

    def written(self, name: str | None, owner: str) -> str | None:
        """Return the whole key that `name`, a parameter of `owner` or of another class, stands for if it exists now."""
        if not name or ", " in name:
            return None
        whole = name.removeprefix("::") if "::" in name else f"{owner}::{name}"
        holder, _, parameter = whole.rpartition("::")
        found = self.after.classes.get(holder) or self.after.defines.get(holder)
        return whole if found and parameter in found.parameters else None

    def is_unreadable(self, use: Use) -> bool:
        """Return whether the file of what is used cannot be read any more, so that nobody knows what is in it."""
        whole = self.changes.get((use.owner, None))
        return whole is not None and whole.change is Change.UNREADABLE

    def hint(self, use: Use) -> str | None:
        """Return what is known of why it is gone."""
        if use.module not in self.after.modules and use.module in self.before.modules:
            return f"module '{use.module}' is no longer in the environment"
        change = self.changes.get((use.owner, use.parameter)) or self.changes.get((use.owner, None))
        return one_line(change.hint) if change and change.hint else None
