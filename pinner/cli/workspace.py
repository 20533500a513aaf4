"""The workspace that a command's options make, and the options of the control repository's layout."""

from datetime import UTC, datetime
from pathlib import Path

import click

from pinner.cli.options import Command, RemoteOptions, control_repo_option
from pinner.cli.output import print_message
from pinner.git.mirrors.metadata import ObjectCache
from pinner.git.mirrors.mirrors import Mirrors
from pinner.git.process.local_repositories import require_safe_cache
from pinner.model.control import Layout
from pinner.model.errors import InputError
from pinner.project.files import Project, find_project, resolve
from pinner.project.manifest.settings import read_settings
from pinner.report.links import use_links
from pinner.workspace.workspace import Workspace, use_facts_of


def open_workspace(
    directory: str,
    remote: RemoteOptions | None = None,
    *,
    is_project_needed: bool = True,
    layout: str | None = None,
    control_repo: str | None = None,
) -> Workspace:
    """Return the workspace of the project at or above `directory`, with the settings that its options leave.

    If no project is required and none exists, `directory` is used as one.
    """
    remote = remote or RemoteOptions(None, None, None, None, is_offline=True)
    try:
        project = find_project(Path(directory))
    except InputError:
        if is_project_needed:
            raise
        project = Project(resolve(Path(directory)))
    settings = read_settings(
        project,
        cache=remote.cache,
        jobs=remote.jobs,
        timeout=remote.timeout,
        retries=remote.retries,
        layout=layout,
        control_repo=control_repo,
    )
    use_links(settings.links)
    today = datetime.now(UTC).date()
    use_facts_of(project, today)
    cache = Path(settings.cache)
    require_safe_cache(cache, project.root, named_at=settings.named_at.get("cache"))
    return Workspace(
        project=project,
        settings=settings,
        mirrors=Mirrors(cache, settings, is_offline=remote.is_offline, on_note=print_message),
        objects=ObjectCache(cache),
        today=today,
        is_offline=remote.is_offline,
    )


def layout_options(command: Command) -> Command:
    """Add --layout and --control-repo; None if not given."""
    layout = click.option(
        "--layout",
        type=click.Choice([layout.value for layout in Layout]),
        help="Layout of the environments for r10k [PINNER_LAYOUT].",
    )
    return layout(control_repo_option(command))
