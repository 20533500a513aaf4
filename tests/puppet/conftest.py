from collections.abc import Iterator

import pytest

from tests.support.oracles import RubyOracle, run_oracle


@pytest.fixture(scope="session")
def semantic_puppet() -> Iterator[RubyOracle]:
    yield from run_oracle("semantic_puppet.rb", "ruby-semantic-puppet")


@pytest.fixture(scope="session")
def ruby() -> Iterator[RubyOracle]:
    yield from run_oracle("declarations.rb", "ruby")


@pytest.fixture(scope="session")
def r10k() -> Iterator[RubyOracle]:
    yield from run_oracle("r10k_puppetfile.rb", "r10k")


@pytest.fixture(scope="session")
def puppet_types() -> Iterator[RubyOracle]:
    """Puppet's own type system."""
    yield from run_oracle("puppet_types.rb", "puppet-agent")
