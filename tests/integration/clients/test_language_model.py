"""The client over the real SDK against a server that refuses what the real one refuses, and fails as it fails."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clients.language_model import Deployment, Family, OpenAILanguageModel, completion_parameters
from domain.errors import BadInputError, ServiceRefusedError, ServiceUnavailableError
from domain.language_model import Prompt, Turn
from domain.plan import plan_schema
from evals.scripted_server import Reply, Script, ScriptedServer, in_turn, scripted_server

PROMPT = Prompt(
    turns=(Turn(role="instruction", text="Plan."), Turn(role="user", text="Evidence.")),
    schema_name="plan",
    answer_schema=plan_schema(),
    answer_tokens=1500,
)


@contextmanager
def _served(script: Script, deployment: Deployment) -> Iterator[tuple[OpenAILanguageModel, ScriptedServer]]:
    with scripted_server(script) as server:
        model = OpenAILanguageModel(server.base_url, deployment, api_key="local")
        try:
            yield model, server
        finally:
            model.close()


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat", "gpt-5", "gpt-5-mini", "o3-mini", "o1"])
@pytest.mark.parametrize("developer_role", [False, True])
def test_each_family_gets_the_parameters_that_it_takes(name: str, developer_role: bool) -> None:
    """No deployment is refused, whatever is preferred, and the tokens are counted."""
    deployment = Deployment(name=name, developer_role=developer_role, reasoning_effort="minimal")
    with _served(in_turn([Reply(text="{}")]), deployment) as (model, server):
        completion = model.complete(PROMPT)
    assert (completion.text, completion.finish, completion.model) == ("{}", "stop", name)
    assert 0 < completion.tokens <= model.most_tokens(PROMPT)
    assert len(server.requests) == 1


def test_the_gpt4_family_is_asked_with_max_tokens_and_temperature() -> None:
    """And in the role system, without any parameter of reasoning."""
    asked = completion_parameters(PROMPT, Deployment(name="gpt-4o", developer_role=True))
    assert (asked["max_tokens"], asked["temperature"], asked["messages"][0]["role"]) == (1500, 0.0, "system")
    assert {"max_completion_tokens", "reasoning_effort", "verbosity"} & set(asked) == set()


def test_the_gpt5_family_is_asked_with_room_to_reason() -> None:
    """The allowance is scaled, with a floor; no temperature, top_p or stop."""
    deployment = Deployment(name="gpt-5", developer_role=True)
    asked = completion_parameters(PROMPT, deployment)
    assert asked["max_completion_tokens"] == 6000
    assert (asked["reasoning_effort"], asked["verbosity"], asked["messages"][0]["role"]) == ("low", "low", "developer")
    assert {"max_tokens", "temperature", "top_p", "stop"} & set(asked) == set()
    short = PROMPT.model_copy(update={"answer_tokens": 10})
    assert completion_parameters(short, deployment)["max_completion_tokens"] == 4096


@pytest.mark.parametrize("family", ["gpt4", "gpt5", "o_series"])
def test_an_opaque_name_needs_its_family_said(family: Family) -> None:
    """A deployment may be called anything; its family is then a setting, never a guess."""
    opaque = Deployment(name="planner-prod")
    with pytest.raises(BadInputError, match="NIGHTSHIFT_LLM_FAMILY"):
        completion_parameters(PROMPT, opaque)
    asked = completion_parameters(PROMPT, dataclasses.replace(opaque, family=family))
    assert ("max_tokens" in asked) == (family == "gpt4")


def test_a_wrong_family_is_refused_with_the_hint() -> None:
    """The service's own words and what to check."""
    with (
        _served(in_turn([Reply()]), Deployment(name="gpt-5", family="gpt4")) as (model, _),
        pytest.raises(ServiceRefusedError, match=r"'max_tokens' is not supported.*NIGHTSHIFT_LLM_FAMILY"),
    ):
        model.complete(PROMPT)


def test_a_refusal_and_a_filtered_answer_are_refusals() -> None:
    """By the model, by the filter of the answer, and by the filter of the prompt (400)."""
    replies = [
        Reply(refusal="I cannot help with that."),
        Reply(text="half", finish="content_filter"),
        Reply(status=400, code="content_filter"),
    ]
    with _served(in_turn(replies), Deployment(name="gpt-4o")) as (model, _):
        found = [model.complete(PROMPT) for _ in replies]
    assert [item.finish for item in found] == ["refused"] * 3
    assert found[0].text == "I cannot help with that."


def test_a_cut_answer_says_so() -> None:
    """finish_reason length is kept apart from a whole answer."""
    with _served(in_turn([Reply(text='{"action": {', finish="length")]), Deployment(name="gpt-4o")) as (model, _):
        assert model.complete(PROMPT).finish == "length"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_overloaded_service_is_asked_twice_and_then_given_up(status: int) -> None:
    """One retry by the SDK, then a failure that may be tried again later."""
    with (
        _served(in_turn([Reply(status=status)]), Deployment(name="gpt-4o")) as (model, server),
        pytest.raises(ServiceUnavailableError),
    ):
        model.complete(PROMPT)
    assert len(server.requests) == 2


def test_an_overload_that_passes_is_not_noticed() -> None:
    """The second try answers."""
    with _served(in_turn([Reply(status=429), Reply(text="{}")]), Deployment(name="gpt-4o")) as (model, _):
        assert model.complete(PROMPT).text == "{}"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_service_that_says_no_is_asked_once(status: int) -> None:
    """Permission or deployment is wrong; the hint says where to look."""
    with (
        _served(in_turn([Reply(status=status)]), Deployment(name="gpt-4o")) as (model, server),
        pytest.raises(ServiceRefusedError, match="NIGHTSHIFT_LLM_MODEL"),
    ):
        model.complete(PROMPT)
    assert len(server.requests) == 1


def test_silence_ends_with_the_timeout() -> None:
    """A service that takes the request and says nothing is not waited for."""
    deployment = Deployment(name="gpt-4o", timeout_seconds=0.2)
    with (
        _served(in_turn([Reply(silent=True)]), deployment) as (model, _),
        pytest.raises(ServiceUnavailableError, match=r"no answer within 0\.2 s"),
    ):
        model.complete(PROMPT)


def test_nobody_there_is_unavailable(free_port: int) -> None:
    """A refused connection is a typed failure too."""
    model = OpenAILanguageModel(f"http://127.0.0.1:{free_port}/v1/", Deployment(name="gpt-4o"), api_key="local")
    with pytest.raises(ServiceUnavailableError):
        model.complete(PROMPT)
    model.close()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(body="<html>Sign in</html>", content_type="text/html"), ServiceRefusedError),
        (Reply(body="{}"), ServiceRefusedError),
        (Reply(body='{"choices": []}'), ServiceRefusedError),
        (Reply(body='{"choices": [{"mess'), ServiceUnavailableError),
    ],
)
def test_a_body_that_is_no_completion_is_a_typed_failure(reply: Reply, error: type[Exception]) -> None:
    """A proxy's page, an empty object, or half a body."""
    with _served(in_turn([reply]), Deployment(name="gpt-4o")) as (model, _), pytest.raises(error):
        model.complete(PROMPT)


@pytest.mark.parametrize("text", ["", "x" * 50_000, "\ud83d half a pair"])
def test_empty_long_and_broken_texts_arrive(text: str) -> None:
    """What they mean is for the planner to say; half a surrogate pair becomes a question mark."""
    body = Reply(text=text)
    with _served(in_turn([body]), Deployment(name="gpt-4o")) as (model, _):
        assert model.complete(PROMPT).text == text.replace("\ud83d", "?")


def test_a_service_that_does_not_count_is_taken_at_its_dearest() -> None:
    """Otherwise the ceiling on tokens would have a hole."""
    with _served(in_turn([Reply(text="{}", usage=False)]), Deployment(name="gpt-4o")) as (model, _):
        assert model.complete(PROMPT).tokens == model.most_tokens(PROMPT)


def test_a_token_is_fetched_for_each_request() -> None:
    """A managed identity's token is renewed while the client lives."""
    tokens = iter(["first", "second"])
    with scripted_server(in_turn([Reply(text="{}")])) as server:
        model = OpenAILanguageModel(server.base_url, Deployment(name="gpt-4o"), api_key=lambda: next(tokens))
        for _ in range(2):
            model.complete(PROMPT)
        model.close()
    assert [next(tokens, "none left"), len(server.requests)] == ["none left", 2]
