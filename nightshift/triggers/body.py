"""Request bodies, read as messages."""

from codecs import BOM_UTF8
from typing import TypeVar

import azure.functions as func
from pydantic import ValidationError

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message

Body = TypeVar("Body", bound=Message)


def body_of(req: func.HttpRequest, kind: type[Body]) -> Body:
    """The body of a request, without a byte order mark; none counts as an empty object.

    Raises:
        BadInputError: the first rule that it breaks.
    """
    body = req.get_body().removeprefix(BOM_UTF8) or b"{}"
    try:
        return kind.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "body"
        names = ", ".join(kind.model_fields)
        shown = None if first["type"] == "missing" else str(first["input"])[:80]
        rule = f"{first['msg']} (a JSON object with {names})"
        raise BadInputError(field=field, value=shown, rule=rule) from error
