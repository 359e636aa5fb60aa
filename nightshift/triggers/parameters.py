"""Query parameters that several routes take, read."""

import re
from datetime import UTC, datetime

import azure.functions as func

from nightshift.domain.platform.errors import BadInputError, UnknownModelError
from nightshift.domain.platform.page import Position
from nightshift.domain.platform.ports import Services

_LIMIT = 50
_LARGEST_LIMIT = 1_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


def limit_of(req: func.HttpRequest, default: int = _LIMIT) -> int:
    """``limit``: how many items at most.

    Raises:
        BadInputError: not a whole number from 1 to 1000.
    """
    text = req.params.get("limit", str(default))
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= _LARGEST_LIMIT:
        raise BadInputError(field="limit", value=text, rule=f"must be a whole number from 1 to {_LARGEST_LIMIT}")
    return int(text)


def cursor_of(req: func.HttpRequest) -> Position | None:
    """``cursor``: the place behind which the page begins, None for the first page.

    Raises:
        BadInputError: it is none that we gave.
    """
    text = req.params.get("cursor")
    return None if text is None else Position.from_cursor(text)


def time_of(req: func.HttpRequest, name: str = "at") -> datetime | None:
    """A time, in UTC; None if it is not given.

    Raises:
        BadInputError: not a time with its zone.
    """
    text = req.params.get(name)
    if text is None:
        return None
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadInputError(field=name, value=text[:80], rule="must be a time with its zone, such as 2026-11-01T03:00Z")


def refuse_unknown_model(services: Services, model: str | None, *, found: bool) -> None:
    """A model that has no spec and nothing on record is a mistake of the caller's, not an empty list.

    Raises:
        UnknownModelError: names the models that there are.
    """
    if model is not None and not found and model not in (known := services.specs.names()):
        raise UnknownModelError(model, known)
