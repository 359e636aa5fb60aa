"""What the real services answer 400 to, as a generator of violations; texts as they write them.

Source: Azure OpenAI, "Reasoning models" (API and feature support) and "Structured outputs" (supported schemas).
"""

from collections.abc import Iterator
from typing import Any

_ONLY_REASONING = ("reasoning_effort", "verbosity")
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
_NOT_IN_SCHEMAS = frozenset(
    {
        "oneOf",
        "allOf",
        "not",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
    }
)


def first_violation(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The error of the first rule that a request breaks; None if the service takes it."""
    return next(_violations(asked), None)


def _violations(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    model = str(asked["model"])
    o_series = model.startswith(("o1", "o3", "o4"))
    reasoning = o_series or (model.startswith("gpt-5") and "-chat" not in model)
    for name in _ONLY_GPT4 if reasoning else _ONLY_REASONING:
        if name in asked:
            hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
            text = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
            yield _error(name, "unsupported_parameter", text)
    if not reasoning and any(turn["role"] == "developer" for turn in asked["messages"]):
        text = "Unsupported value: 'messages[0].role' does not support 'developer' with this model."
        yield _error("messages[0].role", "unsupported_value", text)
    if o_series and "verbosity" in asked:
        text = "Unsupported parameter: 'verbosity' is not supported with this model."
        yield _error("verbosity", "unsupported_parameter", text)
    if o_series and asked.get("reasoning_effort") == "minimal":
        text = "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model."
        yield _error("reasoning_effort", "unsupported_value", text)
    if any(not turn["content"] for turn in asked["messages"]):
        yield _error("messages", "invalid_value", "Invalid value for 'content': expected a non-empty string.")
    form = asked["response_format"]["json_schema"]
    for fault in _schema_faults(form["schema"], "()"):
        text = f"Invalid schema for response_format '{form['name']}': {fault}"
        yield _error("response_format", "invalid_json_schema", text)


def _schema_faults(schema: dict[str, Any], where: str) -> Iterator[str]:
    """What strict mode does not take, in a schema and all below it."""
    for keyword in sorted(set(schema) & _NOT_IN_SCHEMAS):
        yield f"In context={where}, '{keyword}' is not permitted."
    if "properties" in schema:
        if schema.get("additionalProperties") is not False:
            yield f"In context={where}, 'additionalProperties' is required to be supplied and to be false."
        if sorted(schema.get("required", [])) != sorted(schema["properties"]):
            yield f"In context={where}, 'required' is required to be supplied and to hold every key in properties."
    named = {**schema.get("properties", {}), **schema.get("$defs", {})}
    parts = [*named.items(), *((f"anyOf {number}", part) for number, part in enumerate(schema.get("anyOf", [])))]
    if "items" in schema:
        parts.append(("items", schema["items"]))
    for name, part in parts:
        yield from _schema_faults(part, f"{where}.{name}")


def _error(name: str, code: str, message: str) -> dict[str, Any]:
    return {"message": message, "type": "invalid_request_error", "param": name, "code": code}
