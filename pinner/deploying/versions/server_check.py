"""`pinner doctor --server DIR`: check this machine's Puppet Server for what a deployment directory needs.

Every setting that is missing is reported with what it means for agents.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pinner.deploying.versions.directory import OWN
from pinner.deploying.versions.generated_types import find_puppet, print_settings
from pinner.deploying.versions.static_catalogs import CODE_CONTENT, CODE_ID, CONFIGURATION
from pinner.model.errors import InputError, PinnerError, UnknownError
from pinner.model.results import Check, CheckState
from pinner.project.files import read_file, resolve

CONFIGURATIONS = (
    Path("/etc/puppetlabs/puppetserver/conf.d"),
    Path("/etc/puppet/puppetserver/conf.d"),
)
_NAMES = ("environmentpath", "versioned_environment_dirs", "environment_timeout", "static_catalogs")
_LARGEST = 1024 * 1024
_COMMAND = r"""["']?{name}["']?\s*[:=]\s*["']?([^"',}}\s]+)"""
# A rule of auth.conf; web-routes.conf has the path as well.
_ADMIN_API = re.compile(r"""["']?path["']?\s*[:=]\s*["']?\^?/puppet-admin-api""")


@dataclass(frozen=True, slots=True)
class PuppetServerFiles:
    """Where a server's configuration is: `conf_d` are directories, `confdir` that of puppet.conf (None: default)."""

    conf_d: tuple[Path, ...] = CONFIGURATIONS
    confdir: Path | None = None


def check_server(directory: Path, files: PuppetServerFiles | None = None) -> Iterator[Check]:
    """Yield what Puppet's and Puppet Server's configuration on this machine means for a deployment directory."""
    files = files or PuppetServerFiles()
    place = resolve(directory)
    puppet = find_puppet()
    if puppet is None:
        yield Check("puppet", CheckState.FAILED, "it is not installed here", "run this on the Puppet Server")
        return
    options = ("--confdir", str(files.confdir)) if files.confdir else ()
    try:
        found = print_settings(puppet, (*_NAMES, "config"), options)
        found = {**found, **_of_the_server(Path(found.get("config", "")))}
    except PinnerError as error:
        yield Check("puppet", CheckState.FAILED, error.problems[0].message, error.problems[0].hint)
        return
    yield _environmentpath(found.get("environmentpath", ""), place)
    yield _switched_on(
        "versioned_environment_dirs",
        found.get("versioned_environment_dirs", ""),
        "a compilation during a switch reads files of both versions",
    )
    yield _timeout(found.get("environment_timeout", ""))
    yield _switched_on(
        "static_catalogs",
        found.get("static_catalogs", ""),
        "agents fetch files of the version served at that moment",
    )
    texts = tuple(_texts(files.conf_d))
    yield from _programs(place, texts)
    yield _flush(texts)


def _of_the_server(path: Path) -> Mapping[str, str]:
    """Return the settings in the section of the server in puppet.conf, which `puppet config print` leaves out."""
    if not path.is_file():
        return {}
    section, found = "", {}
    for line in read_file(path, shown=str(path), limit=_LARGEST).decode(errors="replace").splitlines():
        name, equals, value = line.partition("=")
        if line.strip().startswith("["):
            section = line.strip(" \t[]")
        elif equals and section in {"server", "master"} and name.strip() in _NAMES:
            found[name.strip()] = value.strip()
    return found


def _environmentpath(value: str, place: Path) -> Check:
    subject, right = "environmentpath", f"set 'environmentpath = {place}' in puppet.conf"
    if resolve(Path(value)) == place:
        return Check(subject, CheckState.OK, value)
    if ":" in value:
        message = f"{value}: with several directories, catalogs have no checksums of files"
        return Check(subject, CheckState.FAILED, message, right)
    return Check(subject, CheckState.FAILED, f"{value}: the server does not serve {place}", right)


def _switched_on(name: str, value: str, meaning: str) -> Check:
    if value == "true":
        return Check(name, CheckState.OK, value)
    hint = f"set '{name} = true' in puppet.conf"
    return Check(name, CheckState.FAILED, f"{value or 'not set'}: {meaning}", hint)


def _timeout(value: str) -> Check:
    subject = "environment_timeout"
    if value == "unlimited":
        return Check(
            subject, CheckState.OK, "unlimited; 'pinner deploy --flush URL' lets it read a new version"
        )
    if value in {"0", "0s"}:
        message = "0: nothing need be flushed, but every compilation reads the environment anew"
        return Check(subject, CheckState.OK, message)
    message = f"{value}: the server reads a new version at some moment after the switch"
    return Check(
        subject, CheckState.FAILED, message, "set 'environment_timeout = unlimited', and deploy with --flush"
    )


def _texts(directories: Iterable[Path]) -> Iterator[str]:
    """Yield the configuration files of Puppet Server that can be read."""
    for directory in directories:
        for path in sorted(directory.glob("*.conf")):
            try:
                yield read_file(path, shown=str(path), limit=_LARGEST).decode(errors="replace")
            except (InputError, UnknownError):
                continue


def _programs(place: Path, texts: tuple[str, ...]) -> Iterator[Check]:
    configuration = place / OWN / CONFIGURATION
    for name in (CODE_ID, CODE_CONTENT):
        subject, wanted = f"{name}-command", str(place / OWN / name)
        pattern = re.compile(_COMMAND.format(name=re.escape(subject)))
        values = [match[1] for text in texts for match in pattern.finditer(text)]
        if wanted in values:
            yield Check(subject, CheckState.OK, wanted)
            continue
        what = f"{values[0]}: it answers for another directory" if values else "not set"
        message = f"{what}: agents fetch files of the version served at that moment"
        hint = f"copy {configuration} to conf.d of Puppet Server, and restart it"
        yield Check(subject, CheckState.FAILED, message, hint)


def _flush(texts: tuple[str, ...]) -> Check:
    subject = "auth.conf"
    if any(_ADMIN_API.search(text) for text in texts):
        return Check(subject, CheckState.OK, "it has a rule for /puppet-admin-api")
    message = "no rule for /puppet-admin-api: 'pinner deploy --flush' is refused"
    hint = (
        "add a rule that allows this machine's certificate: docs/how-to/deploy.md, 'Empty the server's cache'"
    )
    return Check(subject, CheckState.FAILED, message, hint)
