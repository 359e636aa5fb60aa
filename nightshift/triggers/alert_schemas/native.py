"""Our own schema: an AlertMessage as JSON."""

from collections.abc import Mapping

from nightshift.domain.response.alert import AlertMessage
from nightshift.triggers.alert_schemas.payload import alert_message

MARK = "alert_id"


def from_native(document: Mapping[str, object]) -> AlertMessage:
    """Read an AlertMessage; unknown fields are refused.

    Raises:
        BadInputError: a field breaks a rule.
    """
    return alert_message(document, "alert")
