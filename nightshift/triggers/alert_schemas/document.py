"""Read a request body as JSON, more strictly than the standard library does."""

import json
from math import isfinite

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import text_of

LARGEST_DEPTH = 32
# The largest float has 309 digits; a longer integer is no measurement.
_LONGEST_INTEGER = 309


def parse(body: bytes) -> dict[str, object]:
    """The JSON object of a body; a byte order mark of UTF-8 before it is passed over.

    Raises:
        BadInputError: not UTF-8, not JSON, no object; a key given twice, NaN or infinity, a number beyond a double,
            half a surrogate pair, or more than 32 levels deep.
    """
    try:
        text = text_of(body)
    except ValueError as error:
        raise BadInputError(field="body", value=body[:40], rule=str(error)) from error
    try:
        document: object = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_integer,
        )
    except RecursionError as error:
        raise BadInputError(field="body", value=body[:40], rule=_TOO_DEEP) from error
    except ValueError as error:
        raise BadInputError(field="body", value=body[:80], rule=f"must be JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInputError(field="body", value=type(document).__name__, rule="must be a JSON object")
    _check(document)
    return document


_TOO_DEEP = f"nests deeper than {LARGEST_DEPTH} levels"


def _check(document: dict[str, object]) -> None:
    level: list[object] = [document]
    for _ in range(LARGEST_DEPTH):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += [*item, *item.values()]
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not _is_text(item):
                rule = "holds half a surrogate pair, which is no character"
                raise BadInputError(field="body", value=ascii(item[:40]), rule=rule)
        if not below:
            return
        level = below
    raise BadInputError(field="body", value="...", rule=_TOO_DEEP)


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            msg = f"the key {key[:80]!r} is given twice"
            raise ValueError(msg)
        found[key] = value
    return found


def _no_number(text: str) -> float:
    msg = f"{text} is no JSON number"
    raise ValueError(msg)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        msg = f"the number {text[:40]} is too large"
        raise ValueError(msg)
    return number


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        msg = f"the number {text[:40]}... is too large"
        raise ValueError(msg)
    return int(text)
