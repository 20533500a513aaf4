"""A real PuppetDB on loopback, on a PostgreSQL of its own: Debian's packages, started without their services."""

import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.oracles import find_tool, give_up
from tests.support.ports import listen
from tests.support.processes import wait_until

JAR = Path("/usr/share/puppetdb/puppetdb.jar")
SERVER, ALLOWED, STRANGER = "localhost", "pinner.example.org", "stranger.example.org"
"""The names of certificates of one authority: PuppetDB's own, one that may read everything, one that may read nothing."""
_POSTGRES = Path("/usr/lib/postgresql")
# JIT and collector that start fastest on two cores
_JAVA = ("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
# who started this may be gone before the kernel was told to watch it
_UNLESS_ORPHANED = 'test "$PPID" = "$0" && exec "$@"'
_START_LIMIT = 600
_ANSWER_LIMIT = 300
_LOGGING = """\
<configuration>
  <appender name="STDERR" class="ch.qos.logback.core.ConsoleAppender"><target>System.err</target>
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5p [%c{2}] %m%n</pattern></encoder></appender>
  <root level="info"><appender-ref ref="STDERR"/></root>
</configuration>
"""
_SERVICES = """\
puppetlabs.trapperkeeper.services.webserver.jetty9-service/jetty9-service
puppetlabs.trapperkeeper.services.webrouting.webrouting-service/webrouting-service
puppetlabs.trapperkeeper.services.authorization.authorization-service/authorization-service
puppetlabs.trapperkeeper.services.metrics.metrics-service/metrics-webservice
puppetlabs.trapperkeeper.services.status.status-service/status-service
puppetlabs.trapperkeeper.services.scheduler.scheduler-service/scheduler-service
puppetlabs.puppetdb.cli.services/puppetdb-service
puppetlabs.puppetdb.command/command-service
puppetlabs.puppetdb.pdb-routing/maint-mode-service
puppetlabs.puppetdb.pdb-routing/pdb-routing-service
puppetlabs.puppetdb.config/config-service
"""
_STATUS = {
    "match-request": {"path": "/status/v1/simple", "type": "path"},
    "allow-unauthenticated": True,
    "sort-order": 500,
    "name": "status",
}


@dataclass(frozen=True, slots=True)
class PuppetDb:
    """A running PuppetDB; `certificates` has an ssldir for each name of a certificate, and for an authority of its own."""

    port: int
    certificates: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://{SERVER}:{self.port}"

    def submit(self, command: str, version: int, payloads: Sequence[Mapping[str, Any]]) -> None:
        """Send a command for each payload, and return when PuppetDB has stored all of them.

        Each gets the time of now, as a Puppet Server adds it.
        """
        with contextlib.closing(self._connect()) as connection:
            before = self._stored(connection)
            for payload in payloads:
                now = datetime.now(UTC).isoformat()
                query = {
                    "certname": payload["certname"],
                    "command": command,
                    "version": version,
                    "producer-timestamp": now,
                }
                body = json.dumps({**payload, "producer_timestamp": now})
                _ask(connection, "POST", f"/pdb/cmd/v1?{urlencode(query)}", body)
            wait_until(
                lambda: self._stored(connection) >= before + len(payloads), seconds=_ANSWER_LIMIT, pause=0.1
            )

    def query(self, path: str, query: object) -> Any:
        """Return the answer to a query of the API."""
        with contextlib.closing(self._connect()) as connection:
            words = urlencode({"query": json.dumps(query)})
            return json.loads(_ask(connection, "GET", f"/pdb/query/v4/{path}?{words}"))

    def export(self, directory: Path) -> None:
        """Unpack in a directory what `puppet db export` writes: `puppetdb-bak/facts` and others."""
        with contextlib.closing(self._connect()) as connection:
            archive = _ask(connection, "GET", "/pdb/admin/v1/archive")
        subprocess.run(["tar", "-xz", "-C", directory], input=archive, check=True)

    def is_ready(self) -> bool:
        """Return whether it answers, and says that it runs."""
        try:
            with contextlib.closing(self._connect()) as connection:
                return _ask(connection, "GET", "/status/v1/simple") == b"running"
        except (OSError, AssertionError, http.client.HTTPException):
            return False

    def _stored(self, connection: http.client.HTTPSConnection) -> int:
        """Return the number of commands that are done; one that failed is an error."""
        paths = {
            key: f"/metrics/v2/read/puppetlabs.puppetdb.mq:name=global.{key}"
            for key in ("processed", "discarded")
        }
        counts = {
            key: json.loads(_ask(connection, "GET", path))["value"]["Count"] for key, path in paths.items()
        }
        assert counts["discarded"] == 0
        return int(counts["processed"])

    def _connect(self) -> http.client.HTTPSConnection:
        here = self.certificates / ALLOWED
        context = ssl.create_default_context(cafile=here / "certs/ca.pem")
        context.load_cert_chain(here / f"certs/{ALLOWED}.pem", here / f"private_keys/{ALLOWED}.pem")
        return http.client.HTTPSConnection(SERVER, self.port, timeout=_ANSWER_LIMIT, context=context)


def _ask(connection: http.client.HTTPSConnection, method: str, path: str, body: str | None = None) -> bytes:
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == http.HTTPStatus.OK, f"{method} {path}: {answer.status} {text!r}"
    return text


@contextlib.contextmanager
def run_puppetdb(root: Path) -> Iterator[PuppetDb]:
    """Have a PuppetDB for the time of a `with` block, ready to answer; nothing of /etc is read.

    To be called in the main thread: the kernel takes the end of the thread that starts a process for its parent's.
    """
    java = find_tool("java", "default-jre-headless")
    if not JAR.exists():
        give_up("needs PuppetDB (Debian's package puppetdb)")
    certificates = make_certificates(root / "certificates")
    (root / "var").mkdir()
    (root / "services.cfg").write_text(_SERVICES)
    (root / "logback.xml").write_text(_LOGGING)
    (root / "allowed").write_text(f"{ALLOWED}\n")

    def command(port: int) -> list[str]:
        # JSON is HOCON
        (root / "all.conf").write_text(json.dumps(_settings(root, certificates / SERVER, database, port)))
        options = ("--config", f"{root}/all.conf", "--bootstrap-config", f"{root}/services.cfg")
        words = ("-cp", str(JAR), "clojure.main", "-m", "puppetlabs.puppetdb.core", "services", *options)
        return _bound([java, *_JAVA, f"-Djava.io.tmpdir={root}", *words, "--restart-file", f"{root}/restart"])

    with run_postgres("puppetdb") as database, listen(command, b"PuppetDB finished starting") as port:
        puppetdb = PuppetDb(port, certificates)
        wait_until(puppetdb.is_ready, seconds=_START_LIMIT, pause=0.1)
        yield puppetdb


def _settings(root: Path, ssldir: Path, database: int, port: int) -> Mapping[str, Any]:
    return {
        "global": {"vardir": str(root / "var"), "logging-config": str(root / "logback.xml")},
        "database": {
            "subname": f"//127.0.0.1:{database}/puppetdb",
            "username": "puppetdb",
            "password": "none",
            "gc-interval": 0,
        },
        "jetty": {
            "ssl-host": "127.0.0.1",
            "ssl-port": port,
            "ssl-key": str(ssldir / f"private_keys/{SERVER}.pem"),
            "ssl-cert": str(ssldir / f"certs/{SERVER}.pem"),
            "ssl-ca-cert": str(ssldir / "certs/ca.pem"),
        },
        "puppetdb": {"certificate-allowlist": str(root / "allowed"), "disable-update-checking": "true"},
        "authorization": {
            "version": 1,
            "rules": [
                _STATUS,
                {
                    "match-request": {"path": "/metrics", "type": "path"},
                    "allow": ALLOWED,
                    "sort-order": 500,
                    "name": "metrics",
                },
            ],
        },
    }


@contextlib.contextmanager
def run_postgres(database: str) -> Iterator[int]:
    """Have a PostgreSQL with an empty database, owned by a user of the same name; the value is its port.

    PostgreSQL does not run as root: then it is the user postgres, whom Debian's package makes.
    """
    versions = sorted(_POSTGRES.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if not versions:
        give_up("needs PostgreSQL (Debian's package postgresql)")
    programs = versions[-1].parent
    user = (
        [find_tool("setpriv", "util-linux"), "--reuid=postgres", "--regid=postgres", "--init-groups", "--"]
        if os.geteuid() == 0
        else []
    )
    # not below pytest's directory, which only its owner may enter
    directory = Path(tempfile.mkdtemp(prefix="pinner-postgres-"))
    try:
        if user:
            shutil.chown(directory, "postgres", "postgres")
        data = directory / "data"
        options = ("--auth=trust", f"--username={database}", "--encoding=UTF8", "--no-locale", "--no-sync")
        subprocess.run(
            [*user, programs / "initdb", f"--pgdata={data}", *options],
            check=True,
            capture_output=True,
            cwd="/",
        )

        def command(port: int) -> list[str]:
            settings = {
                "listen_addresses": "127.0.0.1",
                "port": port,
                "unix_socket_directories": directory,
                "fsync": "off",
            }
            words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
            return [*user, *_bound([str(programs / "postgres"), "-D", str(data), *words])]

        with listen(command, b"ready to accept connections") as port:
            connection = ("--host=127.0.0.1", f"--port={port}", f"--username={database}")
            for words in (
                ("createdb", *connection, database),
                ("psql", *connection, "--command=CREATE EXTENSION pg_trgm", database),
            ):
                subprocess.run([programs / words[0], *words[1:]], check=True, capture_output=True)
            yield port
    finally:

        def is_gone() -> bool:
            """Its processes end with the first one of them, and may write until then."""
            shutil.rmtree(directory, ignore_errors=True)
            return not directory.exists()

        wait_until(is_gone, pause=0.1)


def _bound(command: list[str]) -> list[str]:
    """Return the command so that it ends with this process, however this one ends."""
    setpriv = find_tool("setpriv", "util-linux")
    return [setpriv, "--pdeathsig", "KILL", "--", "sh", "-c", _UNLESS_ORPHANED, str(os.getpid()), *command]


def make_certificates(root: Path) -> Path:
    """Make an ssldir for each name of a certificate, with one authority, and `elsewhere` with another one."""
    _make_authority(root / "authority")
    for name in (SERVER, ALLOWED, STRANGER):
        _issue(root / name, name, root / "authority")
    _make_authority(root / "other")
    _issue(root / "elsewhere", ALLOWED, root / "other")
    return root


def _make_authority(directory: Path) -> None:
    directory.mkdir(parents=True)
    files = ("-keyout", f"{directory}/key.pem", "-out", f"{directory}/ca.pem")
    _openssl("req", "-x509", "-subj", f"/CN=authority {directory.name}", *_NEW_KEY, *files)


def _issue(ssldir: Path, name: str, authority: Path) -> None:
    for part in ("certs", "private_keys"):
        (ssldir / part).mkdir(parents=True)
    shutil.copy(authority / "ca.pem", ssldir / "certs/ca.pem")
    files = ("-keyout", f"{ssldir}/private_keys/{name}.pem", "-out", f"{ssldir}/certs/{name}.pem")
    signed_by = ("-CA", f"{authority}/ca.pem", "-CAkey", f"{authority}/key.pem")
    extension = ("-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=critical,CA:FALSE")
    _openssl("req", "-x509", "-subj", f"/CN={name}", *_NEW_KEY, *extension, *signed_by, *files)


_NEW_KEY = ("-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def _openssl(*words: str) -> None:
    subprocess.run([find_tool("openssl", "openssl"), *words], check=True, capture_output=True)
