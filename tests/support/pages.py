"""An HTML page as a test looks at it: its elements and texts, by the standard library's parser."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """One element with its attributes, and all text inside."""

    tag: str
    attributes: Mapping[str, str]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """All elements in the order of their beginning."""

    source: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in {"meta", "link", "input", "br", "col", "wbr"}:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> Iterator[Element]:
        """Yield the elements of that tag that have those attributes."""
        wanted = attributes.items()
        yield from (one for one in self.elements if one.tag == tag and wanted <= one.attributes.items())

    def one(self, tag: str, **attributes: str) -> Element:
        """Return the only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    @property
    def policy(self) -> Mapping[str, str]:
        """Return the content security policy by directive."""
        meta = self.one("meta", **{"http-equiv": "Content-Security-Policy"})
        parts = (part.strip().partition(" ") for part in meta.attributes["content"].split(";"))
        return {name: value for name, _, value in parts}


def hash_source(text: str) -> str:
    """Return how a policy allows an inline text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def words(text: str) -> str:
    """Return a text with each run of blanks as one."""
    return re.sub(r"\s+", " ", text).strip()
