"""NCRONTAB expressions, as the timer trigger of Azure Functions reads them.

croniter finds the due times: with a second at the beginning, and a day that must match the day of the month *and* the
day of the week. It is given the values of each field, since NCRONTAB reads a field in its own way: a range that is
written backwards is turned round, a name may be any beginning of the whole name, Sunday is only 0, and there is no L,
W, # or @daily. Source: NCrontab's CrontabSchedule, which the timer extension uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from croniter import CroniterBadDateError, croniter

from local_host.functions.errors import ScheduleError

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


@dataclass(frozen=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day-of-week", 0, 6, _DAYS),
)
# The longest wait that the calendar can force is 40 years: 29 February on a given weekday, across a year such as 2100.
_HORIZON_YEARS = 41


@dataclass(frozen=True)
class CronSchedule:
    """An expression, and the same in croniter's form. Times are UTC."""

    expression: str
    _cron: str

    @classmethod
    def parse(cls, expression: str) -> CronSchedule:
        """`{second} {minute} {hour} {day} {month} {day-of-week}`, or five fields without the second (then 0)."""
        parts = expression.split()
        if len(parts) == 5:
            parts = ["0", *parts]
        if len(parts) != 6:
            rule = f"an NCRONTAB expression has six fields (or five, without seconds), not {len(parts)}"
            raise ScheduleError(expression, rule)
        fields = (_parse_field(expression, part, field) for part, field in zip(parts, _FIELDS, strict=True))
        schedule = cls(expression, " ".join(fields))
        schedule.next_after(datetime(2000, 1, 1, tzinfo=UTC))
        return schedule

    def next_after(self, moment: datetime) -> datetime:
        """The first occurrence later than `moment`; ScheduleError if there is none (31 February)."""
        start = moment.astimezone(UTC).replace(microsecond=0)
        due = croniter(
            self._cron, start, second_at_beginning=True, day_or=False, max_years_between_matches=_HORIZON_YEARS
        )
        try:
            found: datetime = due.get_next(datetime)
        except CroniterBadDateError as error:
            raise ScheduleError(self.expression, "no date ever matches it") from error
        return found


def _parse_field(expression: str, text: str, field: _Field) -> str:
    values = {value for item in text.split(",") for value in _parse_item(expression, item, field)}
    return ",".join(map(str, sorted(values)))


def _parse_item(expression: str, item: str, field: _Field) -> range:
    """One of `*`, `5`, `1-5`, with an optional `/step` (`5/10` means from 5 to the field's end in steps of 10)."""
    span, slash, step_text = item.partition("/")
    step = 1
    if slash:
        if not (step_text.isascii() and step_text.isdigit() and int(step_text) > 0):
            raise ScheduleError(expression, f"{field.name} {item!r}: the step must be a whole number above 0")
        step = int(step_text)
    if span == "*":
        return range(field.first, field.last + 1, step)
    low_text, dash, high_text = span.partition("-")
    low = _parse_value(expression, low_text, field)
    high = _parse_value(expression, high_text, field) if dash else (field.last if step > 1 else low)
    return range(min(low, high), max(low, high) + 1, step)


def _parse_value(expression: str, text: str, field: _Field) -> int:
    if text.isascii() and text.isdigit():
        value = int(text)
        if not field.first <= value <= field.last:
            raise ScheduleError(expression, f"{field.name} {value} is not between {field.first} and {field.last}")
        return value
    for position, name in enumerate(field.names):
        if text and name.startswith(text.lower()):
            return position + field.first
    allowed = f"a number from {field.first} to {field.last}"
    if field.names:
        allowed += f" or a name such as {field.names[0][:3]}"
    raise ScheduleError(expression, f"{field.name} {text!r} is not {allowed}")
