"""Texts from outside: without control characters, and cut to what fits."""

import unicodedata

_ELLIPSIS = "…"
# They turn the direction of writing, so that a text can look like another.
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> bool:
    """Whether a text holds no control character and none that turns the direction of writing."""
    return not any(_is_control(character) for character in text)


def one_line(text: str, limit: int) -> str:
    """The text on one line: white space becomes one space, control characters go, what is too long is cut."""
    kept = "".join(item for item in " ".join(text.split()) if not _is_control(item))
    return shortened(" ".join(kept.split()), limit)


def lines(text: str, limit: int) -> str:
    """The text with its lines and tabs, without other control characters; what is too long is cut."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(item for item in plain if item in "\n\t" or not _is_control(item))
    return shortened(kept.strip(), limit)


def shortened(text: str, limit: int) -> str:
    """The text with at most ``limit`` characters; an ellipsis says that some are gone."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + _ELLIPSIS


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or character in _BIDI
