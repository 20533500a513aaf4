"""`deploy`: switch the environments of a server to what the locks say."""

from pathlib import Path

import click

from pinner.catalogs.sandbox import Sandbox
from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    environments_argument,
    example,
    format_option,
    remote_options,
    sandbox_option,
)
from pinner.cli.output import Format, print_message, print_report
from pinner.cli.workspace import layout_options, open_workspace
from pinner.deploying.versions.bundle import deploy_bundle
from pinner.deploying.versions.deploy import deploy, look
from pinner.deploying.versions.directory import DeploymentDirectory
from pinner.deploying.versions.flush import Servers, check_url, find_certificates, flush_changed
from pinner.deploying.versions.generated_types import find_puppet
from pinner.deploying.versions.history import KEEP, MIN_AGE, clean, list_versions, roll_back
from pinner.deploying.versions.servers import compare_servers, switch_prepared
from pinner.deploying.versions.switch import Options
from pinner.model.deployment import Deployment, LinkMode
from pinner.model.errors import COULD_NOT_FIND_OUT, InputError, Problem

_RETRIES, _TIMEOUT = 3, 60.0


@click.command(
    "deploy",
    cls=PinnerCommand,
    epilog=example(
        "pinner deploy --to /etc/puppetlabs/code/versioned --flush https://puppet.example.net:8140",
        "pinner deploy production --to /etc/puppetlabs/code/versioned --dry-run",
        "pinner deploy --to /etc/puppetlabs/code/versioned --rollback production",
        "pinner deploy --status compile1.json compile2.json",
    ),
)
@environments_argument
@click.option(
    "--to",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of environments, the server's environmentpath (required, but for --status).",
)
@click.option(
    "--link",
    type=click.Choice([mode.value for mode in LinkMode]),
    default=LinkMode.SYMLINK.value,
    show_default=True,
    help="How versions have the files of modules: links to the store, hard links, or copies.",
)
@click.option(
    "--generate-types/--no-generate-types",
    "has_types",
    default=None,
    help="Run 'puppet generate types' for each new version (default: if puppet is installed).",
)
@sandbox_option
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Show what would be switched; write nothing.")
@click.option(
    "--check",
    "only_checks",
    is_flag=True,
    help="Write nothing; end with 1 if an environment is not deployed as locked.",
)
@click.option(
    "--adopt",
    "is_adopting",
    is_flag=True,
    help="Replace environments that another tool deployed; what is there is kept in DIR/.pinner.",
)
@click.option(
    "--from-bundle",
    "bundle",
    metavar="FILE",
    type=click.Path(exists=True, path_type=Path),
    help="Deploy from a file or image of 'pinner bundle'; needs no project and contacts no remote.",
)
@click.option(
    "--prepare",
    "is_preparing",
    is_flag=True,
    help="Make and verify the versions, and switch nothing; --switch does.",
)
@click.option(
    "--switch",
    "is_switching",
    is_flag=True,
    help="Switch to what was prepared; each ENV may be ENV@VERSION; contacts no remote.",
)
@click.option(
    "--status",
    "is_comparing",
    is_flag=True,
    help="Show what several servers serve; the arguments are files of 'deploy --list --format json', "
    "one for each; end with 1 if they differ.",
)
@click.option(
    "--rollback",
    "rolled_back",
    metavar="ENV[@VERSION]",
    multiple=True,
    help="Switch ENV to the version served before, or to VERSION; contacts no remote (repeatable).",
)
@click.option("--list", "is_list", is_flag=True, help="Show all versions: when, by whom, lock id.")
@click.option(
    "--clean", "is_cleaning", is_flag=True, help="Remove old versions, and trees that no version has."
)
@click.option(
    "--keep",
    metavar="N",
    type=click.IntRange(0),
    help=f"With --clean: keep the N last served versions of each environment (default: {KEEP}).",
)
@click.option(
    "--min-age",
    metavar="DAYS",
    type=click.FloatRange(0),
    help=f"With --clean: keep what was served in the last DAYS days (default: {MIN_AGE}).",
)
@click.option(
    "--flush",
    "urls",
    metavar="URL",
    multiple=True,
    help="Then empty the cache of each changed environment on the Puppet Server at URL (repeatable).",
)
@click.option(
    "--ssldir",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --flush: the agent's certificates (default: those of this machine's Puppet).",
)
@click.option(
    "--drain",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=0.0,
    help="Let compilations end before the switch; with static catalogs, new ones are refused meanwhile.",
)
@layout_options
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def deploy_command(
    project: str,
    environments: tuple[str, ...],
    *,
    directory: Path | None,
    link: str,
    has_types: bool | None,
    sandbox: str,
    is_dry_run: bool,
    only_checks: bool,
    is_adopting: bool,
    bundle: Path | None,
    is_preparing: bool,
    is_switching: bool,
    is_comparing: bool,
    rolled_back: tuple[str, ...],
    is_list: bool,
    is_cleaning: bool,
    keep: int | None,
    min_age: float | None,
    urls: tuple[str, ...],
    ssldir: Path | None,
    drain: float,
    layout: str | None,
    control_repo: str | None,
    remote: RemoteOptions,
    output: Format,
) -> int:
    """Switch environments to the locked modules, each by one rename.

    DIR/ENV becomes a link to a version: site code and data of the control repository, modules from a store that all
    versions share, environment.conf. All versions are made and verified before the first is switched. Puppet Server
    needs 'versioned_environment_dirs = true'.
    """
    modes = {
        "--from-bundle": bundle,
        "--prepare": is_preparing,
        "--switch": is_switching,
        "--status": is_comparing,
        "--rollback": rolled_back,
        "--list": is_list,
        "--clean": is_cleaning,
        "--check": only_checks,
        "--dry-run": is_dry_run,
    }
    given = [name for name, value in modes.items() if value]
    _check_usage(
        given, environments, has_limit=keep is not None or min_age is not None, has_flush=bool(urls or drain)
    )
    if is_comparing:
        compared = compare_servers(map(Path, environments))
        print_report("servers", compared, output)
        return int(bool(compared.differing))
    if directory is None:
        raise click.UsageError("Missing option '--to'.")
    if is_list:
        print_report("versions", list_versions(directory, environments), output)
        return 0
    if is_cleaning:
        count, days = KEEP if keep is None else keep, MIN_AGE if min_age is None else min_age
        print_report("cleaning", clean(directory, keep=count, min_age=days, on_note=print_message), output)
        return 0
    servers = _servers(urls, ssldir, remote)  # before anything is switched
    puppet = _find_puppet(has_types)
    options = Options(
        LinkMode(link), puppet, Sandbox(sandbox), is_adopting, drain, is_switching=not is_preparing
    )
    if rolled_back:
        result = roll_back(directory, rolled_back, print_message, seconds=drain)
        print_message("the next deployment switches to the locks again: revert them too")
    elif is_switching:
        result = switch_prepared(directory, environments, options, print_message)
    elif bundle:
        result = deploy_bundle(bundle, environments, directory, options, print_message)
    else:
        workspace = open_workspace(project, remote, layout=layout, control_repo=control_repo)
        if is_dry_run or only_checks:
            result = look(workspace, environments, directory, options)
            print_report("deployment", result, output)
            return int(only_checks and not result.is_current)
        result = deploy(workspace, environments, directory, options, print_message)
    return _finish(result, directory, servers, output)


def _check_usage(
    given: list[str], environments: tuple[str, ...], *, has_limit: bool, has_flush: bool
) -> None:
    """Raise UsageError if the options that select what is done do not go together, or with the arguments."""
    if len(given) > 1 and given != ["--from-bundle", "--prepare"]:
        raise click.UsageError(f"{given[0]} and {given[1]} exclude each other.")
    if environments and given in (["--rollback"], ["--clean"]):
        raise click.UsageError(f"{given[0]} takes no [ENV]... arguments.")
    if has_limit and given != ["--clean"]:
        raise click.UsageError("--keep and --min-age are for --clean.")
    if has_flush and "--prepare" in given:
        raise click.UsageError("--prepare switches nothing; --flush and --drain are for --switch.")
    if given == ["--status"] and not environments:
        raise click.UsageError("--status takes a FILE for each server.")


def _find_puppet(has_types: bool | None) -> str | None:  # noqa: FBT001 - the option's value
    """Return the program that generates types, None for none; raises InputError if it is required and missing."""
    puppet = None if has_types is False else find_puppet()
    if has_types and puppet is None:
        raise InputError(Problem("puppet is not installed", hint="install it, or give --no-generate-types"))
    return puppet


def _servers(urls: tuple[str, ...], ssldir: Path | None, remote: RemoteOptions) -> Servers | None:
    if not urls:
        return None
    return Servers(
        urls=tuple(check_url(url) for url in urls),
        files=find_certificates(ssldir),
        retries=_RETRIES if remote.retries is None else remote.retries,
        timeout=remote.timeout or _TIMEOUT,
    )


def _finish(result: Deployment, directory: Path, servers: Servers | None, output: Format) -> int:
    """Empty the caches on the servers, print the result, and return the exit code."""
    if servers:
        result = flush_changed(directory, result, servers)
    DeploymentDirectory.at(directory).release(result.changed)
    print_report("deployment", result, output)
    failures = [one.problem for one in result.flushes if one.problem]
    for note in (*result.notes, *failures):
        print_message(note)
    return COULD_NOT_FIND_OUT if failures else 0
