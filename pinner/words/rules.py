"""What a finding code stands for."""

from dataclasses import dataclass

from pinner.words.findings import Level


@dataclass(frozen=True, slots=True)
class Rule:
    """One code: `meaning` says which rule is broken, `mend` what to do about it; both in plain sentences."""

    code: str
    level: Level
    meaning: str
    mend: str
