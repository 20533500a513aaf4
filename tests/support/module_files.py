"""The API of a module whose files are in memory."""

from collections.abc import Mapping

from pinner.model.module_api import ModuleApi, Unreadable
from pinner.puppet.code.read import read_file


def read_module(files: Mapping[str, bytes]) -> ModuleApi:
    """Return the API of a module from the contents of its files by path; ignores files outside the API."""
    read = [read_file(path, files[path]) for path in sorted(files)]
    definitions = tuple(one for found in read if not isinstance(found, Unreadable) for one in found)
    return ModuleApi(definitions, tuple(found for found in read if isinstance(found, Unreadable)))
