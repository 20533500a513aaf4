"""The day on which tests of commands take place: what is reported about ends of life and old facts depends on it."""

import importlib
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pinner.openstack.facts import packaged_facts

TODAY = date.fromisoformat(packaged_facts().collected) + timedelta(days=100)
NOON = datetime.combine(TODAY, time(12), UTC)
_READERS = ("pinner.cli.workspace", "pinner.cli.start.init")


class _Clock(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_Clock":
        """Return noon of that day."""
        return cls.fromtimestamp(NOON.timestamp(), tz)


def stop_the_clock() -> None:
    """Let commands that run in this process take place on that day, whenever the tests run.

    Times of files and of deployments, which other programs read as well, stay those of the machine.
    """
    for module in _READERS:
        vars(importlib.import_module(module))["datetime"] = _Clock
