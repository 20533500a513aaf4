"""Settings of all tests."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.disks import memory_with_room
from tests.support.preloaded import preloaded_pinner
from tests.support.properties import load_profile

load_profile()

# Thousands of tests are collected and stay: garbage collection need not go through them, while they are made or later.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Let the unit tests write to memory: a disk takes most of their time for tens of thousands of small files.

    `--basetemp` is obeyed as ever. The end-to-end tests run Puppet, which makes no directory at or below `/dev`.
    """
    is_unit = "not e2e" in config.getoption("markexpr")
    if is_unit and "PYTEST_DEBUG_TEMPROOT" not in os.environ and (memory := memory_with_room()):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(memory)


def pytest_collection_finish() -> None:
    """Collect garbage again, but not what exists now."""
    gc.freeze()
    gc.enable()


# Python writes bytecode, even if the environment forbids it: every pinner that a test starts would else compile all it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.pop("PYTHONUNBUFFERED", None)  # users have not set it, and the end of a process is another with it
sys.dont_write_bytecode = False

# jsonschema would build parsers of IRIs, which takes seconds in each process; no schema that is used here has that format.
sys.modules["rfc3987_syntax"] = ModuleType("rfc3987_syntax")

# What a shell without job control starts in the background ignores Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Nor does it matter who starts the tests: a git hook, which sets GIT_DIR, or a user whose files nobody else may read.
for name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[name]
os.umask(0o022)

# git waits for the disk whenever it has stored something, which no test depends on; its own tests set the same.
os.environ["GIT_TEST_FSYNC"] = "0"


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory with a `pinner` that starts fast."""
    with preloaded_pinner(tmp_path_factory.mktemp("scripts")) as found:
        yield found
