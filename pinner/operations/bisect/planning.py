"""How many runs a search will take at most, before any is made."""

from dataclasses import dataclass

from pinner.operations.bisect.histories import histories_of, runs_for
from pinner.operations.bisect.search import differing
from pinner.operations.sides import Side
from pinner.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Plan:
    """Runs at most, where the command skips none and one module breaks it by itself.

    `ends` for both ends, `modules` to find one of `changed` modules, `proof` to show that it is bad alone, `commits`
    to find one of `module`, the one with the longest search.
    """

    changed: int
    ends: int
    modules: int
    proof: int
    commits: int
    module: str | None

    @property
    def runs(self) -> int:
        """Return the sum."""
        return self.ends + self.modules + self.proof + self.commits


def plan(good: Side, bad: Side, workspace: Workspace, *, is_trusted: bool = False) -> Plan:
    """Return the plan; raises InputError where both sides run the same code.

    An end that is trusted is still run where the search comes up to it, so trust saves runs only sometimes.
    """
    changes = differing(good, bad)
    runs = {name: between.most_runs for name, between in sorted(histories_of(changes, workspace).items())}
    module = max(runs, key=lambda name: runs[name], default=None)
    return Plan(
        changed=len(changes),
        ends=1 if is_trusted else 2,
        modules=runs_for(len(changes)),
        proof=int(len(changes) > 1),
        commits=runs[module] if module else 0,
        module=module,
    )
