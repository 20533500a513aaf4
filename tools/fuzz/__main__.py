"""`make fuzz`: every reader of untrusted text on mutated samples of the tests, for a bounded time.

A fault is an exception other than PinnerError, an input that takes more than 10 s of processor time, a message that
cannot be printed, or a broken law of a target. Each is printed with what repeats it; exit code 1 then.
"""

import argparse
import random
import re
import secrets
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from pinner.model.errors import PinnerError
from pinner.model.text import redact, visible
from tools.fuzz.mutation import mutate
from tools.fuzz.targets import TARGETS, Target

LONGEST: Final = 10.0
"""Seconds of processor time that one input may take."""


class HangError(BaseException):
    """The time of one input is over; no reader's own `except Exception` may swallow it."""


def find_fault(target: Target, text: str, *, limit: float = LONGEST) -> str | None:
    """Return what is wrong with how a target reads the text, with a traceback; None if nothing is."""
    try:
        with _limited(limit):
            _print(list(target.run(text)))
    except PinnerError as error:
        return _find_unprintable(str(error))
    except HangError:
        return f"it took more than {limit:g} s\n{traceback.format_exc()}"
    except Exception:  # noqa: BLE001 - every other exception is what is looked for
        return traceback.format_exc()
    return None


def _find_unprintable(message: str) -> str | None:
    try:
        _print([message])
    except (UnicodeError, AssertionError):
        return traceback.format_exc()
    return None


def _print(messages: list[str]) -> None:
    """Raise unless the messages can be printed as pinner prints them."""
    for message in messages:
        shown = visible(redact(message))
        shown.encode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f]", shown), "a control character is printed"


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise HangError after so much processor time: what else the machine does is no fault."""

    def give_up(_number: int, _frame: FrameType | None) -> NoReturn:
        raise HangError

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fuzz(targets: Mapping[str, Target], *, seed: int, seconds: float) -> tuple[dict[str, int], list[str]]:
    """Return how many inputs each target took within the time, and the faults, at most one for each target."""
    counts = dict.fromkeys(targets, 0)
    faults: dict[str, str] = {}
    corpora = {name: target.corpus() for name, target in targets.items()}
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end and len(faults) < len(targets):
        for name, target in targets.items():
            if name in faults or number % target.cost or time.monotonic() >= end:
                continue
            text = mutate(corpora[name], random.Random(f"{seed}/{name}/{number}"))  # noqa: S311 - repeatable, no secret
            counts[name] += 1
            if fault := find_fault(target, text.encode(errors="replace").decode()):
                faults[name] = f"{name}, input {number} of seed {seed}: {text!r}\n{fault}"
        number += 1
    return counts, list(faults.values())


def main() -> int:
    """Run what the command line asks for; return 1 if there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--seed", type=int, default=None, help="repeat a run (default: a new one)")
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} (default: all)"
    )
    options = parser.parse_args()
    if unknown := [name for name in options.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}")
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    chosen = {name: TARGETS[name] for name in options.targets or TARGETS}
    sys.stderr.write(f"fuzzing {len(chosen)} targets for {options.seconds:g} s; repeat with SEED={seed}\n")
    counts, faults = fuzz(chosen, seed=seed, seconds=options.seconds)
    for name, count in counts.items():
        print(f"{name}: {count} inputs")
    for fault in faults:
        print(f"\nFAULT in {fault}")
    print(f"{sum(counts.values())} inputs, {len(faults)} faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
