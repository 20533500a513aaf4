"""`compile`: whether every node of an environment compiles."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from pinner.catalogs.environment_tree import modules_in
from pinner.catalogs.facts import with_legacy_facts, without_legacy_facts
from pinner.catalogs.node_sources import PORT, classify, fetch_inventory, split_command
from pinner.catalogs.sandbox import Sandbox
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    complete_environment,
    example,
    format_option,
    remote_options,
    sandbox_option,
)
from pinner.cli.output import Format, is_verbose, print_message, print_report
from pinner.cli.workspace import open_workspace
from pinner.comparing.compile import CompileOptions, compile_classes, compile_environment
from pinner.deploying.versions.flush import check_url, client_context, find_certificates
from pinner.model.catalogs import Node
from pinner.model.errors import COULD_NOT_FIND_OUT, NO, InputError, Problem, UnknownError, with_hints_once
from pinner.model.lock import Lock
from pinner.project.foreign.node_facts import (
    NodesRead,
    choose_nodes,
    classified,
    parse_inventory,
    read_nodes,
)
from pinner.report.words import count
from pinner.workspace.locks import read_lock_ref
from pinner.workspace.workspace import Workspace

FACTS_HINT: Final = "'facter --json > facts/NODE.json' on a node writes its facts"
Command = TypeVar("Command", bound=Callable[..., Any])
_directory = click.Path(exists=True, file_okay=False, path_type=Path)
_file = click.Path(exists=True, dir_okay=False, path_type=Path)
nodes_option = click.option(
    "--nodes",
    "nodes_directory",
    metavar="DIR",
    type=_directory,
    help="Facts of the nodes: files of facter, puppet facts, PuppetDB, or a Puppet Server's cache.",
)
puppetdb_option = click.option(
    "--puppetdb",
    "puppetdb_url",
    metavar="URL",
    help="Take the facts of all nodes from the PuppetDB at URL, instead of --nodes.",
)
ssldir_option = click.option(
    "--ssldir",
    metavar="DIR",
    type=_directory,
    help="With --puppetdb or --server: the agent's certificates (default: those of this machine's Puppet).",
)
only_option = click.option(
    "--only", metavar="GLOB", multiple=True, help="Compile only nodes with such a name (repeatable)."
)
sample_option = click.option(
    "--sample",
    metavar="N",
    type=click.IntRange(1),
    help="Compile N nodes of each role and operating system, and count the others.",
)
enc_option = click.option(
    "--enc",
    metavar="CMD",
    help="External node classifier: CMD prints the classes of the node named by its last argument.",
)


def compile_options(command: Command) -> Command:
    """Add the options of how catalogs are compiled; the command gets them as `options`."""

    @click.option(
        "--control",
        metavar="DIR",
        type=_directory,
        help="Control repository: site manifest, hiera.yaml with its data, profiles.",
    )
    @click.option(
        "--exported",
        metavar="FILE",
        type=_file,
        help="Exported resources, as PuppetDB's /resources returns them.",
    )
    @click.option("--strict", "is_strict", is_flag=True, help="Make Puppet 7 as strict as Puppet 8 is.")
    @sandbox_option
    @click.option("--ruby", metavar="PATH", help="The Ruby that has Puppet or OpenVox.")
    @click.option(
        "--workers",
        metavar="N",
        type=click.IntRange(1, 1024),
        help="Nodes compiled at a time (default: processors).",
    )
    @click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Compile on the dask cluster at ADDRESS (tls://HOST:PORT), or with dask on this machine (local).",
    )
    @click.option(
        "--node-timeout",
        metavar="SECONDS",
        type=click.FloatRange(1),
        default=300.0,
        show_default=True,
        help="Time limit of one node.",
    )
    @click.option(
        "--node-memory",
        metavar="MIB",
        type=click.IntRange(128),
        default=2048,
        show_default=True,
        help="Memory limit of one node.",
    )
    @click.option(
        "--no-cache", is_flag=True, help="Compile also what was compiled before with the same inputs."
    )
    @wraps(command)
    def with_options(
        *arguments: Any,
        control: Path | None,
        exported: Path | None,
        is_strict: bool,
        sandbox: str,
        ruby: str | None,
        workers: int | None,
        scheduler: str | None,
        node_timeout: float,
        node_memory: int,
        no_cache: bool,
        **others: Any,
    ) -> Any:
        options = CompileOptions(
            control=control,
            sandbox=Sandbox(sandbox),
            ruby=ruby,
            jobs=workers,
            timeout=node_timeout,
            memory=node_memory * 1024**2,
            is_strict=is_strict,
            exported=exported,
            is_cached=not no_cache,
        )
        if scheduler and others.get("url"):
            raise InputError(Problem("give --server or --scheduler, not both"))
        with _connected(options, scheduler) as connected:
            return command(*arguments, options=connected, **others)

    return with_options  # type: ignore[return-value]  # wraps() keeps the command's shape


@contextmanager
def _connected(options: CompileOptions, scheduler: str | None) -> Iterator[CompileOptions]:
    """Yield the options with the cluster that a scheduler has, if one is given."""
    if scheduler is None:
        yield options
        return
    try:
        from pinner.catalogs.cluster import open_cluster  # noqa: PLC0415 - loads dask, an extra
    except ModuleNotFoundError as error:
        hint = "run 'pip install pinner[cluster]' here and on each worker"
        raise UnknownError(
            Problem(f"--scheduler needs {error.name}, which is not installed", hint=hint)
        ) from error
    with open_cluster(scheduler, ruby=options.ruby, sandbox=options.sandbox, workers=options.jobs) as cluster:
        yield replace(options, cluster=cluster)


def read_facts(directory: Path | None, puppetdb_url: str | None, ssldir: Path | None) -> NodesRead:
    """Return the nodes of a directory or of a PuppetDB; raises InputError unless one of the two is given."""
    if directory and not puppetdb_url:
        return read_nodes(directory)
    if puppetdb_url and not directory:
        url = check_url(puppetdb_url, "PuppetDB", PORT)
        return parse_inventory(fetch_inventory(url, client_context(find_certificates(ssldir))), url)
    raise InputError(Problem("give --nodes DIR or --puppetdb URL", hint=FACTS_HINT))


def chosen_nodes(
    read: NodesRead,
    only: tuple[str, ...],
    sample: int | None,
    *,
    workspace: Workspace,
    enc: str | None = None,
    has_legacy_facts: bool = True,
) -> tuple[tuple[Node, ...], int]:
    """Return the nodes to compile and the number of those left out.

    Raises InputError if there are none, or no facts of any node; UnknownError if the classifier `enc` fails.
    """
    if not read.nodes:
        raise InputError(read.problems or Problem("there are no nodes", hint=FACTS_HINT))
    nodes = choose_nodes(read.nodes, only=only, sample=sample)
    if not nodes:
        raise InputError(Problem(f"--only: no node is named {' or '.join(map(repr, only))}"))
    left_out = len(read.nodes) - len(nodes)
    if enc:
        command = split_command(enc)
        answers = workspace.map(lambda node: classify(command, node.name), nodes)
        nodes = tuple(classified(node, answer) for node, answer in zip(nodes, answers, strict=True))
    complete = with_legacy_facts if has_legacy_facts else without_legacy_facts
    return tuple(map(complete, nodes)), left_out


@click.command(
    "compile",
    cls=PinnerCommand,
    epilog=example(
        "pinner compile production --nodes facts --control control",
        "pinner compile production --class 'role::*' --os ubuntu-24.04,debian-13 --control control",
    ),
)
@click.argument(
    "environments", metavar="ENV...", nargs=-1, required=True, shell_complete=complete_environment
)
@nodes_option
@puppetdb_option
@ssldir_option
@click.option("--class", "classes", metavar="GLOB", multiple=True, help="Compile these classes (repeatable).")
@click.option(
    "--os",
    "systems",
    metavar="LIST",
    default="",
    help="Operating systems for --class (default: all packaged).",
)
@click.option("--no-legacy-facts", is_flag=True, help="Compile without the facts that Puppet 8 agents omit.")
@only_option
@sample_option
@enc_option
@compile_options
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.JUNIT, Format.SARIF)
@click.pass_obj
def compile_command(
    project: str,
    environments: tuple[str, ...],
    *,
    nodes_directory: Path | None,
    puppetdb_url: str | None,
    ssldir: Path | None,
    classes: tuple[str, ...],
    systems: str,
    no_legacy_facts: bool,
    only: tuple[str, ...],
    sample: int | None,
    enc: str | None,
    options: CompileOptions,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Compile the catalogs of nodes with the locked modules.

    Each ENV is an environment, ENV@REV, the path of a lock, or a directory of modules. With --nodes, the catalog of every node whose facts are
    in DIR is compiled, with the site manifest and hiera data of --control. With --class, each class is compiled on each
    operating system, with facts that pinner brings. Puppet or OpenVox must be installed. Ends with 1 if a node cannot
    be compiled; failures with one cause are reported once.
    """
    if bool(nodes_directory or puppetdb_url) == bool(classes):
        message = "give --nodes DIR, or --class GLOB with --os LIST"
        raise InputError(Problem(message, hint=FACTS_HINT))
    workspace = open_workspace(project, remote)
    locks = [_read(name, workspace) for name in environments]
    results = []
    if not classes:
        read = read_facts(nodes_directory, puppetdb_url, ssldir)
        nodes, left_out = chosen_nodes(
            read,
            only,
            sample,
            workspace=workspace,
            enc=enc,
            has_legacy_facts=not no_legacy_facts,
        )
        found = (
            compile_environment(lock, workspace, nodes, options, left_out=left_out, trees=trees)
            for lock, trees in locks
        )
        results = [replace(one, problems=(*read.problems, *one.problems)) for one in found]
    else:
        wanted = [one.strip() for one in systems.split(",") if one.strip()]
        results = [
            compile_classes(
                lock, workspace, classes, wanted, options, has_legacy_facts=not no_legacy_facts, trees=trees
            )
            for lock, trees in locks
        ]
    print_report("compilation", results, output)
    for result in results:
        if is_verbose() and result.reused:
            shown = count(result.reused, "node")
            print_message(Problem(f"{result.environment}: {shown} compiled before with the same inputs"))
    problems = dict.fromkeys(problem for result in results for problem in result.problems)
    for problem in with_hints_once(problems):
        print_message(problem)
    if any(result.counts.failed for result in results):
        return NO
    return COULD_NOT_FIND_OUT if problems else 0


def _read(name: str, workspace: Workspace) -> tuple[Lock, Mapping[str, Path] | None]:
    """Return a lock, or the modules of a directory, whose environment is the one that `bisect` works on."""
    if "/" in name and Path(name).is_dir():
        return Lock(os.environ.get("PINNER_ENVIRONMENT", "production"), {}), modules_in(Path(name))
    return read_lock_ref(name, workspace).lock, None
