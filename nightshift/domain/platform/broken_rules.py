"""What pydantic finds wrong with a document, in plain words: field, value, rule. The only place that words it."""

import difflib
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.identity import MODEL_NAME
from nightshift.domain.platform.text import shortened

# Branches of a union, which pydantic puts at the end of a location.
_BRANCH = re.compile(r"str|int|float|bool|none|literal\[.*\]|function-.*|constrained-.*")
_LONGEST_VALUE = 80
# Of a text that must say something.
NOT_BLANK = r"\S"
_MOST_FIELDS = 8
_RULES: Final[dict[str, str]] = {
    "missing": "must be there",
    "json_invalid": "must be JSON: {error}",
    "json_type": "must be JSON",
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
    "dict_type": "must be an object with named fields",
    "model_type": "must be an object with named fields",
    "union_tag_not_found": "must have the field {discriminator}",
    "union_tag_invalid": "must be one of {expected_tags}",
}


@dataclass(frozen=True)
class BrokenRule:
    """One broken rule.

    Attributes:
        field: its path in the document, such as ``training.target`` or ``contract.columns.0.dtype``.
        value: what stands there, shortened; ``...`` for a list or an object; None where nothing does.
    """

    field: str
    value: object
    rule: str

    def __str__(self) -> str:
        missing = self.rule == _RULES["missing"]
        return f"{self.field}: {self.rule}" if missing else f"{self.field} = {self.value!r}: {self.rule}"


def bad_input(error: ValidationError, kind: type[BaseModel], *, whole: str = "body", where: str = "") -> BadInputError:
    """The error for whoever sent a document: it names the first broken rule, and says how many more there are."""
    first, *more = broken_rules(error, kind, whole=whole)
    rule = f"{first.rule} ({len(more)} more)" if more else first.rule
    return BadInputError(field=first.field, value=first.value, rule=rule, where=where)


def broken_rules(error: ValidationError, kind: type[BaseModel], *, whole: str = "body") -> tuple[BrokenRule, ...]:
    """Every broken rule once; a misspelt field is not reported as a missing one, too.

    Args:
        kind: what the document should have been.
        whole: the name of the document itself, for a rule about all of it.
    """
    found: dict[str, tuple[object, list[str]]] = {}
    meant: set[str] = set()
    problems = error.errors(include_url=False)
    for problem in problems:
        location = problem["loc"]
        if problem["type"] == "too_short" and any(_is_inside(other["loc"], location) for other in problems):
            continue  # items are wrong, not missing
        if problem["type"] != "extra_forbidden":  # which is about a name, whatever the name is
            location = _without_branches(location)
        rule = _rule(problem["type"], problem.get("ctx", {}), problem["msg"])
        if problem["type"] == "extra_forbidden":
            fields = _fields_at(kind, location[:-1])
            near = next(iter(difflib.get_close_matches(str(location[-1]), fields, n=1, cutoff=0.7)), "")
            rule = "is no field here" + _hint(near, fields)
            meant |= {_field((*location[:-1], near), whole)} if near else set()
        value = None if problem["type"] == "missing" else _shown(problem["input"])
        if problem["type"] == "union_tag_invalid":
            # It is the field that says which branch is meant that has a wrong value.
            location = (*location, problem["ctx"]["discriminator"].strip("'"))
            value = _shown(problem["ctx"]["tag"])
        # The branches of a union each say what they would take.
        found.setdefault(_field(location, whole), (value, []))[1].append(rule)
    return tuple(
        BrokenRule(field=field, value=value, rule=" or ".join(dict.fromkeys(rules)))
        for field, (value, rules) in found.items()
        if not (field in meant and rules == [_RULES["missing"]])
    )


def _without_branches(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    while location and isinstance(location[-1], str) and _BRANCH.fullmatch(location[-1]):
        location = location[:-1]
    return location


def _is_inside(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _rule(kind: str, context: dict[str, Any], message: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "string_pattern_mismatch" and context.get("pattern") == MODEL_NAME:
        return "must be 2 to 63 of a-z, 0-9 and _, the first a letter"
    if kind == "string_too_short" and context.get("min_length") == 1:
        return "must not be empty"
    if kind == "string_pattern_mismatch" and context.get("pattern") == NOT_BLANK:
        return "must not be blank"
    return _RULES[kind].format_map(context) if kind in _RULES else message


def _fields_at(kind: type[BaseModel], section: tuple[int | str, ...]) -> tuple[str, ...]:
    model: type[BaseModel] | None = kind
    for part in section:
        if isinstance(part, str) and model is not None:
            found = model.model_fields.get(part)
            model = None if found is None else next(_models_in(found.annotation), None)
    return tuple(model.model_fields) if model else ()


def _hint(near: str, fields: tuple[str, ...]) -> str:
    if near:
        return f"; did you mean {near!r}?"
    return f"; there are {', '.join(fields)}" if 0 < len(fields) <= _MOST_FIELDS else ""


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _field(location: tuple[int | str, ...], whole: str) -> str:
    return ".".join(str(part) for part in location) or whole


def _shown(value: object) -> object:
    if isinstance(value, dict | list | tuple):
        return "..."
    if isinstance(value, bytes):
        value = value[: _LONGEST_VALUE * 4].decode("utf-8", "replace")
    return shortened(value, _LONGEST_VALUE) if isinstance(value, str) else value
