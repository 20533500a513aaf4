"""What the end-to-end tests share, made once in a run: downloads, servers, locks."""

from collections.abc import Iterator, Mapping

import pytest

from tests.support import debian_modules
from tests.support.chain import Chain, run_chain
from tests.support.debian_modules import DebianModule
from tests.support.oracles import find_tool


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[DebianModule, ...]]:
    """Every suite's modules, downloaded once in a run, if all the peers are there that the chain needs."""
    for tool, package in (("git", "git"), ("r10k", "r10k"), ("g10k", "g10k"), ("puppet", "puppet-agent")):
        find_tool(tool, package)
    names = (*debian_modules.OPENSTACK, *debian_modules.THIRD_PARTY)
    return debian_modules.download(tmp_path_factory.mktemp("debian"), names)


@pytest.fixture(scope="session")
def chain(
    modules: Mapping[str, tuple[DebianModule, ...]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    """The chain up to generated Puppetfiles."""
    with run_chain(tmp_path_factory.mktemp("chain"), modules) as chain:
        yield chain
