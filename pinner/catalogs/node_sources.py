"""Ask other programs about nodes: PuppetDB for their facts, and an external node classifier for their classes.

Sources: puppetdb documentation/api/query/v4/inventory.md, and https://www.puppet.com/docs/puppet/latest/nodes_external.html
"""

import json
import os
import shlex
import shutil
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

from pinner.catalogs.https import HttpsServer
from pinner.catalogs.programs import run_program
from pinner.model.errors import InputError, Problem, UnknownError

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


_CLASSIFIER_SECONDS: Final = 60.0
_LONGEST_ANSWER: Final = 16 * 1024 * 1024


def split_command(text: str) -> tuple[str, ...]:
    """Return the words of a command; raises InputError if its program does not exist. No shell is involved."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(Problem(f"--enc: {error} in {text!r}")) from error
    if not words or shutil.which(words[0]) is None:
        raise InputError(Problem(f"--enc: there is no program {text!r}", hint="give its path and arguments"))
    return tuple(words)


def classify(command: tuple[str, ...], node: str) -> bytes:
    """Return what the command prints with the node's name as its last argument.

    Raises UnknownError if it fails, does not end within a minute or prints too much.
    """
    done = run_program(
        (*command, node), environment=os.environ, seconds=_CLASSIFIER_SECONDS, largest=_LONGEST_ANSWER
    )
    if done.code:
        lines = done.err.strip().splitlines()
        why = f": {lines[-1]}" if lines else ""
        raise UnknownError(Problem(f"{shlex.join((*command, node))} ended with exit code {done.code}{why}"))
    return done.out
