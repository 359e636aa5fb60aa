"""Texts from outside: cleaned where they come in, or shown with what they hide; cut to what fits."""

import unicodedata

_ELLIPSIS = "…"
# A string property of Table storage holds 32,768 UTF-16 units.
LARGEST_PROPERTY = 32_000
# They turn the direction of writing, so that a text can look like another.
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control characters, invisible marks of format (those of direction among them), half a surrogate pair, and the
# separators of lines and paragraphs: none has a shape of its own, and a terminal or a page obeys many.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


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


def escaped(text: str, *, keep: str = "") -> str:
    r"""The text with every invisible character written out, such as ``\x1b`` or ``\u202e``.

    Nothing is lost and nothing is obeyed: not by a terminal, a log, a page or a chat. Text without such characters
    stays as it is, and escaping twice changes nothing.

    Args:
        keep: characters that stay as they are, such as a newline.
    """
    return "".join(item if item in keep else _written_out(item) for item in text)


def escaped_line(text: str, limit: int) -> str:
    """The text on one line, invisible characters written out, with at most ``limit`` characters."""
    # No character becomes shorter, so that more than the limit need not be read.
    return shortened(escaped(text[: limit + 1]), limit)


def shortened(text: str, limit: int) -> str:
    """The text with at most ``limit`` characters; an ellipsis says that some are gone."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + _ELLIPSIS


def units(text: str) -> int:
    """How long a text is where Table storage keeps it, in UTF-16 units: most characters are one, an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or character in _BIDI


def _written_out(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
