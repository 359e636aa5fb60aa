"""Query parameters that several routes take."""

import re
from datetime import datetime

import azure.functions as func

from domain.errors import BadInputError

_LIMIT = 50
_LARGEST_LIMIT = 1_000


def limit_of(req: func.HttpRequest) -> int:
    """``limit``: how many items at most.

    Raises:
        BadInputError: not a whole number from 1 to 1000.
    """
    text = req.params.get("limit", str(_LIMIT))
    if not re.fullmatch(r"\d{1,4}", text) or not 1 <= int(text) <= _LARGEST_LIMIT:
        raise BadInputError(field="limit", value=text, rule=f"must be a whole number from 1 to {_LARGEST_LIMIT}")
    return int(text)


def time_of(req: func.HttpRequest) -> datetime | None:
    """``at``: a time, None if it is not given.

    Raises:
        BadInputError: not a time with its zone.
    """
    text = req.params.get("at")
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        rule = "must be a time with its zone, such as 2026-11-01T03:00Z"
        raise BadInputError(field="at", value=text, rule=rule)
    return value
