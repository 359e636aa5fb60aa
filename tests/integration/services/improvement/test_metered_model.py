"""The ceiling of tokens over the wire: what a request may have cost is counted, whatever the service does."""

import json
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from azure.data.tables import TableServiceClient

from agents.improvement.planner.planner import plan
from agents.improvement.planner.prompt import planning_prompt
from evals.scripted_server import Reply, ScriptedServer, in_turn, scripted_server
from nightshift.clients.improvement.language_model import Deployment, OpenAILanguageModel
from nightshift.clients.improvement.token_usage import TableTokenUsage
from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.language_model import Completion, Prompt, Turn
from nightshift.domain.improvement.loop import Budget, DataQuality, ImprovementPolicy, PlanningEvidence
from nightshift.domain.improvement.token_usage import Reservation, TokenCeilings
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.services.improvement.metered_model import TRIES, Account, MeteredModel

CEILING = 50_000
LLM = ImprovementPolicy(planner="llm")
PROMPT = Prompt(
    turns=(Turn(role="instruction", text="Plan."), Turn(role="user", text="Evidence.")),
    schema_name="plan",
    answer_schema={"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    answer_tokens=100,
)
BOUNDS = PlanBounds.from_json(
    {"actions": ["adjust_training_window"], "window_days": {"minimum": 60, "maximum": 730}, "parameters": {}}
)
MakeModel = Callable[..., MeteredModel]
FREE = {"refused connection", "401", "403", "404", "429"}
FAILING = {
    "late": Reply(seconds=5),
    "silent": Reply(silent=True),
    "drips": Reply(drips="body"),
    "500": Reply(status=500),
    "408": Reply(status=408),
    "cut": Reply(text="x" * 1_000, cut=True),
    "broken": Reply(body='{"choices": [{"mess'),
    "other shape": Reply(body='{"choices": [null]}'),
    "filter": Reply(status=400, code="content_filter"),
    "400": Reply(status=400),
    "nothing counted": Reply(
        body=json.dumps({"choices": [{"message": {"content": "no"}}], "usage": {"total_tokens": 0}})
    ),
    "401": Reply(status=401),
    "403": Reply(status=403),
    "404": Reply(status=404),
    "429": Reply(status=429),
}


@pytest.fixture
def usage(tables: TableServiceClient) -> TableTokenUsage:
    """Without a ceiling of the day."""
    return TableTokenUsage(tables, TokenCeilings(day=10**9, model_and_day=10**9))


@pytest.fixture
def server() -> Iterator[Callable[[Reply], ScriptedServer]]:
    """A language model that always answers the same."""
    running = []

    def start(reply: Reply) -> ScriptedServer:
        context = scripted_server(in_turn([reply]))
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)


def _loop() -> str:
    return f"improvement-{uuid.uuid4().hex}"


def _metered(
    url: str, usage: TableTokenUsage, loop: str, *, ceiling: int = CEILING, seconds: float = 0.3
) -> MeteredModel:
    model = OpenAILanguageModel(url, Deployment("gpt-5-mini", timeout_seconds=seconds), "local")
    account = Account(loop=loop, model="m", loop_ceiling=ceiling)
    return MeteredModel(model, usage, lambda: datetime.now(UTC), account, sleep=lambda _: None)


def _evidence(tokens: int) -> PlanningEvidence:
    return PlanningEvidence(
        model="m",
        kind="regression",
        target="t",
        run="r",
        metrics=(),
        quality=DataQuality(rows=1, days=700, source="s"),
        left=Budget(tokens=tokens),
        bounds=BOUNDS,
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", FAILING)
def test_no_loop_costs_more_than_its_ceiling_whatever_the_service_does(
    name: str, usage: TableTokenUsage, server: Callable[[Reply], ScriptedServer]
) -> None:
    """Ten rounds; each request that may have been worked on counts at its dearest, each try for itself."""
    running, loop, spent, notes = server(FAILING[name]), _loop(), 0, []
    for _ in range(10):
        planned = plan(_evidence(CEILING - spent), LLM, _metered(running.base_url, usage, loop))
        assert planned.planned_by == "rules_after_llm"
        assert planned.plan is not None
        spent += planned.tokens
        notes.append(planned.note)
    counted = usage.of_loop(loop)
    assert counted == spent
    dearest = _metered("http://127.0.0.1:9/v1/", usage, loop).most_tokens(planning_prompt(_evidence(CEILING)))
    if name in FREE:
        assert counted == 0
        return
    assert 0 < counted <= CEILING
    assert counted >= len(running.requests) * dearest
    assert len(running.requests) <= CEILING // dearest
    assert "are left" in notes[-1]


def test_nobody_there_costs_nothing(usage: TableTokenUsage, free_port: int) -> None:
    """Both tries; the reason is reported."""
    model = _metered(f"http://127.0.0.1:{free_port}/v1/", usage, loop := _loop())
    assert (model.complete(PROMPT).tokens, usage.of_loop(loop), model.spent) == (0, 0, 0)


def test_each_try_is_charged(usage: TableTokenUsage, server: Callable[[Reply], ScriptedServer]) -> None:
    """An answer after a failed try costs both; two failed tries are the end."""
    running, loop = server(Reply(status=503)), _loop()
    model = _metered(running.base_url, usage, loop)
    found = model.complete(PROMPT)
    assert (len(running.requests), TRIES) == (2, 2)
    assert found.tokens == usage.of_loop(loop) == model.spent == 2 * model.most_tokens(PROMPT)


def test_an_overload_that_passes_is_not_noticed(usage: TableTokenUsage) -> None:
    """The second try answers, and the first has cost nothing."""
    with scripted_server(in_turn([Reply(status=429), Reply(text="{}")])) as running:
        model = _metered(running.base_url, usage, loop := _loop(), seconds=20)
        found = model.complete(PROMPT)
    assert (found.text, len(running.requests)) == ("{}", 2)
    assert found.tokens == usage.of_loop(loop) < model.most_tokens(PROMPT)


def test_the_pause_of_the_service_is_taken(usage: TableTokenUsage) -> None:
    """As long as it says, and only between tries."""
    taken: list[float] = []
    replies = [Reply(status=503, headers={"Retry-After-Ms": "250"}), Reply(text="{}")]
    with scripted_server(in_turn(replies)) as running:
        model = OpenAILanguageModel(running.base_url, Deployment("gpt-5-mini"), "local")
        account = Account(loop=_loop(), model="m", loop_ceiling=CEILING)
        MeteredModel(model, usage, lambda: datetime.now(UTC), account, sleep=taken.append).complete(PROMPT)
    assert taken == [0.25]


def test_a_second_try_beyond_the_ceiling_is_not_made(
    usage: TableTokenUsage, server: Callable[[Reply], ScriptedServer]
) -> None:
    """The first one's reason is reported, and why there was no second."""
    running, loop = server(Reply(status=500)), _loop()
    most = _metered(running.base_url, usage, loop).most_tokens(PROMPT)
    model = _metered(running.base_url, usage, loop, ceiling=2 * most - 1)
    found = model.complete(PROMPT)
    assert (len(running.requests), found.tokens, found.finish) == (1, most, "failed")
    assert "500" in found.text
    assert "are left" in found.text


def test_loops_that_ask_at_once_stay_below_the_ceiling_of_the_day(
    tables: TableServiceClient, server: Callable[[Reply], ScriptedServer]
) -> None:
    """Sixteen of them, on a day that pays for five requests."""
    running = server(Reply(status=500))
    day = f"d{uuid.uuid4().hex}"
    most = _metered(running.base_url, TableTokenUsage(tables, TokenCeilings()), "x").most_tokens(PROMPT)
    usage = _OnDay(TableTokenUsage(tables, TokenCeilings(day=5 * most, model_and_day=10**9)), day)

    def ask(_: int) -> Completion:
        return _metered(running.base_url, usage, _loop(), seconds=20).complete(PROMPT)  # type: ignore[arg-type]

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(16)))
    assert len(running.requests) == 5
    assert sum(item.tokens for item in found) == usage.of_day(day) == 5 * most
    assert sum("are left" in item.text for item in found) >= 11


class _OnDay:
    """A real usage on a day of the test's own."""

    def __init__(self, usage: TableTokenUsage, day: str) -> None:
        self._usage = usage
        self._day = day

    def reserve(self, wanted: Reservation, loop_ceiling: int) -> str:
        """On that day."""
        return self._usage.reserve(wanted.model_copy(update={"day": self._day}), loop_ceiling)

    def settle(self, reserved: Reservation, tokens: int) -> None:
        """On that day."""
        self._usage.settle(reserved.model_copy(update={"day": self._day}), tokens)

    def of_day(self, day: str) -> int:
        """All of a day."""
        return self._usage.of_day(day)


class _Killed(BaseException):
    """Ends a step as the end of its process does: nothing after it runs."""


def test_a_step_that_is_killed_leaves_its_request_counted(usage: TableTokenUsage) -> None:
    """The service may have worked for it."""

    class Killed:
        def most_tokens(self, prompt: Prompt) -> int:
            return 700

        def complete(self, prompt: Prompt) -> Completion:
            raise _Killed

    account = Account(loop=_loop(), model="m", loop_ceiling=CEILING)
    with pytest.raises(_Killed):
        MeteredModel(Killed(), usage, lambda: datetime.now(UTC), account).complete(PROMPT)
    assert usage.of_loop(account.loop) == 700


def test_an_error_that_nobody_has_foreseen_is_a_failure_and_counts(usage: TableTokenUsage) -> None:
    """No language model is worth a failed loop."""

    class Broken:
        def most_tokens(self, prompt: Prompt) -> int:
            return 700

        def complete(self, prompt: Prompt) -> Completion:
            raise AttributeError("choices")

    account = Account(loop=_loop(), model="m", loop_ceiling=CEILING)
    found = MeteredModel(Broken(), usage, lambda: datetime.now(UTC), account).complete(PROMPT)
    assert (found.finish, found.tokens, found.text) == ("failed", 700, "AttributeError: choices")
    assert usage.of_loop(account.loop) == 700


def test_a_usage_that_cannot_be_settled_stays_reserved(
    usage: TableTokenUsage, server: Callable[[Reply], ScriptedServer]
) -> None:
    """The answer is not lost for it."""

    class NoSettling(_OnDay):
        def settle(self, reserved: Reservation, tokens: int) -> None:
            raise ServiceUnavailableError("Table storage", "503")

    loop = _loop()
    model = _metered(server(Reply(text="{}")).base_url, NoSettling(usage, f"d{loop}"), loop, seconds=20)  # type: ignore[arg-type]
    assert model.complete(PROMPT).text == "{}"
    assert usage.of_loop(loop) == model.most_tokens(PROMPT)
