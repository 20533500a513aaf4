"""`bundle`: write a file or an OCI image from which `deploy --from-bundle` deploys environments on a machine without network."""

from pathlib import Path

import click

from pinner.cli.options import (
    PinnerCommand,
    RemoteOptions,
    environments_argument,
    example,
    format_option,
    remote_options,
)
from pinner.cli.output import Format, print_report
from pinner.cli.workspace import layout_options, open_workspace
from pinner.deploying.versions.bundle import write_bundle


@click.command(
    "bundle",
    cls=PinnerCommand,
    epilog=example(
        "pinner bundle production -o production.tar",
        "pinner deploy --to /etc/puppetlabs/code/versioned --from-bundle production.tar",
        "pinner bundle production --since production.tar -o newer.tar",
        "pinner bundle production --oci -o image && skopeo copy oci:image docker://registry.example.net/production",
    ),
)
@environments_argument
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="Write the bundle to FILE, a tar, which is replaced only on success.",
)
@click.option(
    "--oci", "is_image", is_flag=True, help="Write an OCI image layout to the directory FILE instead."
)
@click.option(
    "--since",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Leave out the modules of FILE, a bundle that was deployed already (repeatable).",
)
@layout_options
@remote_options
@format_option(Format.TEXT, Format.JSON)
@click.pass_obj
def bundle_command(
    project: str,
    environments: tuple[str, ...],
    *,
    path: Path,
    is_image: bool,
    since: tuple[Path, ...],
    layout: str | None,
    control_repo: str | None,
    remote: RemoteOptions,
    output: Format,
) -> None:
    """Write a file from which environments are deployed offline.

    It has all that 'pinner deploy' would serve: modules, site code and data, generated files. The same locks give the
    same bytes on every machine.
    """
    if path.is_dir() and not is_image:
        raise click.BadParameter(f"'{path}' is a directory; --oci writes to one.", param_hint="'-o'")
    workspace = open_workspace(project, remote, layout=layout, control_repo=control_repo)
    result = write_bundle(workspace, environments, path, is_image=is_image, since=since)
    print_report("bundle", result, output)
