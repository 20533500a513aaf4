"""The packaged facts on the day they were collected, so that no test depends on the day it runs."""

from collections.abc import Iterator
from datetime import date

import pytest

from pinner.openstack.facts import packaged_facts, use_facts


@pytest.fixture(autouse=True)
def day_of_the_facts() -> Iterator[None]:
    use_facts(today=date.fromisoformat(packaged_facts().collected))
    yield
    use_facts()
