"""A peer that is missing must not pass for a peer that agrees."""

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.support.oracles import find_tool


def test_a_missing_tool_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Failed, match=r"needs no-such-tool \(Debian's package none\); CI must have it"):
        find_tool("no-such-tool", "none")


def test_a_missing_tool_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Skipped, match="needs no-such-tool"):
        find_tool("no-such-tool", "none")
