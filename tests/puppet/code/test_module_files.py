"""Which files Puppet reads, and which ones tools leave behind."""

import pytest

from pinner.puppet.code.ruby import is_leftover, is_read


@pytest.mark.parametrize(
    "path",
    [
        "manifests/init.pp",
        "lib/facter/a/b.rb",
        "metadata.json",
        "Modulefile",
        "hiera.yaml",
        "facts.d/a.txt",
        "data/x",
    ],
)
def test_what_puppet_reads(path: str) -> None:
    assert is_read(path)


@pytest.mark.parametrize(
    "path",
    ["README.md", "spec/manifests/init.pp", "manifests", "sub/metadata.json", ".gitignore", "library/x", ""],
)
def test_what_puppet_does_not_read(path: str) -> None:
    assert not is_read(path)


@pytest.mark.parametrize(
    "path", ["checksums.json", "manifests/init.pp.orig", "a/.svn/entries", "b~", "lib/x.pyc"]
)
def test_what_tools_leave(path: str) -> None:
    assert is_leftover(path, ())


@pytest.mark.parametrize("path", ["manifests/init.pp", "svn/a", "REVISION", "orig"])
def test_what_somebody_wrote(path: str) -> None:
    assert not is_leftover(path, ())


def test_metadata_that_was_built_of_a_modulefile() -> None:
    assert is_leftover("metadata.json", ("Modulefile",))
    assert not is_leftover("metadata.json", ("Modulefile", "metadata.json"))
    assert not is_leftover("metadata.json", ())
