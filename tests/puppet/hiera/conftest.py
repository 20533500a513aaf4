"""Puppet's own reader of data, for the tests that compare with it."""

from collections.abc import Iterator

import pytest

from tests.support.oracles import RubyOracle, run_oracle


@pytest.fixture(scope="session")
def puppet_types() -> Iterator[RubyOracle]:
    yield from run_oracle("puppet_types.rb", "puppet-agent")
