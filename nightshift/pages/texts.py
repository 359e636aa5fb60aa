"""Values as people read them."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nightshift.domain.platform.identity import RUN_IN_TEXT
from nightshift.domain.platform.times import plain_times
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.mitigations import CHANGING

if TYPE_CHECKING:
    from markupsafe import Markup

_LONGEST_VALUE = 6_000


def moment(value: datetime) -> str:
    """A time in UTC to the minute."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock(value: datetime) -> str:
    """A time of the night: the day of the month and the minute, in UTC."""
    return value.astimezone(UTC).strftime("%d %b %H:%M")


def number(value: float | None) -> str:
    """A measured value to four digits; a dash for none."""
    return "-" if value is None else f"{value:.4g}"


def lasted(span: timedelta) -> str:
    """A time span by its two largest units; nothing below zero."""
    seconds = max(round(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3_600:
        return f"{seconds // 3_600} h {seconds % 3_600 // 60} min"
    return f"{seconds // 86_400} d {seconds % 86_400 // 3_600} h"


def shown(value: Any) -> str:
    """A JSON value to read; what is very long is cut, and says so."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}\n... and {len(text) - _LONGEST_VALUE} characters more: `nightshift show`"


def why_waiting(incident: Incident) -> str:
    """What was done about an incident, or why a person is needed: the newest thing that changed anything or failed."""
    notable = [action for action in incident.actions if action.mitigation in CHANGING or action.state == "failed"]
    if notable:
        newest = max(notable, key=lambda action: action.at)
        return f"{newest.mitigation} {newest.state}: {newest.detail}"
    if incident.caused_by:
        return f"it waits for incident {incident.caused_by}, whose symptom it is"
    return f"nothing was changed: {incident.reason}"


def with_links(text: str) -> "Markup":
    """A sentence of a record as HTML: times to the minute, ids of runs as links, everything else as text."""
    from markupsafe import Markup, escape

    pieces = RUN_IN_TEXT.split(plain_times(text))
    link = Markup('<a href="/runs/{0}">{0}</a>')
    return Markup("").join(link.format(piece) if number % 2 else escape(piece) for number, piece in enumerate(pieces))


def web_address(text: str) -> str:
    """An address that may be linked to: http or https; empty for any other, such as one that runs a script."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in {"http", "https"} and parts.netloc else ""
