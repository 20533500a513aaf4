"""`python -m pinner`."""

import sys

from pinner.cli.main import run

sys.exit(run())
