"""What a module says about itself: metadata.json, and Modulefile before that, as they are in the wild.

Nothing raises and nothing is evaluated: what cannot be read as it stands is left out, or read by what was meant, and
told as a flaw in words. Every text that comes back is one printable line of bounded length.
"""

from dataclasses import replace
from typing import Literal

from pinner.puppet.flaws import Flaws
from pinner.puppet.json_text import LONGEST, decode
from pinner.puppet.metadata_json import read_metadata_json
from pinner.words.metadata import Metadata

MetadataFile = Literal["metadata.json", "Modulefile"]


def parse_metadata(content: bytes, *, file: MetadataFile) -> Metadata:
    """Read one file of a module's top directory; `file` is its name.

    A file of which nothing can be read comes back with nothing but `file` and `flaws`.
    """
    if len(content) > LONGEST:
        return Metadata(file=file, flaws=(f"it is larger than {LONGEST} bytes",))
    flaws = Flaws()
    text = decode(content, flaws)
    metadata = read_metadata_json(text, flaws) if file == "metadata.json" else _read_modulefile(text, flaws)
    return replace(metadata, flaws=flaws.as_tuple())


def _read_modulefile(text: str, flaws: Flaws) -> Metadata:
    from pinner.puppet.modulefile import read_modulefile  # noqa: PLC0415 - a reader of Ruby: start-up would feel it

    return read_modulefile(text, flaws)
