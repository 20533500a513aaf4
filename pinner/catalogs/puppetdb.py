"""Get the facts of all nodes from PuppetDB, through its query API (puppetdb documentation/api/query/v4/inventory.md)."""

import json
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from pinner.catalogs.https import HttpsServer
from pinner.model.errors import Problem, UnknownError

PATH: Final = "/pdb/query/v4/inventory"
PORT: Final = 8081
_PAGE: Final = 500
"""Nodes of one request: facts of a node are 20 kB, and PuppetDB holds an answer in memory."""
_MOST: Final = 200_000
"""Nodes in all: a server that answers every page with another one would never end."""
_OK: Final = 200


def fetch_inventory(url: str, context: ssl.SSLContext, *, timeout: float = 120.0) -> Iterator[bytes]:
    """Yield the inventory in JSON lists, ordered by certname: facts and trusted facts of all active nodes.

    Raises UnknownError if PuppetDB does not answer, or with anything else.
    """
    server = HttpsServer(url, context, PORT, timeout)
    offset = 0
    while True:
        order = json.dumps([{"field": "certname", "order": "asc"}])
        query = urlencode({"order_by": order, "limit": _PAGE, "offset": offset})
        answer = server.request("GET", f"{PATH}?{query}")
        if answer.status != _OK:
            hint = f"allow this machine's certificate to read {PATH} (certificate-allowlist, or auth.conf)"
            raise UnknownError(Problem(f"{url}: {answer.status} {answer.reason}", hint=hint))
        try:
            rows = answer.json()
        except ValueError:
            rows = None
        if not isinstance(rows, list) or len(rows) > _PAGE:
            raise UnknownError(Problem(f"{url}: the answer to {PATH} is not a list of nodes"))
        if offset > _MOST:
            raise UnknownError(Problem(f"{url}: it has more than {_MOST} nodes"))
        if rows:
            yield answer.body
        if len(rows) < _PAGE:
            return
        offset += len(rows)
