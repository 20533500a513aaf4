"""The user's own words inside a message; credentials are never among them."""

import re
from collections.abc import Iterable, Sequence

from pinner.puppet.names import quoted

_URL_CREDENTIALS = re.compile(r"(?<=://)\S*@")


def quote(text: str) -> str:
    """Return the text as a message shows it: quoted, short, without what a URL in it holds before its last `@`."""
    return quoted(redact(text))


def redact(text: str) -> str:
    """Return the text without what stands between `://` and the last `@` after it."""
    return _URL_CREDENTIALS.sub("***@", text)


def join_words(words: Sequence[str], *, last: str) -> str:
    """Return `a, b or c` for three words and `last` = "or"."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def near(word: str, known: Iterable[str], *, prefix: str = "did you mean ") -> str | None:
    """Return a hint with the known words that look most like this one, nearest first, or None."""
    from difflib import get_close_matches  # noqa: PLC0415 - costs start-up time that only a mistake should pay

    matches = get_close_matches(word, sorted(known), n=3)
    return f"{prefix}{join_words([quoted(match) for match in matches], last='or')}?" if matches else None
