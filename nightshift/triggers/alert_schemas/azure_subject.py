"""What an Azure Monitor alert is about, since Azure knows no models: custom properties, dimensions, the rule's name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import QUEUES
from nightshift.triggers.alert_schemas.payload import Payload

_PREFIX = "nightshift."
_PROPERTIES = ("category", "model", "model_version", "metric", "baseline", "feature", "direction")
_DIMENSIONS = ("category", "model", "model_version", "feature")
_RULE_NAME = re.compile(rf"nightshift-({'|'.join(QUEUES)})(?:-([a-z][a-z0-9_]{{1,62}}))?")
_ABOUT_MODELS = ("degradation", "drift")
_WHERE = "Azure Monitor alert"


class Dimension(Payload):
    """A column by which a rule splits its alerts, and the value of this one."""

    name: str
    value: str | None = None


@dataclass(frozen=True)
class Subject:
    """What an alert is about; ``baseline`` and ``direction`` are text still."""

    category: str
    model: str | None
    model_version: str | None
    feature: str | None
    metric: str | None
    baseline: str | None
    direction: str | None


def subject_of(properties: Mapping[str, object], dimensions: Sequence[Dimension], rule: str) -> Subject:
    """Each of its parts from the first that says it: ``nightshift.*`` properties, dimensions, the rule's name.

    Raises:
        BadInputError: nothing says the category, or the model of a degradation or a drift; a property that there is
            not; two values of one dimension.
    """
    said = {**_by_name(rule), **_by_dimensions(dimensions), **_by_properties(properties)}
    category = said.get("category")
    if category not in QUEUES:
        ways = f"custom property {_PREFIX}category, dimension category, or a rule named nightshift-<category>-<model>"
        rule_ = f"must be {', '.join(QUEUES)}; said by {ways}"
        raise BadInputError(field="category", value=category, rule=rule_, where=_WHERE)
    if category in _ABOUT_MODELS and "model" not in said:
        ways = f"custom property {_PREFIX}model, dimension model, or a rule named nightshift-<category>-<model>"
        raise BadInputError(
            field="model", value=None, rule=f"a {category} alert is about a model; say it by {ways}", where=_WHERE
        )
    parts: dict[str, Any] = {name: said.get(name) for name in _PROPERTIES}
    return Subject(**{**parts, "category": category})


def _by_name(rule: str) -> dict[str, str]:
    found = _RULE_NAME.fullmatch(rule)
    if found is None:
        return {}
    category, model = found.groups()
    return {"category": category} if model is None else {"category": category, "model": model}


def _by_dimensions(dimensions: Sequence[Dimension]) -> dict[str, str]:
    said: dict[str, str] = {}
    for dimension in dimensions:
        name = dimension.name.lower()
        # A column without a value in this row says nothing.
        if name not in _DIMENSIONS or not dimension.value:
            continue
        if said.setdefault(name, dimension.value) != dimension.value:
            rule = f"its criteria name two: {said[name]!r} and {dimension.value!r}"
            raise BadInputError(field=f"dimension {name}", value=dimension.value, rule=rule, where=_WHERE)
    return said


def _by_properties(properties: Mapping[str, object]) -> dict[str, str]:
    said: dict[str, str] = {}
    for key, value in properties.items():
        if not key.startswith(_PREFIX):
            continue
        name = key.removeprefix(_PREFIX)
        if name not in _PROPERTIES:
            known = ", ".join(_PREFIX + item for item in _PROPERTIES)
            raise BadInputError(field=key, value=str(value)[:100], rule=f"is none of {known}", where=_WHERE)
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise BadInputError(field=key, value=str(value)[:100], rule="must be text or a number", where=_WHERE)
        if value != "":
            said[name] = str(value)
    return said
