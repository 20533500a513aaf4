"""Empty the environment cache of Puppet Servers, so that they read the version that was switched to.

    DELETE /puppet-admin-api/v1/environment-cache?environment=ENV

answers 204 (puppetserver documentation/admin-api/v1/environment-cache.md). The request is authenticated with the
certificate of the machine's agent.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from pinner.catalogs.https import HttpsServer
from pinner.deploying.versions.directory import DeploymentDirectory
from pinner.deploying.versions.generated_types import find_puppet, print_settings
from pinner.model.deployment import Deployment, Flush
from pinner.model.errors import InputError, Problem, UnknownError

_PATH = "/puppet-admin-api/v1/environment-cache"
_PORT = 8140
_FIRST_PAUSE = 0.5
_SERVER_ERRORS = 500
_MEANING = (
    "the server compiles code of the previous version with Hiera data of the new one; "
    "flush again ('pinner deploy … --flush URL' does), or restart it"
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files that authenticate the request: this machine's certificate and key, and the CA's certificates."""

    certificate: Path
    key: Path
    authorities: Path


def find_certificates(ssldir: Path | None) -> Certificates:
    """Return the agent's certificates in `ssldir` (None: where this machine's Puppet has them).

    Raises InputError if there are none, or in `ssldir` more than one.
    """
    if ssldir is None:
        puppet = find_puppet()
        if puppet is None:
            hint = "name the directory with --ssldir"
            raise InputError(Problem("puppet is not installed, so its certificates are not known", hint=hint))
        found = print_settings(puppet, ("hostcert", "hostprivkey", "localcacert"))
        files = Certificates(Path(found["hostcert"]), Path(found["hostprivkey"]), Path(found["localcacert"]))
    else:
        keys = sorted((ssldir / "private_keys").glob("*.pem"))
        if len(keys) != 1:
            hint = "name the ssldir of an agent, which has the key of one machine"
            raise InputError(Problem(f"{ssldir}/private_keys has {len(keys)} keys", hint=hint))
        files = Certificates(ssldir / "certs" / keys[0].name, keys[0], ssldir / "certs" / "ca.pem")
    for path in (files.certificate, files.key, files.authorities):
        if not path.is_file():
            hint = "run 'puppet agent --test' once, or name another directory with --ssldir"
            raise InputError(Problem(f"{path} does not exist", hint=hint))
    return files


def check_url(url: str, server: str = "Puppet Server", port: int = 8140) -> str:
    """Return the URL of a server that usually has that port; raises InputError for anything but https://HOST[:PORT]."""
    parts = urlsplit(url)
    try:
        is_right = parts.scheme == "https" and parts.hostname and parts.path in {"", "/"} and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.query or parts.fragment or "@" in parts.netloc:
        hint = f"write https://puppet.example.net:{port}"
        raise InputError(Problem(f"'{url}' is not the URL of a {server}", hint=hint))
    return url


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers to flush, and how: `timeout` is in seconds, for one request."""

    urls: tuple[str, ...]
    files: Certificates
    retries: int = 3
    timeout: float = 60.0


def flush_changed(path: Path, result: Deployment, servers: Servers) -> Deployment:
    """Return the result with what came of emptying the caches of its changed environments on all servers.

    Environments whose caches an earlier run could not empty are included, and those that remain are recorded.
    """
    place = DeploymentDirectory.at(path)
    names = sorted({*result.changed, *place.read_unflushed()})
    if not names:
        return result
    place.write_unflushed(names)
    flushes = tuple(flush(names, servers))
    place.write_unflushed({one.environment for one in flushes if one.problem})
    return replace(result, flushes=flushes)


def client_context(files: Certificates) -> ssl.SSLContext:
    """Return what requests to a Puppet Server are authenticated with; raises InputError if a file cannot be read."""
    try:
        context = ssl.create_default_context(cafile=str(files.authorities))
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        message = f"the certificate {files.certificate} or its key cannot be used: {error}"
        raise InputError(Problem(message, hint="run pinner as a user who may read the key")) from error
    return context


def flush(environments: Iterable[str], servers: Servers) -> Iterator[Flush]:
    """Yield the result for each server and environment; raises InputError if a certificate cannot be read."""
    context, names = client_context(servers.files), tuple(environments)
    for url in servers.urls:
        for environment in names:
            yield Flush(url, environment, _flush(url, environment, context, servers))


def _flush(url: str, environment: str, context: ssl.SSLContext, servers: Servers) -> Problem | None:
    """Return why the cache was not emptied, None if it was."""
    server = HttpsServer(url, context, _PORT, servers.timeout)
    reason = ""
    for attempt in range(servers.retries + 1):
        if attempt:
            time.sleep(_FIRST_PAUSE * 2 ** (attempt - 1))
        try:
            answer = server.request("DELETE", f"{_PATH}?environment={quote(environment)}")
        except UnknownError as error:
            reason = error.problems[0].message.removeprefix(f"{url}: ")
            if isinstance(error.__cause__, ssl.SSLError):
                break
            continue
        if answer.status == HTTPStatus.NO_CONTENT:
            return None
        reason = f"{answer.status} {answer.reason}"
        if answer.status < _SERVER_ERRORS:
            break
    hint = _MEANING
    if reason.startswith(("401", "403")):
        hint = f"allow this machine's certificate to use {_PATH} in auth.conf; until then, {_MEANING}"
    return Problem(f"the cache of environment '{environment}' on {url} was not emptied: {reason}", hint=hint)
