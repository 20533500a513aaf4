"""Send requests to a Puppet Server or a PuppetDB, authenticated with the certificate of the machine's agent."""

import http.client
import ssl
from contextlib import closing
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pinner.model.errors import Problem, UnknownError

_LARGEST: Final = 256 * 1024 * 1024


class Answer(NamedTuple):
    """The status of an answer, its reason, and its body."""

    status: int
    reason: str
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpsServer:
    """A server at `https://HOST[:PORT]`; `port` is the one without PORT, `timeout` is that of a request, in seconds."""

    url: str
    context: ssl.SSLContext
    port: int
    timeout: float

    def request(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """Return the answer; raises UnknownError if there is none, or one that is too large."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or self.port, timeout=self.timeout, context=self.context
        )
        try:
            with closing(connection):
                connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
                answer = connection.getresponse()
                text = answer.read(_LARGEST + 1)
        except (OSError, http.client.HTTPException) as error:
            raise UnknownError(Problem(f"{self.url}: {str(error) or type(error).__name__}")) from error
        if len(text) > _LARGEST:
            raise UnknownError(Problem(f"{self.url}: an answer of more than {_LARGEST} bytes"))
        return Answer(answer.status, answer.reason, text)
