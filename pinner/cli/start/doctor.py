"""`doctor` and `config`: what pinner finds on this machine, and the settings in force."""

from collections.abc import Iterator
from pathlib import Path

import click

from pinner.cli.options import PinnerCommand, RemoteOptions, example, format_option, remote_options
from pinner.cli.output import Format, print_report
from pinner.cli.workspace import open_workspace
from pinner.deploying.versions.server_check import check_server
from pinner.inspecting.doctor import check_programs, check_workspace, failed_checks
from pinner.model.errors import InputError, PinnerError
from pinner.model.results import Check, Diagnosis, SettingValue
from pinner.project.files import find_project
from pinner.project.manifest.settings import describe_settings, read_settings


@click.command(
    "doctor",
    cls=PinnerCommand,
    epilog=example("pinner doctor", "pinner doctor --format json > doctor.json      for a bug report"),
)
@click.option(
    "--server",
    "deployed",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Check instead whether this machine's Puppet Server is configured for what 'pinner deploy --to DIR' deploys.",
)
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def doctor_command(project: str, *, deployed: Path | None, remote: RemoteOptions, output: Format) -> int:
    """Check git, the cache, the project and its servers.

    Each server is tried with one repository, whose refs are listed; nothing is fetched. Also shows the settings
    that are not the defaults, and where each comes from. Ends with 1 if a check fails.
    """
    if deployed is not None:
        server = Diagnosis(tuple(check_server(deployed)), ())
        print_report("diagnosis", server, output)
        return int(not server.is_healthy)
    settings: list[SettingValue] = []

    def checks() -> Iterator[Check]:
        yield from check_programs()
        subject = "settings"
        try:
            settings.extend(_settings(project, remote))
            subject = "project"
            workspace = open_workspace(project, remote)
        except PinnerError as error:
            yield from failed_checks(subject, error)
            return
        yield from check_workspace(workspace)

    found = Diagnosis(tuple(checks()), tuple(settings))
    print_report("diagnosis", found, output)
    return int(not found.is_healthy)


@click.command("config", cls=PinnerCommand, epilog=example("pinner config", "pinner config --jobs 4"))
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def config_command(project: str, *, remote: RemoteOptions, output: Format) -> None:
    """Show the settings in force, and where each comes from.

    An option wins over a variable, a variable over pinner.yaml, and that over the default.
    """
    print_report("settings", _settings(project, remote), output)


def _settings(directory: str, remote: RemoteOptions) -> tuple[SettingValue, ...]:
    try:
        project = find_project(Path(directory))
    except InputError:
        project = None
    settings = read_settings(
        project, cache=remote.cache, jobs=remote.jobs, timeout=remote.timeout, retries=remote.retries
    )
    given = {
        "cache": remote.cache,
        "jobs": remote.jobs,
        "timeout": remote.timeout,
        "retries": remote.retries,
    }
    return describe_settings(settings, project, given)
