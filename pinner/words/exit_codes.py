"""What pinner's exit codes mean (docs/reference/output.md); 0 is done, or yes."""

from typing import Final

NO: Final = 1
WRONG_INPUT: Final = 2
COULD_NOT_FIND_OUT: Final = 3
BUG: Final = 4
INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
"""What a shell shows for a program that a closed pipe ended, as in `pinner status | head -1`."""
TERMINATED: Final = 143
"""The same for one that SIGTERM ended."""
