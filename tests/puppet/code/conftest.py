from collections.abc import Iterator

import pytest

from tests.support.oracles import RubyOracle, run_oracle


@pytest.fixture(scope="session")
def puppet_parser() -> Iterator[RubyOracle]:
    """Puppet's own parser."""
    yield from run_oracle("puppet_parser.rb", "puppet-agent")
