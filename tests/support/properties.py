"""How many examples a property test tries, and of which seed.

`make test` tries the same examples on every machine and every day; `make properties` tries many more, of a new seed,
and prints that seed. A test that sets `max_examples` takes the number from `examples`.
"""

import os

from hypothesis import settings

FIXED, RANDOM = "fixed", "random"
_PROFILE = os.environ.get("HYPOTHESIS_PROFILE", FIXED)
_FACTOR = int(os.environ.get("PROPERTIES_FACTOR", "20")) if _PROFILE == RANDOM else 1
_USUAL = 100


def examples(usual: int) -> int:
    """Return how many examples to try where `make test` tries `usual`."""
    return usual * _FACTOR


def load_profile() -> None:
    """Let hypothesis use the profile that the environment variable HYPOTHESIS_PROFILE names."""
    # How long an example takes depends on what else the machine does: no test may fail because of it.
    settings.register_profile(FIXED, deadline=None, derandomize=True, database=None)
    settings.register_profile(RANDOM, deadline=None, print_blob=True, max_examples=examples(_USUAL))
    settings.load_profile(_PROFILE)
