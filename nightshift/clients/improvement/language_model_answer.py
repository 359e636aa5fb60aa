"""Read the body of a chat completion: what is none, in whatever way, is a failure with its reason and its cost.

The SDK would hand a body of another shape through, half read. So it is read here, as the plain JSON that it is.
"""

import json
from typing import Any

from nightshift.domain.improvement.language_model import Completion, Finish

_WRONG_ADDRESS = "check NIGHTSHIFT_LLM_URL: it must end where /chat/completions follows"


class _OtherShapeError(ValueError):
    """The body is no chat completion; says where."""


def read_answer(body: bytes, most_tokens: int, deployment: str) -> Completion:
    """The completion in a body of HTTP 200; ``failed`` if it holds none.

    Args:
        most_tokens: what is charged where the service does not say what it has used.
    """
    tokens = most_tokens
    try:
        document = _json(body)
        tokens = _tokens(document) or most_tokens
        choice = _object(_first(document.get("choices"), "choices"), "choices.0")
        message = _object(choice.get("message"), "choices.0.message")
        refusal = _text(message.get("refusal"), "choices.0.message.refusal")
        content = _text(message.get("content"), "choices.0.message.content")
    except _OtherShapeError as error:
        text = f"the answer is no chat completion: {error} ({_WRONG_ADDRESS})"
        return Completion(text=text, finish="failed", tokens=tokens, model=deployment)
    finish: Finish = "length" if choice.get("finish_reason") == "length" else "stop"
    if refusal or choice.get("finish_reason") == "content_filter":
        finish = "refused"
    model = document.get("model")
    return Completion(
        text=_whole(refusal or content),
        finish=finish,
        tokens=tokens,
        model=_whole(model) if isinstance(model, str) else deployment,
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        return _object(json.loads(body), "the body")
    except _OtherShapeError:
        raise
    except (ValueError, RecursionError) as error:
        msg = "the body is no JSON"
        raise _OtherShapeError(msg) from error


def _tokens(document: dict[str, Any]) -> int | None:
    """What the service says that it has used; None where that is no count above zero."""
    usage = document.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if type(total) is int and total > 0 else None


def _first(value: object, where: str) -> object:
    if not isinstance(value, list) or not value:
        raise _OtherShapeError(f"{where} must be a list with an entry")
    return value[0]


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _OtherShapeError(f"{where} must be an object")
    return value


def _text(value: object, where: str) -> str:
    """A text, or the texts of a list of parts; parts of another kind, such as reasoning, are no answer."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        texts = [part.get("text") for part in value if part.get("type") in {"text", "output_text"}]
        if all(isinstance(text, str) for text in texts):
            return "".join(texts)
    raise _OtherShapeError(f"{where} must be a text or a list of parts")


def _whole(text: str) -> str:
    # Half a surrogate pair is no text that could be sent on.
    return text.encode("utf-8", "replace").decode()
