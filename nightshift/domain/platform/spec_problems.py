"""What is wrong with a spec, in plain words: field, value, rule."""

import difflib
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from nightshift.domain.platform.identity import MODEL_NAME

# Branches of a union, which pydantic puts at the end of a location.
_BRANCH = re.compile(r"str|int|float|bool|none|literal\[.*\]|function-.*|constrained-.*")
_LONGEST_VALUE = 80
_RULES: Final[dict[str, str]] = {
    "missing": "must be there",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be greater than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} item(s)",
    "string_too_short": "must have at least {min_length} character(s)",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a section of fields",
    "model_type": "must be a section of fields",
    "union_tag_not_found": "must have the field {discriminator}",
    "union_tag_invalid": "its {discriminator} must be one of {expected_tags}",
}


@dataclass(frozen=True)
class SpecProblem:
    """One broken rule of a spec.

    Attributes:
        field: its path in the file, such as ``training.target`` or ``contract.columns.0.dtype``.
        value: what stands there; None where nothing does, ``...`` for a whole section.
    """

    field: str
    value: object
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: {self.rule}" if self.value is None else f"{self.field} = {self.value!r}: {self.rule}"


def problems_of(error: ValidationError, kind: type[BaseModel]) -> tuple[SpecProblem, ...]:
    """Return every problem once; a misspelt field is not reported as a missing one, too."""
    found: dict[str, tuple[object, list[str]]] = {}
    meant: set[str] = set()
    problems = error.errors(include_url=False)
    for problem in problems:
        location = problem["loc"]
        if problem["type"] == "too_short" and any(_is_inside(other["loc"], location) for other in problems):
            continue  # items are wrong, not missing
        while location and isinstance(location[-1], str) and _BRANCH.fullmatch(location[-1]):
            location = location[:-1]
        rule = _rule(problem["type"], problem.get("ctx", {}), problem["msg"])
        if problem["type"] == "extra_forbidden":
            near = _near_miss(str(location[-1]), kind, location[:-1])
            rule = "is no field of this section" + (f"; did you mean {near!r}?" if near else "")
            meant |= {_field((*location[:-1], near))} if near else set()
        value = None if problem["type"] == "missing" else _shown(problem["input"])
        # The branches of a union each say what they would take.
        found.setdefault(_field(location), (value, []))[1].append(rule)
    return tuple(
        SpecProblem(field=field, value=value, rule=" or ".join(dict.fromkeys(rules)))
        for field, (value, rules) in found.items()
        if not (field in meant and rules == [_RULES["missing"]])
    )


def _is_inside(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _rule(kind: str, context: dict[str, Any], message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "string_pattern_mismatch" and context.get("pattern") == MODEL_NAME:
        return "must be 2 to 63 of a-z, 0-9 and _, the first a letter"
    return _RULES[kind].format_map(context) if kind in _RULES else message


def _near_miss(name: str, kind: type[BaseModel], section: tuple[int | str, ...]) -> str:
    model: type[BaseModel] | None = kind
    for part in section:
        if isinstance(part, str) and model is not None:
            found = model.model_fields.get(part)
            model = None if found is None else next(_models_in(found.annotation), None)
    near = difflib.get_close_matches(name, model.model_fields if model else (), n=1, cutoff=0.7)
    return near[0] if near else ""


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "spec"


def _shown(value: object) -> object:
    if isinstance(value, dict | list | tuple):
        return "..."
    return value if not isinstance(value, str) or len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "..."
