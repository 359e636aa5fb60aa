"""Bodies of HTTP 200, over the wire: what is no chat completion, and what counts as its cost."""

import json
from typing import Any

import pytest

from evals.scripted_server import Reply, in_turn, scripted_server
from nightshift.clients.improvement.language_model import Deployment, OpenAILanguageModel
from nightshift.domain.improvement.language_model import Completion, Prompt, Turn

PROMPT = Prompt(
    turns=(Turn(role="user", text="Plan."),),
    schema_name="plan",
    answer_schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    answer_tokens=100,
)


def _answer(reply: Reply) -> tuple[Completion, int]:
    """What the client makes of a reply, and the most that the request may cost."""
    with scripted_server(in_turn([reply])) as server:
        model = OpenAILanguageModel(server.base_url, Deployment("gpt-4o"), api_key="local")
        return model.complete(PROMPT), model.most_tokens(PROMPT)


CHOICES: tuple[Any, ...] = (None, [], [None], ["abc"], [[]], {}, "abc", [{}])
MESSAGES: tuple[Any, ...] = (None, "text", 7, [])
CONTENTS: tuple[Any, ...] = ({}, 7, True, [None], ["text"])
COUNTS: tuple[Any, ...] = (None, 0, -15, "many", "7", 1700.5, True, [], {})


def _body(**change: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "{}"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 77}
    return {"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage} | change


def _message(message: Any) -> dict[str, Any]:
    return _body(choices=[{"index": 0, "finish_reason": "stop", "message": message}])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Sign in</html>",
        b"",
        b"\xff\xfe",
        b'{"choices": [{"mess',
        b"[" * 100_000,
        "null",
        "[]",
        '"text"',
        "{}",
        json.dumps({"error": {"message": "in a 200"}}),
        *(json.dumps(_body(choices=value)) for value in CHOICES),
        *(json.dumps(_message(value)) for value in MESSAGES),
        *(json.dumps(_message({"content": value})) for value in CONTENTS),
        json.dumps(_message({"content": [{"type": "text", "text": 7}]})),
        json.dumps(_message({"content": "{}", "refusal": {"why": "no"}})),
    ],
)
def test_a_body_of_another_shape_is_a_failure_with_its_reason(body: str | bytes) -> None:
    """A proxy's page, half a body, JSON of another kind: nothing is raised, and what the service counts is charged."""
    found, most = _answer(Reply(body=body))
    counted = b"total_tokens" in (body if isinstance(body, bytes) else body.encode())
    assert (found.finish, found.tokens) == ("failed", 77 if counted else most)
    assert "no chat completion: " in found.text
    assert found.again_after is None


@pytest.mark.parametrize(
    "usage",
    [
        None, {}, [], "many", 7,
        *({"total_tokens": value} for value in COUNTS),
    ],
)  # fmt: skip
def test_a_count_that_is_none_is_taken_at_its_dearest(usage: Any) -> None:
    """Zero and less too, or the ceiling on tokens would have a hole; the answer itself is good."""
    found, most = _answer(Reply(body=json.dumps(_body(usage=usage))))
    assert (found.text, found.finish, found.tokens) == ("{}", "stop", most)


def test_a_service_that_does_not_count_is_taken_at_its_dearest() -> None:
    """There is no usage at all."""
    found, most = _answer(Reply(text="{}", usage=False))
    assert (found.finish, found.tokens) == ("stop", most)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "{"}, {"type": "text", "text": "}"}], "{}"),
        ([{"type": "reasoning", "text": "first ..."}, {"type": "output_text", "text": "{}"}], "{}"),
        ([], ""),
        (None, ""),
    ],
)
def test_content_in_parts_is_read(content: Any, text: str) -> None:
    """Some services answer so; what is no text is no answer."""
    found, _ = _answer(Reply(body=json.dumps(_message({"role": "assistant", "content": content}))))
    assert (found.text, found.finish, found.tokens) == (text, "stop", 77)


@pytest.mark.parametrize("value", [None, 7, ["m"], {}])
def test_a_model_without_a_name_has_that_of_its_deployment(value: Any) -> None:
    """A name of another kind breaks nothing."""
    assert _answer(Reply(body=json.dumps(_body(model=value))))[0].model == "gpt-4o"


@pytest.mark.parametrize("text", ["", "x" * 50_000, "\ud83d half a pair"])
def test_empty_long_and_broken_texts_arrive(text: str) -> None:
    """What they mean is for the planner to say; half a surrogate pair becomes a question mark."""
    assert _answer(Reply(text=text))[0].text == text.replace("\ud83d", "?")
