"""The client over the real SDK against a server that refuses what the real one refuses, and fails as it fails."""

import dataclasses
import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from evals.scripted_server import Reply, Script, ScriptedServer, in_turn, scripted_server
from nightshift.clients.improvement.language_model import (
    LARGEST_BODY,
    LONGEST_PAUSE_SECONDS,
    Deployment,
    OpenAILanguageModel,
    completion_parameters,
)
from nightshift.clients.improvement.language_model_families import TRAITS, Effort, Family
from nightshift.domain.improvement.language_model import Completion, Prompt, Turn
from nightshift.domain.improvement.plan import plan_schema
from nightshift.domain.platform.errors import BadInputError

PROMPT = Prompt(
    turns=(Turn(role="instruction", text="Plan."), Turn(role="user", text="Evidence.")),
    schema_name="plan",
    answer_schema=plan_schema(),
    answer_tokens=1500,
)
GPT = Deployment(name="gpt-4o")


@contextmanager
def _served(script: Script, deployment: Deployment = GPT) -> Iterator[tuple[OpenAILanguageModel, ScriptedServer]]:
    with scripted_server(script) as server:
        yield OpenAILanguageModel(server.base_url, deployment, api_key="local"), server


def _answer(reply: Reply, deployment: Deployment = GPT) -> tuple[Completion, int]:
    """What the client makes of a reply, and the most that the request may cost."""
    with _served(in_turn([reply]), deployment) as (model, server):
        found = model.complete(PROMPT)
    assert len(server.requests) <= 1, "one call is one request"
    return found, model.most_tokens(PROMPT)


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2", "gpt-5.4-mini",
        "gpt-5.1-chat", "gpt-5.2-chat", "gpt-5.3-chat-latest", "o1", "o3", "o3-mini", "o4-mini",
    ],
)  # fmt: skip
def test_no_accepted_setting_is_refused_by_the_service(name: str) -> None:
    """Each effort, verbosity and role that the start takes for a model is one that the service takes from it."""
    family = Deployment(name=name).known_family
    traits = TRAITS[family]
    efforts: tuple[Effort | None, ...] = (None, "default", *traits.efforts)
    asked = [Deployment(name=name, reasoning_effort=effort) for effort in efforts]
    if traits.verbosity:
        asked += [Deployment(name=name, verbosity=value) for value in ("default", "low", "medium", "high")]
    if traits.developer_role:
        asked.append(Deployment(name=name, developer_role=True))
    if traits.temperature:
        asked.append(Deployment(name=name, temperature=1.0))
    for deployment in asked:
        deployment.check()
        completion, most = _answer(Reply(text="{}"), deployment)
        assert (completion.text, completion.finish, completion.model) == ("{}", "stop", name), deployment
        assert 0 < completion.tokens <= most


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("gpt-5-pro", "Responses API only"),
        ("gpt-5.2-pro", "Responses API only"),
        ("gpt-5-codex", "Responses API only"),
        ("gpt-5.1-codex-max", "Responses API only"),
        ("codex-mini", "Responses API only"),
        ("o3-pro", "Responses API only"),
        ("o3-deep-research", "Responses API only"),
        ("gpt-4", "no structured output"),
        ("gpt-4-turbo-2024-04-09", "no structured output"),
        ("gpt-35-turbo", "no structured output"),
        ("gpt-3.5-turbo", "no structured output"),
        ("chatgpt-4o-latest", "no structured output"),
        ("gpt-4o-2024-05-13", "no structured output"),
        ("gpt-5-chat", "no structured output"),
        ("gpt-5-chat-latest", "no structured output"),
        ("o1-mini", "no structured output"),
        ("o1-preview", "no structured output"),
        ("gpt-4o-realtime-preview", "no model for text"),
        ("gpt-4o-audio-preview", "no model for text"),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_at_the_start(name: str, instead: str) -> None:
    """With what to deploy in its place; the service would refuse every question."""
    with pytest.raises(BadInputError, match=f"{instead}.*; deploy gpt-5-mini") as raised:
        Deployment(name=name).check()
    assert raised.value.fields["field"] == "NIGHTSHIFT_LLM_MODEL"
    # Whoever has given another deployment this name says which family it is.
    Deployment(name=name, family="gpt4").check()


@pytest.mark.parametrize(
    ("deployment", "setting"),
    [
        (Deployment(name="gpt-5.1", reasoning_effort="minimal"), "REASONING_EFFORT"),
        (Deployment(name="gpt-5.1", reasoning_effort="xhigh"), "REASONING_EFFORT"),
        (Deployment(name="gpt-5-mini", reasoning_effort="none"), "REASONING_EFFORT"),
        (Deployment(name="o4-mini", reasoning_effort="minimal"), "REASONING_EFFORT"),
        (Deployment(name="gpt-5.2-chat", reasoning_effort="low"), "REASONING_EFFORT"),
        (Deployment(name="gpt-4o", reasoning_effort="low"), "REASONING_EFFORT"),
        (Deployment(name="gpt-5.2-chat", temperature=0.0), "TEMPERATURE"),
        (Deployment(name="o3", temperature=1.0), "TEMPERATURE"),
        (Deployment(name="o3", verbosity="low"), "VERBOSITY"),
        (Deployment(name="gpt-4o", developer_role=True), "DEVELOPER_ROLE"),
    ],
)
def test_a_setting_that_the_family_does_not_take_is_refused_at_the_start(deployment: Deployment, setting: str) -> None:
    """The error names the setting, and what may be set."""
    with pytest.raises(BadInputError) as raised:
        deployment.check()
    assert raised.value.fields["field"] == f"NIGHTSHIFT_LLM_{setting}"
    assert "leave it empty" in raised.value.message


def test_the_gpt4_family_is_asked_with_max_tokens_and_temperature() -> None:
    """And in the role system, without any parameter of reasoning."""
    asked = completion_parameters(PROMPT, GPT)
    assert (asked["max_tokens"], asked["temperature"], asked["messages"][0]["role"]) == (1500, 0.0, "system")
    assert {"max_completion_tokens", "reasoning_effort", "verbosity"} & set(asked) == set()


def test_the_gpt5_family_is_asked_with_room_to_reason() -> None:
    """The allowance grows with the effort; no temperature, top_p or stop."""
    deployment = Deployment(name="gpt-5", developer_role=True)
    asked = completion_parameters(PROMPT, deployment)
    assert asked["max_completion_tokens"] == 6000
    assert (asked["reasoning_effort"], asked["verbosity"], asked["messages"][0]["role"]) == ("low", "low", "developer")
    assert {"max_tokens", "temperature", "top_p", "stop"} & set(asked) == set()
    efforts: tuple[Effort, ...] = ("minimal", "low", "medium", "high")
    allowed = [dataclasses.replace(deployment, reasoning_effort=effort).answer_allowance(PROMPT) for effort in efforts]
    assert allowed == sorted(set(allowed))


def test_a_chat_variant_is_sent_neither_effort_nor_temperature() -> None:
    """It knows one value of each, its default."""
    asked = completion_parameters(PROMPT, Deployment(name="gpt-5.2-chat"))
    assert {"temperature", "reasoning_effort", "verbosity", "max_tokens"} & set(asked) == set()
    assert asked["max_completion_tokens"] > 0


@pytest.mark.parametrize("family", list(TRAITS))
def test_an_opaque_name_needs_its_family_said(family: Family) -> None:
    """A deployment may be called anything; its family is then a setting, never a guess."""
    opaque = Deployment(name="planner-prod")
    with pytest.raises(BadInputError, match="NIGHTSHIFT_LLM_FAMILY"):
        completion_parameters(PROMPT, opaque)
    asked = completion_parameters(PROMPT, dataclasses.replace(opaque, family=family))
    assert ("max_tokens" in asked) == (family == "gpt4")


def test_a_wrong_family_fails_with_the_hint() -> None:
    """The service's own words and what to check; it is not tried again."""
    found, _ = _answer(Reply(), Deployment(name="gpt-5", family="gpt4"))
    assert (found.finish, found.again_after) == ("failed", None)
    assert "'max_tokens' is not supported" in found.text
    assert "NIGHTSHIFT_LLM_FAMILY" in found.text


INNER = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"jailbreak": {"filtered": True}}}


@pytest.mark.parametrize(
    "error",
    [
        {"code": "content_filter"},
        {"code": None, "innererror": INNER},
        {"code": "400", "innererror": {"content_filter_result": {}}},
        {"code": "invalid_prompt", "type": "invalid_request_error"},
        {"code": None, "type": "content_policy_violation"},
    ],
)
def test_a_filtered_prompt_is_a_refusal_and_is_charged(error: dict[str, Any]) -> None:
    """However the service says so; it may bill the prompt although the status is 400."""
    body = json.dumps({"error": {"message": "The response was filtered.", **error}})
    found, most = _answer(Reply(status=400, body=body))
    assert (found.finish, found.tokens) == ("refused", most)
    assert "identity's role" not in found.text


def test_a_refusal_and_a_filtered_answer_are_refusals() -> None:
    """By the model, and by the filter of the answer."""
    found, _ = _answer(Reply(refusal="I cannot help with that."))
    assert (found.finish, found.text) == ("refused", "I cannot help with that.")
    assert _answer(Reply(text="half", finish="content_filter"))[0].finish == "refused"


def test_a_cut_answer_says_so() -> None:
    """finish_reason length is kept apart from a whole answer."""
    assert _answer(Reply(text='{"action": {', finish="length"))[0].finish == "length"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_what_may_pass_is_worth_another_try(status: int) -> None:
    """After the pause that the service asks for. Only a refused 429 has cost nothing."""
    found, most = _answer(Reply(status=status, headers={"Retry-After-Ms": "30"}))
    assert (found.finish, found.again_after) == ("failed", 0.03)
    assert found.tokens == (0 if status == 429 else most)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_a_service_that_says_no_is_not_worth_another_try(status: int) -> None:
    """Permission or deployment is wrong, and costs nothing; any other refusal may."""
    found, most = _answer(Reply(status=status))
    assert (found.finish, found.again_after) == ("failed", None)
    assert found.tokens == (0 if status in {401, 403, 404} else most)
    assert "NIGHTSHIFT_LLM_MODEL" in found.text


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ({"Retry-After": "2", "Retry-After-Ms": "x"}, 2.0),
        ({"Retry-After": "120", "Retry-After-Ms": "x"}, None),
        ({"Retry-After-Ms": "3600000"}, None),
        ({"Retry-After-Ms": "-1"}, None),
        ({"Retry-After-Ms": "nan"}, None),
        ({"Retry-After-Ms": "x"}, 1.0),
    ],
)
def test_a_pause_is_taken_only_if_it_is_short(header: dict[str, str], pause: float | None) -> None:
    """A service that asks for two minutes is not waited for; one that says nothing gets a second."""
    assert LONGEST_PAUSE_SECONDS == 10
    assert _answer(Reply(status=429, headers=header))[0].again_after == pause


@pytest.mark.parametrize(
    "reply",
    [Reply(silent=True), Reply(drips="head"), Reply(drips="body"), Reply(drips="chunks"), Reply(seconds=30)],
    ids=["silence", "head", "body", "chunks", "late"],
)
@pytest.mark.timeout(20)
def test_a_request_ends_with_its_time_and_is_charged(reply: Reply) -> None:
    """A byte now and then is no answer; the service may have worked, so the request counts at its dearest."""
    found, most = _answer(reply, dataclasses.replace(GPT, timeout_seconds=0.4))
    assert (found.finish, found.tokens) == ("failed", most)
    assert "no answer within 0.4 s" in found.text


@pytest.mark.timeout(20)
def test_the_time_counts_from_the_token_on() -> None:
    """An identity that hangs is part of the request; the loop goes on without it."""
    over = threading.Event()

    def hangs() -> str:
        over.wait(15)
        return "late"

    with scripted_server(in_turn([Reply(text="{}")])) as server:
        found = OpenAILanguageModel(server.base_url, dataclasses.replace(GPT, timeout_seconds=0.3), hangs).complete(
            PROMPT
        )
        assert server.requests == []
    over.set()
    assert found.finish == "failed"


def test_nobody_there_costs_nothing(free_port: int) -> None:
    """A refused connection is a failure that may pass."""
    found = OpenAILanguageModel(f"http://127.0.0.1:{free_port}/v1/", GPT, api_key="local").complete(PROMPT)
    assert (found.finish, found.tokens) == ("failed", 0)
    assert found.again_after is not None


def test_a_connection_cut_in_the_body_is_charged() -> None:
    """The service has worked, and the answer is lost."""
    found, most = _answer(Reply(text="x" * 5_000, cut=True))
    assert (found.finish, found.tokens) == ("failed", most)
    assert found.again_after is not None


def test_a_redirect_is_not_followed() -> None:
    """The evidence goes to the address that was set, and nowhere else."""
    with scripted_server(in_turn([Reply(text="{}")])) as elsewhere:
        headers = {"Location": f"{elsewhere.base_url}chat/completions"}
        found, most = _answer(Reply(status=307, headers=headers))
    assert elsewhere.requests == []
    assert (found.finish, found.tokens) == ("failed", most)
    assert "NIGHTSHIFT_LLM_URL" in found.text


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=b" " * (LARGEST_BODY + 1)),
        Reply(status=500, body=b" " * (LARGEST_BODY + 1)),
        Reply(body=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}),
        Reply(status=400, body=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["long", "long error", "bomb", "bomb as error"],
)
def test_a_body_is_read_only_so_far(reply: Reply) -> None:
    """Nothing is unpacked, and a body without an end is left."""
    found, most = _answer(reply)
    assert (found.finish, found.tokens) == ("failed", most)
    assert "the body" in found.text


@pytest.mark.parametrize("key", ["a\nb", "schlüssel-ö", "   "])
def test_a_key_that_no_header_holds_is_a_failure_and_is_not_told(key: str) -> None:
    """Nothing is raised."""
    with scripted_server(in_turn([Reply(status=401)])) as server:
        found = OpenAILanguageModel(server.base_url, GPT, key).complete(PROMPT)
    assert found.finish == "failed"
    assert key not in found.text or not key.strip()


def test_a_token_is_fetched_for_each_request() -> None:
    """A managed identity's token is renewed while the client lives."""
    tokens = iter(["first", "second"])
    with scripted_server(in_turn([Reply(text="{}")])) as server:
        model = OpenAILanguageModel(server.base_url, GPT, api_key=lambda: next(tokens))
        for _ in range(2):
            model.complete(PROMPT)
    assert [next(tokens, "none left"), len(server.requests)] == ["none left", 2]
