"""What the real services answer 400 to, as a generator of violations; texts as they write them.

It knows the models by itself, and not from the client that it judges.

Sources: Azure OpenAI, "Reasoning models" (API and feature support) and "Structured outputs" (supported schemas and
limits); the services' own error texts for values, and for two options of an ``anyOf`` with the same first key.
"""

import re
from collections.abc import Iterator
from typing import Any

_ONLY_GPT4 = (
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "presence_penalty",
    "stop",
    "temperature",
    "top_p",
)
# Those of each model, from the top: ``reasoning_effort``, ``verbosity``, and whether it takes the parameters of GPT-4.
_MODELS: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...] = (
    (r"gpt-5\.\d+-chat", ("medium",), ("medium",), False),
    (r"gpt-5\.1", ("none", "low", "medium", "high"), ("low", "medium", "high"), False),
    (r"gpt-5\.\d", ("none", "low", "medium", "high", "xhigh"), ("low", "medium", "high"), False),
    (r"gpt-5", ("minimal", "low", "medium", "high"), ("low", "medium", "high"), False),
    (r"o\d", ("low", "medium", "high"), (), False),
    (r"", (), (), True),
)
_NOT_COMPLETIONS = re.compile(r"(o\d|gpt-5[\d.]*)-pro|.*codex|.*deep-research")
_NO_SCHEMA = re.compile(r"gpt-3|gpt-4($|-)|chatgpt-4o|gpt-5-chat|o1-(mini|preview)|gpt-4o-2024-05-13")
_NOT_IN_SCHEMAS = frozenset(
    {
        "oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas",
        "const", "default",
        "minLength", "maxLength", "pattern", "format",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "patternProperties", "unevaluatedProperties", "propertyNames", "minProperties", "maxProperties",
        "unevaluatedItems", "contains", "minContains", "maxContains", "minItems", "maxItems", "uniqueItems",
    }
)  # fmt: skip
_MOST_PROPERTIES, _DEEPEST, _MOST_ENUM_VALUES, _MOST_NAMES = 100, 5, 500, 15_000


def first_violation(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The error of the first rule that a request breaks; None if the service takes it."""
    return next(_violations(asked), None)


def _violations(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    model = str(asked["model"])
    if _NOT_COMPLETIONS.match(model):
        yield _error("model", "OperationNotSupported", "The chatCompletion operation does not work with this model.")
    if _NO_SCHEMA.match(model):
        text = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
        yield _error("response_format", "unsupported_parameter", text)
    efforts, verbosities, gpt4 = next(found[1:] for found in _MODELS if re.match(found[0], model))
    for name in () if gpt4 else _ONLY_GPT4:
        if name in asked:
            hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
            text = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
            yield _error(name, "unsupported_parameter", text)
    yield from _values(asked, "reasoning_effort", efforts)
    yield from _values(asked, "verbosity", verbosities)
    if (gpt4 or "-chat" in model) and any(turn["role"] == "developer" for turn in asked["messages"]):
        text = "Unsupported value: 'messages[0].role' does not support 'developer' with this model."
        yield _error("messages[0].role", "unsupported_value", text)
    if any(not turn["content"] for turn in asked["messages"]):
        yield _error("messages", "invalid_value", "Invalid value for 'content': expected a non-empty string.")
    form = asked["response_format"]["json_schema"]
    for fault in (*schema_faults(form["schema"]),):
        text = f"Invalid schema for response_format '{form['name']}': {fault}"
        yield _error("response_format", "invalid_json_schema", text)


def _values(asked: dict[str, Any], name: str, known: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if name not in asked or asked[name] in known:
        return
    if not known:
        text = f"Unsupported parameter: '{name}' is not supported with this model."
        yield _error(name, "unsupported_parameter", text)
        return
    listed = ", ".join(f"'{value}'" for value in known)
    text = f"Unsupported value: '{name}' does not support '{asked[name]}' with this model."
    yield _error(name, "unsupported_value", f"{text} Supported values are: {listed}.")


def schema_faults(schema: dict[str, Any]) -> Iterator[str]:
    """What strict mode does not take, in a schema and all below it."""
    definitions: dict[str, Any] = schema.get("$defs", {})
    if schema.get("type") != "object" or "anyOf" in schema:
        yield "In context=(), the root must be an object, and no 'anyOf'."
    yield from _faults(schema, "()", definitions)
    parts = [schema, *definitions.values()]
    inner = [part for top in parts for part in _all_parts(top)]
    names = [name for part in inner for name in part.get("properties", {})]
    values = [value for part in inner for value in part.get("enum", [])]
    if len(names) > _MOST_PROPERTIES:
        yield f"{len(names)} properties: at most {_MOST_PROPERTIES}."
    if len(values) > _MOST_ENUM_VALUES:
        yield f"{len(values)} values of enums: at most {_MOST_ENUM_VALUES}."
    if sum(len(str(text)) for text in (*names, *values, *definitions)) > _MOST_NAMES:
        yield f"names and values have more than {_MOST_NAMES} characters."
    if (depth := _depth(schema, definitions, ())) > _DEEPEST:
        yield f"{depth} levels of nesting: at most {_DEEPEST}."


def _faults(schema: dict[str, Any], where: str, definitions: dict[str, Any]) -> Iterator[str]:
    for keyword in sorted(set(schema) & _NOT_IN_SCHEMAS):
        yield f"In context={where}, '{keyword}' is not permitted."
    if "$ref" in schema and set(schema) != {"$ref"}:
        yield f"In context={where}, '$ref' must stand alone."
    if "$ref" in schema and str(schema["$ref"]).removeprefix("#/$defs/") not in definitions:
        yield f"In context={where}, '$ref' names no definition."
    if "properties" in schema:
        if schema.get("additionalProperties") is not False:
            yield f"In context={where}, 'additionalProperties' is required to be supplied and to be false."
        if sorted(schema.get("required", [])) != sorted(schema["properties"]):
            yield f"In context={where}, 'required' is required to be supplied and to hold every key in properties."
    if "anyOf" in schema and _same_beginning(schema["anyOf"], definitions):
        yield f"In context={where}, Objects provided via 'anyOf' must not share identical first keys."
    for name, part in _parts(schema):
        yield from _faults(part, f"{where}.{name}", definitions)


def _same_beginning(options: list[dict[str, Any]], definitions: dict[str, Any]) -> bool:
    """Whether two objects begin with the same key that could also have the same value: nothing tells them apart."""
    seen: dict[str, set[str]] = {}
    for option in options:
        found = _resolved(option, definitions)
        if not found.get("properties"):
            continue
        key, first = next(iter(found["properties"].items()))
        values = {str(allowed) for allowed in first.get("enum", ())}
        if key in seen and (not values or not seen[key] or values & seen[key]):
            return True
        seen[key] = seen.get(key, set()) | values
    return False


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found = definitions.get(str(schema.get("$ref", "")).removeprefix("#/$defs/"), schema)
    return found if isinstance(found, dict) else schema


def _parts(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from {**schema.get("properties", {}), **schema.get("$defs", {})}.items()
    yield from ((f"anyOf {number}", part) for number, part in enumerate(schema.get("anyOf", [])))
    if "items" in schema:
        yield "items", schema["items"]


def _all_parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and all below it, but for the definitions."""
    yield schema
    for _, part in _parts({name: value for name, value in schema.items() if name != "$defs"}):
        yield from _all_parts(part)


def _depth(schema: dict[str, Any], definitions: dict[str, Any], seen: tuple[str, ...]) -> int:
    """Levels of objects and arrays; a definition that holds itself counts once."""
    name = str(schema.get("$ref", ""))
    if name in seen:
        return 0
    found, seen = _resolved(schema, definitions), (*seen, name) if name else seen
    inside = {key: value for key, value in found.items() if key != "$defs"}
    deepest = max((_depth(part, definitions, seen) for _, part in _parts(inside)), default=0)
    return deepest + (found.get("type") in {"object", "array"})


def _error(name: str, code: str, message: str) -> dict[str, Any]:
    return {"message": message, "type": "invalid_request_error", "param": name, "code": code}
