from pathlib import Path

import pytest

from tests.support.projects import Writer


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    return Writer(tmp_path.resolve())
