"""The options that name what the operator wrote: hiera data and site code."""

from pathlib import Path

import click

_directory = click.Path(exists=True, file_okay=False, path_type=Path)
hiera_option = click.option(
    "--hiera",
    metavar="DIR",
    multiple=True,
    type=_directory,
    help="Hiera data: a directory with a hiera.yaml, or of YAML and JSON (repeatable).",
)
code_option = click.option(
    "--code",
    metavar="DIR",
    multiple=True,
    type=_directory,
    help="Site manifests and profiles: all .pp files below DIR (repeatable).",
)
