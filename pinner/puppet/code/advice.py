"""What a deprecation's text tells: what to use instead, and when the thing goes."""

import re
from itertools import chain

_NAME = r"[`'\"$]*(?:::)?(?P<name>[a-z_]\w*(?:::\w+)*)"
_INSTEAD = re.compile(
    r"\b(?:use[sd]?|set|switch(?:ing)? to|moved? to|replaced (?:by|with)|in favou?r of|superseded by|deprecated for|"
    r"renamed to|migrate to|consider|via|with)\s+(?:the\s+|parameter\s+|class\s+|define\s+|option\s+|of\s+|new\s+)*+"
    + _NAME,
    re.IGNORECASE,
)
_SHOULD_BE = re.compile(
    _NAME + r"[`'\"]?\s+(?:parameter\s+)?(?:should|must|can) be (?:used|set) instead", re.IGNORECASE
)
_MORE = re.compile(r"[`'\"]?(?:\([\w/ ]*\))?(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+or\s+)(?:the\s+)?" + _NAME)
_OF_CLASS = re.compile(
    r"[`'\"]?(?:\s+(?:parameters?|options?))?\s+(?:of|on|in|from)\s+(?:the\s+)?(?:base\s+)?[`'\"]?(?:::)?"
    r"(?P<owner>[a-z]\w*(?:::\w+)*)[`'\"]?(?P<word>\s+class)?"
)
_SAME = re.compile(
    r"\bsame (?:parameter|option|name)\w*\s+(?:of|on|in|from)\s+(?:the\s+)?[`'\"]?(?:::)?(?P<owner>[a-z]\w*(?:::\w+)*)"
)
_WHEN = re.compile(
    r"\b(?:removed|dropped|deleted)\s+(?:completely\s+)?(?:from\s+[\w:-]+\s+)?(?:in|after|by|as of|during|with)\s+"
    r"(?P<when>(?:(?:an?|the|any)\s+)?[\w.-]*\w(?:\s+(?:release|releases|cycle|version|future|realse|later))*)",
    re.IGNORECASE,
)
_AFTERWORDS = re.compile(
    r"[`'\"]?\s+(?:parameter|class|option|define|defined|instead|resource)s?\b|[`'\"]?\s*(?:[.,;)]|$)"
)
_ADVISES = (
    "depr",
    "instead",
    "in favo",
    "replaced",
    "superseded",
    "renamed",
    "moved",
    "no longer",
    "dropped",
)
_GOES = ("removed", "dropped", "deleted")
_IS_CLASS = re.compile(r"[`'\"]?\s+(?:class|define)")
_NO_NAME = re.compile(
    r"an?|the|this|that|these|those|its?|them|they|to|of|in|on|by|for|with|from|and|or|not?|any|all|other|another|your|our"
    r"|same|new|old|instead|please|us(?:e|ing)|only|default|undef|true|false|values?|options?|parameters?|class(?:es)?"
    r"|defines?|names?|services?|hash|array|string|list|hiera|puppet|modules?|deprecated|release|future|longer|something"
    r"|ones?|both|either|as|is|are|be",
    re.IGNORECASE,
)


def replacement_of(text: str, name: str, owner: str) -> str | None:
    """Return what `text` says to use instead of `name`, None where it doesn't; several names joined by ", ".

    `owner` is the definition that `name` is a parameter of: its own prefix is left out.
    """
    lowered = text.lower()
    if not any(word in lowered for word in _ADVISES):
        return None
    same = _SAME.search(text) if "same " in text else None
    if same:
        return f"{same['owner']}::{name}"
    match = _first(text)
    if match is None:
        return None
    if _IS_CLASS.match(text, match.end("name")):
        return match["name"]
    names = (_relative(one, owner) for one in _all_names(text, match))
    return ", ".join(dict.fromkeys(one for one in names if one != name)) or None


def removal_of(text: str) -> str | None:
    """Return the words of `text` for when the thing will be removed."""
    lowered = text.lower()
    match = _WHEN.search(text) if any(word in lowered for word in _GOES) else None
    return match["when"] if match else None


def _first(text: str) -> re.Match[str] | None:
    passive = _SHOULD_BE.finditer(text) if " be used instead" in text or " be set instead" in text else ()
    candidates = chain(passive, _INSTEAD.finditer(text))
    return next((match for match in candidates if _is_name(text, match)), None)


def _is_name(text: str, match: re.Match[str]) -> bool:
    name = match["name"]
    if _NO_NAME.fullmatch(name) or not name.islower():
        return False
    owner = _OF_CLASS.match(text, match.end("name"))
    is_owned = owner is not None and "::" in owner["owner"]
    return "_" in name or "::" in name or is_owned or bool(_AFTERWORDS.match(text, match.end("name")))


def _all_names(text: str, match: re.Match[str]) -> list[str]:
    owner = _OF_CLASS.match(text, match.end("name"))
    if owner and ("::" in owner["owner"] or owner["word"]):
        return [f"{owner['owner']}::{match['name']}"]
    names = [match["name"]]
    more = _MORE.match(text, match.end("name"))
    while more and _is_name(text, more):
        names.append(more["name"])
        more = _MORE.match(text, more.end("name"))
    return names


def _relative(name: str, owner: str) -> str:
    prefix = f"{owner}::"
    return name.removeprefix(prefix) if name.count("::") == prefix.count("::") else name
