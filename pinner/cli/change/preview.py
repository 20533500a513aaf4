"""`preview`: what changes on each node from one lock to another."""

from dataclasses import replace
from pathlib import Path
from secrets import token_hex

import click

from pinner.catalogs.server import CompilingServer
from pinner.cli.change.compile import (
    chosen_nodes,
    compile_options,
    enc_option,
    nodes_option,
    only_option,
    puppetdb_option,
    read_facts,
    sample_option,
    ssldir_option,
)
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    complete_environment,
    example,
    format_option,
    remote_options,
)
from pinner.cli.output import Format, is_verbose, print_message, print_report, progress
from pinner.cli.workspace import open_workspace
from pinner.comparing.compile import CompileOptions
from pinner.comparing.preview import locked_for, merge_shards, preview, preview_on_server
from pinner.comparing.target import find_target
from pinner.deploying.versions.flush import check_url, client_context, find_certificates
from pinner.model.errors import COULD_NOT_FIND_OUT, NO, InputError, Problem, with_hints_once
from pinner.model.preview import Preview
from pinner.project.foreign.preview_report import MOST_SHARDS, read_key, read_shard
from pinner.report.words import count
from pinner.workspace.locks import read_lock_ref

_SERVER_JOBS = 2


@click.command(
    "preview",
    cls=PinnerCommand,
    epilog=example(
        "pinner preview production staging --nodes facts --control control",
        "pinner preview production@HEAD~1 production --nodes facts --control control --format markdown",
        "pinner preview production --to 2025.1 --nodes facts --control control --sample 2",
        "pinner preview --merge shard-1.json shard-2.json --format markdown",
    ),
)
@click.argument("sides", metavar="A [B]", nargs=-1, required=True, shell_complete=complete_environment)
@click.option("--to", "release", metavar="RELEASE", help="Compare with A on another release, instead of B.")
@nodes_option
@puppetdb_option
@ssldir_option
@click.option(
    "--control-b",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Control repository of B (default: that of --control).",
)
@only_option
@sample_option
@enc_option
@click.option(
    "--ignore",
    metavar="PATTERN",
    multiple=True,
    help="Leave out changes, such as 'File[/etc/motd]::content' (repeatable).",
)
@click.option(
    "--shard", metavar="I/N", help="Preview the I-th of N parts of the nodes, such as 1/4; see --merge."
)
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Key of the digests of masked values, which all shards need (default: that of the cache).",
)
@click.option(
    "--merge",
    "is_merging",
    is_flag=True,
    help="Put the JSON reports of all shards together; they are the arguments.",
)
@click.option(
    "--server",
    "url",
    metavar="URL",
    help="Compile on the Puppet Server at URL, which serves A and B as environments.",
)
@click.option("--all", "shows_all", is_flag=True, help="Show also changes on which no agent acts.")
@click.option(
    "--exit-code", "tells_by_code", is_flag=True, help="End with 1 if an agent would act differently."
)
@compile_options
@remote_options
@format_option(Format.TEXT, Format.JSON, Format.MARKDOWN, Format.HTML, Format.JUNIT, Format.SARIF)
@click.pass_obj
def preview_command(
    project: str,
    sides: tuple[str, ...],
    *,
    release: str | None,
    nodes_directory: Path | None,
    puppetdb_url: str | None,
    control_b: Path | None,
    only: tuple[str, ...],
    sample: int | None,
    enc: str | None,
    ignore: tuple[str, ...],
    shard: str | None,
    key_file: Path | None,
    is_merging: bool,
    url: str | None,
    ssldir: Path | None,
    shows_all: bool,
    tells_by_code: bool,
    options: CompileOptions,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Show what changes on each node from one lock to another.

    Compiles the catalog of every node with both locks and compares them. A and B are each an environment, ENV@REV, or
    the path of a lock; with --to, B is A moved to another release. Equal changes are shown once, with their nodes.
    Secrets are masked; keep reports private all the same. Puppet or OpenVox must be installed. Ends with 1 if a node
    cannot be compiled with B. With --merge, the arguments are the JSON reports of all shards.
    """
    if is_merging:
        result = merge_shards([read_shard(Path(name)) for name in sides])
        return _finish(result, output, shows_all=shows_all, tells_by_code=tells_by_code)
    part = _parse_shard(shard) if shard else None
    if len(sides) != (1 if release else 2):
        raise InputError(Problem("give B, or --to RELEASE", hint="see 'pinner preview --help'"))
    read = read_facts(nodes_directory, puppetdb_url, ssldir)
    workspace = open_workspace(project, remote)
    nodes, left_out = chosen_nodes(read, only, sample, workspace=workspace, enc=enc)
    if release is None:
        old, new = (read_lock_ref(name, workspace) for name in sides)
    else:
        with progress() as on_done:
            old, new = locked_for(workspace, sides[0], find_target(release), on_done=on_done)
    both = options, replace(options, control=control_b or options.control)
    key = read_key(key_file) if key_file else None
    if url:
        if release or part:
            raise InputError(Problem("--server compiles what is deployed there, without --to and --shard"))
        context = client_context(find_certificates(ssldir))
        jobs = options.jobs or _SERVER_JOBS
        server = CompilingServer(check_url(url), context, key or token_hex(16), options.timeout, jobs)
        result = preview_on_server(old, new, workspace, nodes, server, ignore=ignore, left_out=left_out)
    else:
        result = preview(
            old, new, workspace, nodes, both, ignore=ignore, left_out=left_out, part=part, key=key
        )
    result = replace(result, problems=(*read.problems, *result.problems))
    if is_verbose() and result.reused:
        words = f"{result.reused} of {count(2 * len(result.kinds), 'catalog')} compiled before with the same inputs"
        print_message(Problem(words))
    return _finish(result, output, shows_all=shows_all, tells_by_code=tells_by_code)


def _parse_shard(text: str) -> tuple[int, int]:
    index, _, number = text.partition("/")
    if not (index.isdecimal() and number.isdecimal() and 1 <= int(index) <= int(number) <= MOST_SHARDS):
        raise InputError(Problem(f"--shard: {text!r} is not I/N, such as 1/4"))
    return int(index), int(number)


def _finish(result: Preview, output: Format, *, shows_all: bool, tells_by_code: bool) -> int:
    if output is Format.TEXT:
        print_report("preview", result, output, shows_all=shows_all)
    else:
        print_report("preview", result, output)
    for problem in with_hints_once(result.problems):
        print_message(problem)
    if result.counts.failed or (tells_by_code and not result.is_same):
        return NO
    return COULD_NOT_FIND_OUT if result.problems else 0
