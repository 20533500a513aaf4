from collections.abc import Iterator

import pytest

from tests.support.oracles import RubyOracle, run_oracle


@pytest.fixture(scope="session")
def puppet_language() -> Iterator[RubyOracle]:
    """Puppet's own parser and evaluator."""
    yield from run_oracle("puppet_language.rb", "puppet-agent")
