"""The codes of all findings: what each means, how bad it is, how it is mended. Codes are stable: scripts rely on them.

SARIF's rules and docs/reference/findings.md come from here, and a test holds every finding in the code to its row.
"""

from collections.abc import Mapping

from pinner.words.codes_of_servers import RULES_OF_SERVERS
from pinner.words.codes_of_sets import RULES_OF_SETS
from pinner.words.codes_of_sites import RULES_OF_SITES
from pinner.words.rules import Rule

__all__ = ["RULES", "Rule"]

RULES: Mapping[str, Rule] = {rule.code: rule for rule in (*RULES_OF_SETS, *RULES_OF_SITES, *RULES_OF_SERVERS)}
