"""Which queues there are: one file, shared with what provisions the real ones."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_DURATION = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_MAX_LOCK = timedelta(minutes=5)
_MAX_WINDOW = timedelta(days=7)
_MAX_TTL = timedelta(days=10_675_199)


class DefinitionError(ValueError):
    """The definition file cannot be used; each line names the queue, the field, the value and the rule."""


def parse_duration(value: object) -> timedelta:
    """A length of time: ISO 8601 ("PT1M", "P1D") or a number of seconds; ValueError if it is neither."""
    if isinstance(value, timedelta):
        return value
    seconds = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value != "P" else None
    try:
        if seconds is not None:
            return timedelta(seconds=seconds)
        if match is not None:
            return timedelta(
                **{unit: float(amount) for unit, amount in match.groupdict().items() if amount is not None}
            )
    except OverflowError:
        # Longer than Python can count: as wrong as any other text.
        pass
    raise ValueError('must be an ISO 8601 duration such as "PT1M" or "P1D", or a number of seconds')


def _up_to(longest: timedelta) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not timedelta() < value <= longest:
            raise ValueError(f"must be longer than zero and at most {longest}")
        return value

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class QueueDefinition(BaseModel):
    """One queue. Without a window there is no duplicate detection."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9]$|^[A-Za-z0-9][A-Za-z0-9._/-]{0,258}[A-Za-z0-9]$")]
    lock_duration: Annotated[Duration, _up_to(_MAX_LOCK)] = timedelta(minutes=1)
    max_delivery_count: Annotated[int, Field(ge=1, le=2000)] = 10
    default_message_ttl: Annotated[Duration, _up_to(_MAX_TTL)] = _MAX_TTL
    duplicate_detection_window: Annotated[Duration, _up_to(_MAX_WINDOW)] | None = None
    dead_lettering_on_expiration: bool = False


def read_definitions(file: Path) -> tuple[QueueDefinition, ...]:
    """All queues of the file; DefinitionError lists everything that is wrong in it."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionError(f"{file}: there is no such file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{file}: not a YAML file: {' '.join(str(error).split())}") from error
    queues = document.get("queues") if isinstance(document, dict) else None
    if not isinstance(queues, list) or not queues or set(document) != {"queues"}:
        raise DefinitionError(f"{file}: must hold one key, queues, with a list of at least one queue")
    faults: list[str] = []
    found: dict[str, QueueDefinition] = {}
    for position, queue in enumerate(queues):
        name = queue.get("name", position) if isinstance(queue, dict) else position
        try:
            definition = QueueDefinition.model_validate(queue)
        except ValidationError as error:
            faults += [f"{file.name}: queue {name!r}: {_fault(fault)}" for fault in error.errors()]
            continue
        # Addresses are compared without regard to case, as the real service does.
        if found.setdefault(definition.name.casefold(), definition) is not definition:
            faults.append(f"{file.name}: queue {name!r}: name: another queue has it (case does not count)")
    if faults:
        raise DefinitionError("\n".join(faults))
    return tuple(found.values())


def _fault(fault: Any) -> str:
    field = str(fault["loc"][0]) if fault["loc"] else "entry"
    value = "" if isinstance(fault["input"], dict) else f" (value: {fault['input']!r})"
    return f"{field}: {fault['msg'].removeprefix('Value error, ')}{value}"
