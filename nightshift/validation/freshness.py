"""How new the newest row is, by the time of the upload and by the newest row before it.

A date counts as its midnight in UTC; a timestamp without offset is UTC.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import Freshness, Violation
from nightshift.validation.column_facts import EPOCH, ColumnFacts, extreme_text
from nightshift.validation.stored_type import Kind

_DAY = timedelta(days=1)


def parse_moment(text: str, field: str) -> datetime:
    """Return an ISO 8601 date or timestamp as UTC. Errors: ``BadInputError`` naming the field."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInputError(field=field, value=text, rule="must be an ISO 8601 date or timestamp") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def freshness_violations(
    rule: Freshness, kind: Kind | None, facts: ColumnFacts, *, uploaded_at: datetime, last_newest: datetime | None
) -> Iterator[Violation]:
    """Yield the broken freshness rules of a file that has rows."""
    newest = facts.maximum
    if newest is None:
        message = f"column {rule.column!r} has no readable value, so the newest row is unknown"
        yield Violation(rule="freshness", column=rule.column, message=message)
        return
    text = extreme_text(kind, newest)
    # In microseconds, because a stored moment can lie beyond what datetime holds.
    age = timedelta(microseconds=1) * ((uploaded_at - EPOCH) // timedelta(microseconds=1) - int(newest))
    if rule.max_age_days is not None and age / _DAY > rule.max_age_days:
        message = (
            f"the newest {rule.column!r} is {text}, {age / _DAY:.1f} days before the upload"
            f" ({_iso(uploaded_at)}); at most {rule.max_age_days:g} allowed"
        )
        yield Violation(rule="freshness", column=rule.column, message=message, examples=(f"newest: {text}",))
    if -age / _DAY > rule.max_future_days:
        message = (
            f"the newest {rule.column!r} is {text}, {-age / _DAY:.1f} days after the upload"
            f" ({_iso(uploaded_at)}); at most {rule.max_future_days:g} allowed"
        )
        yield Violation(rule="freshness", column=rule.column, message=message, examples=(f"newest: {text}",))
    if rule.not_older_than_last and last_newest and int(newest) < (last_newest - EPOCH) // timedelta(microseconds=1):
        message = (
            f"the newest {rule.column!r} is {text}, before the newest row of the last accepted upload"
            f" ({_iso(last_newest)})"
        )
        yield Violation(rule="freshness", column=rule.column, message=message, examples=(f"newest: {text}",))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
