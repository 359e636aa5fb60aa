"""What every schema does: check the fields it reads, and make an AlertMessage that the responder will take."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from nightshift.domain.platform.broken_rules import bad_input
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.text import lines, one_line, printable, shortened
from nightshift.domain.response.alert import LARGEST_BYTES, AlertMessage

TITLE, DETAIL = 300, 8_000
# They name something; a name is never cut or mended.
_NAMES = ("alert_id", "source", "rule", "metric", "feature", "url", "run")


class Payload(BaseModel):
    """A part of a foreign document in camel case: what we read of it; the rest is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, allow_inf_nan=False)


AnySection = TypeVar("AnySection", bound=BaseModel)


def read(schema: type[AnySection], document: object, where: str) -> AnySection:
    """The fields of a schema.

    Raises:
        BadInputError: a field is missing or ill-typed; names its path.
    """
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        raise bad_input(error, schema, where=where) from error


def alert_message(fields: Mapping[str, Any], where: str) -> AlertMessage:
    """The alert, small enough for its queue; title and detail lose control characters and are cut, nothing else is.

    Raises:
        BadInputError: a field breaks a rule.
    """
    cleaned = dict(fields)
    for name, clean, limit in (("title", one_line, TITLE), ("detail", lines, DETAIL)):
        if isinstance(cleaned.get(name), str):
            cleaned[name] = clean(cleaned[name], limit)
    try:
        alert = AlertMessage.model_validate(cleaned)
    except ValidationError as error:
        raise bad_input(error, AlertMessage, where=where) from error
    for name in _NAMES:
        if not printable(getattr(alert, name)):
            rule = "must not hold control characters"
            raise BadInputError(field=name, value=getattr(alert, name), rule=rule, where=where)
    # The bounds of all other fields together leave room: cutting the detail ends this.
    while len(alert.model_dump_json().encode()) > LARGEST_BYTES:
        alert = alert.model_copy(update={"detail": shortened(alert.detail, len(alert.detail) * 3 // 4)})
    return alert
