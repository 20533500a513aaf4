"""A dask cluster compiles what this machine does, also if workers are killed, and is refused if it is not safe."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import dask
import pytest

from pinner.catalogs.cluster import LOCAL, Cluster, _extract, _pack, open_cluster
from pinner.catalogs.environment_tree import write_tree
from pinner.catalogs.local import compile_sides
from pinner.catalogs.process import Compiler
from pinner.catalogs.sandbox import Sandbox
from pinner.model.catalogs import Compiled, Failure, Notice
from pinner.model.errors import InputError, UnknownError
from tests.support.clusters import Certificates, dask_processes, make_certificates, write_ruby
from tests.support.processes import processes_mentioning, wait_until
from tests.support.toy_estate import make_node, write_environment, write_files

API = [f"api{number}.example.org" for number in range(1, 6)]


@pytest.fixture
def compilers(tmp_path: Path) -> tuple[Compiler, Compiler]:
    """Two environments whose module nova differs, with a stand-in for Ruby."""
    path = write_environment(tmp_path / "environments")
    write_environment(path, "staging", {"modules/nova/manifests/init.pp": "class nova {}\n"})
    ruby = str(write_ruby(tmp_path / "ruby"))
    return Compiler(path, "production", "key", ruby), Compiler(path, "staging", "key", ruby)


def connect(address: str, compiler: Compiler) -> AbstractContextManager[Cluster]:
    return open_cluster(address, ruby=compiler.ruby, sandbox=Sandbox.NONE, workers=2)


def sort(results: Iterable[tuple[int, Compiled]]) -> Sequence[tuple[int, Compiled]]:
    return sorted(results, key=lambda one: (one[0], one[1].node))


def test_the_results_are_those_of_this_machine_although_a_worker_is_killed(
    tmp_path: Path, compilers: tuple[Compiler, Compiler]
) -> None:
    once = tmp_path / "killed"
    nodes = [make_node(name) for name in API]
    nodes.append(make_node("odd1.example.org", "odd", fails=True))
    nodes.append(make_node("odd2.example.org", "odd", ends_worker=str(once)))
    certificates = make_certificates(tmp_path / "certificates")
    with (
        dask_processes(tmp_path / "dask", workers=2, certificates=certificates) as processes,
        dask.config.set(certificates.settings()),
    ):
        with connect(processes.address, compilers[0]) as cluster:
            found = sort(cluster.compile_sides(compilers, [nodes, nodes], {}))
            again = sort(cluster.compile_sides(compilers, [nodes[:1], []], {}))
        assert once.exists()
        wait_until(lambda: not processes_mentioning(compilers[0].ruby))
        wait_until(lambda: not list((tmp_path / "dask/workers").rglob("init.pp")))
    assert found == sort(compile_sides(compilers, [nodes, nodes], {}))
    assert again == found[:1]
    assert len(found) == 2 * len(nodes)


def test_processes_of_this_machine_use_nothing_that_others_prepared(
    tmp_path: Path, compilers: tuple[Compiler, Compiler], monkeypatch: pytest.MonkeyPatch
) -> None:
    marker, usual = tmp_path / "marker", tmp_path / "tmp" / "dask-scratch-space"
    usual.mkdir(parents=True)
    write_files(tmp_path / "project", {"multiprocessing.py": f"open({str(marker)!r}, 'w')\n"})
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("TMPDIR", str(usual.parent))
    monkeypatch.setattr(tempfile, "tempdir", str(usual.parent))
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    with connect(LOCAL, compilers[0]) as cluster:
        assert not list(cluster.compile_sides(compilers, [[], []], {}))
        used = list(usual.iterdir())
    assert not marker.exists()
    assert not used
    assert list(usual.parent.iterdir()) == [usual]


def test_a_node_that_ends_every_worker_fails_and_the_others_are_done(
    compilers: tuple[Compiler, Compiler],
) -> None:
    nodes = [make_node(name) for name in API]
    nodes[2] = make_node(API[2], ends_worker="always")
    with connect(LOCAL, compilers[0]) as cluster:
        assert cluster.client.security.require_encryption
        found = sort(cluster.compile_sides(compilers, [[], nodes], {}))
    expected = sort(compile_sides(compilers, [[], [make_node(name) for name in API]], {}))
    assert [one for one in found if one[1].node != API[2]] == [
        one for one in expected if one[1].node != API[2]
    ]
    (failed,) = [one.result for _, one in found if one.node == API[2]]
    assert failed == Failure(Notice("the workers that compiled this node ended"), "died")


def test_a_cluster_that_is_lost_ends_the_command(
    tmp_path: Path, compilers: tuple[Compiler, Compiler]
) -> None:
    nodes = [make_node(name) for name in API]
    with dask_processes(tmp_path / "dask", workers=1) as processes:
        scheduler, worker = processes.processes
        with connect(processes.address, compilers[0]) as connected:
            cluster = replace(
                connected, seconds=1.0
            )  # a lost scheduler may only be noticed when it does not answer
            found = cluster.compile_sides(compilers, [nodes, []], {})
            assert next(found)
            os.killpg(worker.pid, signal.SIGKILL)
            with pytest.raises(UnknownError, match="no workers are left"):
                list(found)
            found = cluster.compile_sides(compilers, [nodes, []], {})
            scheduler.kill()
            with pytest.raises(
                UnknownError, match=r"the connection to the scheduler was lost|does not answer"
            ):
                list(found)


def test_links_of_a_control_repository_stay_inside(tmp_path: Path) -> None:
    control, module = tmp_path / "control", tmp_path / "store" / "nova"
    write_files(
        control,
        {
            "data/common.yaml": "a: 1\n",
            "site/role/manifests/init.pp": "class role {}\n",
            "scripts/spec/run": "#!/bin/sh\n",
        },
    )
    (control / "scripts/spec/run").chmod(0o755)
    (control / "hiera").symlink_to("data")
    (control / "site/role/data").symlink_to("../../data")
    (control / "site/role/outside").symlink_to("../../../store")
    (control / "site/role/root").symlink_to("/etc")
    (control / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(control / "data/pipe")
    write_files(module, {"metadata.json": "{}", "spec/a.rb": "1", "manifests/init.pp": "class nova {}\n"})
    tree = write_tree(
        tmp_path / "environments", "production", modules={"modules/nova": module}, control=control
    )
    _extract(_pack(tree.environmentpath / tree.name), tmp_path / "worker/production")
    root = tmp_path / "worker/production"
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()) == [
        ".no-manifest.pp",
        "data/common.yaml",
        "environment.conf",
        "modules/nova/manifests/init.pp",
        "modules/nova/metadata.json",
        "scripts/spec/run",
        "site/role/manifests/init.pp",
    ]
    assert (root / "hiera").readlink() == Path("data")
    assert (root / "site/role/data/common.yaml").read_text() == "a: 1\n"
    assert os.access(root / "scripts/spec/run", os.X_OK)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp://192.0.2.1:8786", "tcp://192.0.2.1:8786 is not encrypted: who can reach it can run code"),
        ("tcp://scheduler.example.org:8786", "is not encrypted"),
        ("scheduler.example.org:8786", "'scheduler.example.org:8786' is not an address"),
        ("tls://scheduler.example.org", "is not an address"),
        ("tls://scheduler.example.org:x", "is not an address"),
        ("inproc://127.0.0.1:1", "is not an address"),
        ("tls://192.0.2.1:8786", "dask's setting distributed.comm.tls.ca-file is not set"),
    ],
)
def test_only_encrypted_connections_leave_this_machine(address: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)), open_cluster(address):
        pass


def test_tls_files_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    settings = Certificates(tmp_path / "ca.pem", tmp_path / "a.pem", tmp_path / "a.key").settings()
    with (
        dask.config.set(settings),
        pytest.raises(InputError, match="dask's TLS files cannot be read"),
        open_cluster("tls://192.0.2.1:8786"),
    ):
        pass


def test_a_cluster_without_workers_or_with_others_than_ours_is_an_error(
    tmp_path: Path, compilers: tuple[Compiler, Compiler]
) -> None:
    with dask_processes(tmp_path / "dask") as processes:
        with (
            pytest.raises(UnknownError, match="are the scheduler and a worker running"),
            open_cluster(processes.address, seconds=1),
        ):
            pass
        processes.start_workers(1, hidden="pinner")
        with (
            pytest.raises(UnknownError, match=r"(?s)pinner.*install 'pinner\[cluster\]=="),
            connect(processes.address, compilers[0]),
        ):
            pass
    with (
        pytest.raises(UnknownError, match="are the scheduler and a worker running"),
        open_cluster(processes.address, seconds=1),
    ):
        pass


def test_workers_without_puppet_are_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(UnknownError, match=r"worker .*there is no Ruby at"),
        open_cluster(LOCAL, ruby=str(tmp_path / "none"), workers=1),
    ):
        pass


def test_pinner_without_the_extra_names_it(tmp_path: Path) -> None:
    script = (
        "import sys\nsys.modules['dask'] = None\nfrom pinner.cli.main import run\nsys.exit(run(sys.argv[1:]))"
    )
    words = ("preview", "a", "b", "--nodes", str(tmp_path), "--scheduler", LOCAL)
    ended = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == (
        "--scheduler needs dask, which is not installed\n  hint: run 'pip install pinner[cluster]' here and on each worker\n"
    )
