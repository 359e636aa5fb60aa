"""Says where two answers differ, after what differs by nature (times, ids, traces) has been taken out."""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

_BY_NATURE = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"\d{1,2} \w{3} \d{4},? \d\d:\d\d(:\d\d)?( UTC)?|\d\d:\d\d(:\d\d)? UTC"), "<time>"),
    (re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b"), "<trace>"),
    (re.compile(r"\bcall-[0-9a-f]{16}\b"), "<call>"),
    # The token against forged requests, in the page and in its cookie.
    (re.compile(r'(?<=name="token" value=")[0-9a-f]{64}'), "<token>"),
    (re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])"), "<token>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s|seconds?|minutes?) ago\b"), "<age>"),
)
_LONGEST = 300
_DIGITS = re.compile(r"^(?:elapsed|duration|seconds|milliseconds|age|lag)", re.IGNORECASE)


def plain(value: Any) -> Any:
    """A JSON value without what differs by nature."""
    if isinstance(value, dict):
        return {key: None if _DIGITS.match(str(key)) else plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, str):
        for pattern, stand_in in _BY_NATURE:
            value = pattern.sub(stand_in, value)
    return value


def plain_answer(answer: dict[str, Any]) -> Any:
    """A function's answer without what differs by nature; bytes and texts of JSON are looked into."""
    if "error" in answer:
        return plain(answer)
    value = answer["value"]
    if value is not None and value[0] == "http":
        return plain({**value[1], "body": _content(value[1]["body"])})
    return plain(_content(value))


def _content(data: list[Any] | None) -> Any:
    """Of typed data: text may come as JSON or as a string, which the extensions take alike."""
    if data is None:
        return None
    kind, value = data
    if kind == "bytes":
        value = base64.b64decode(value).decode(errors="replace")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = str(value)
    return value


def differences(expected: Any, actual: Any, where: str = "") -> Iterator[str]:
    """Each place where two plain values differ."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in sorted(expected.keys() | actual.keys(), key=str):
            missing = object()
            one, other = expected.get(key, missing), actual.get(key, missing)
            place = f"{where}.{key}" if where else str(key)
            if one is missing or other is missing:
                yield f"{place}: only in the {'worker' if one is missing else 'local host'}'s answer"
            else:
                yield from differences(one, other, place)
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif expected != actual:
        one, other = _from_difference(_text(expected), _text(actual))
        yield f"{where or 'answer'}: local host {one}, worker {other}"


def _text(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _from_difference(one: str, other: str) -> tuple[str, str]:
    """Both texts, long ones from shortly before the place where they differ."""
    pairs = enumerate(zip(one, other, strict=False))
    same = next((number for number, (left, right) in pairs if left != right), min(len(one), len(other)))
    begin = max(0, same - 60) if max(len(one), len(other)) > _LONGEST else 0
    return _cut(one, begin), _cut(other, begin)


def _cut(text: str, begin: int) -> str:
    shown = text[begin : begin + _LONGEST]
    return f"{'...' if begin else ''}{shown}{'...' if begin + _LONGEST < len(text) else ''}"
