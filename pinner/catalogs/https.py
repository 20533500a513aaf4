"""Send requests to a Puppet Server or a PuppetDB, authenticated with the certificate of the machine's agent."""

import http.client
import json
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from pinner.model.errors import Problem, UnknownError

_LARGEST: Final = 256 * 1024 * 1024
_AT_ONCE: Final = 1024 * 1024
_PATIENCE: Final = 10
"""Times the time limit that a whole answer may take: a server may send one byte at a time."""


class Answer(NamedTuple):
    """The status of an answer, its reason, and its body."""

    status: int
    reason: str
    body: bytes

    def json(self) -> Any:
        """Return what the body holds; raises ValueError if it is not JSON, or too deeply nested."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None


@dataclass(frozen=True, slots=True)
class HttpsServer:
    """A server at `https://HOST[:PORT]`; `port` is the one without PORT, `timeout` is that of silence, in seconds."""

    url: str
    context: ssl.SSLContext
    port: int
    timeout: float

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the answer; raises UnknownError if there is none, or one that is too large or takes too long."""
        end = time.monotonic() + _PATIENCE * self.timeout
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or self.port, timeout=self.timeout, context=self.context
        )
        try:
            with closing(connection):
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                answer = connection.getresponse()
                text = bytearray()
                while some := answer.read1(_AT_ONCE):
                    text += some
                    if len(text) > _LARGEST or time.monotonic() > end:
                        limits = f"{_LARGEST} bytes or {_PATIENCE * self.timeout:.0f} seconds"
                        raise UnknownError(Problem(f"{self.url}: an answer of more than {limits}"))
        except (OSError, http.client.HTTPException) as error:
            raise UnknownError(Problem(f"{self.url}: {str(error) or type(error).__name__}")) from error
        return Answer(answer.status, answer.reason, bytes(text))
