"""Text of strangers, made safe to look at: what would move a cursor, hide or turn round other text is spelled out."""

import re
from typing import Final

# Control characters but tab and newline, marks that reorder text (Trojan Source, CVE-2021-42574), what has no width,
# line separators that only some programs break at, and halves of surrogate pairs, which no file can be written with.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Return the text with every character that would not show as itself written as its code, such as `\\u202e`."""
    return _UNSEEN.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """Return the same on one line, each run of blanks as one."""
    return visible(" ".join(text.split()))
