import json
from pathlib import Path

import pytest

from pinner.openstack.catalogue import presets
from tests.support.oracles import find_tool
from tests.support.repositories import make_repository
from tools.distill_puppet_openstack_builder import OUTPUT, main, render

PROGRAM = """
release = ENV['openstack_version'] || abort('which?')
%w[nova glance].each { |name| mod "stackforge/#{name}", :git => "git://example.org/#{name}", :ref => "stable/#{release}" }
mod 'acme/last', :git => 'https://example.org/last' unless release == 'grizzly'
"""


def test_the_program_is_run_once_for_each_release(tmp_path: Path) -> None:
    find_tool("ruby", "ruby")
    repository = make_repository(tmp_path / "builder.git")
    commit = repository.commit({"Puppetfile": PROGRAM}, branch="main")
    output = tmp_path / "out.json"
    main(str(repository.path), "main", str(output))
    written = json.loads(output.read_text())
    assert (written["format"], written["commit"]) == (1, commit)
    assert written["releases"]["grizzly"] == [
        ["stackforge/nova", "git://example.org/nova", "stable/grizzly"],
        ["stackforge/glance", "git://example.org/glance", "stable/grizzly"],
    ]
    assert written["releases"]["icehouse"][2] == ["acme/last", "https://example.org/last", None]


def test_what_is_packaged_is_as_the_tool_writes_it() -> None:
    packaged = json.loads(OUTPUT.read_text())
    assert OUTPUT.read_text() == render(packaged["commit"], packaged["releases"])
    assert {preset.release for preset in presets()} == set(packaged["releases"])


def test_a_repository_without_the_file_writes_nothing(tmp_path: Path) -> None:
    repository = make_repository(tmp_path / "builder.git")
    repository.commit({"README": "nothing\n"}, branch="main")
    with pytest.raises(Exception, match="returned non-zero exit status"):
        main(str(repository.path), "main", str(tmp_path / "out.json"))
    assert not (tmp_path / "out.json").exists()
