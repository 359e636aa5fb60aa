"""The state of each model for the front page: few calls, all models at once, and nobody waits for MLflow for long."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from functools import partial

import azure.durable_functions as df

from agents.response.rollback import rollback_target
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import NightshiftError, SpecError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import RunSummary
from nightshift.pages.views import ModelState
from nightshift.services.champions.standing import alias_problem
from nightshift.services.lifecycle.run_views import run_summary

logger = logging.getLogger(__name__)

# A page at 3 am is read although MLflow is slow or away; it then says of which model it knows less.
REGISTRY_SECONDS = 3.0
# What MLflow said of a model counts for so long, unless its champion moves; then it is asked again, and until it has
# answered the page shows what it said before, but nothing older than this.
KEPT_SECONDS = 30.0
SHOWN_SECONDS = 120.0
# Models about which MLflow is asked at once: far fewer than the calls that may be under way.
_AT_ONCE = 8
NOT_READ = "not read in time: champion as recorded, rollback not checked"


@dataclass(frozen=True)
class ModelReading:
    """A model's state, and the moves of champion that the story needs."""

    state: ModelState
    moves: tuple[AliasChange, ...]


@dataclass(frozen=True)
class _Asked:
    """A question to MLflow about a model, and its answer once it is there.

    Attributes:
        at: when it was asked, by the event loop's clock.
        moves: the alias history at that time, which the answer is about.
    """

    answer: asyncio.Future[ModelState]
    at: float
    moves: tuple[AliasChange, ...]

    def answers(self, moves: tuple[AliasChange, ...], seconds: float) -> bool:
        """Whether the answer is there, is about these moves, and is at most so old."""
        age = asyncio.get_running_loop().time() - self.at
        return self.answer.done() and self.moves == moves and age <= seconds


class ModelStates:
    """Reads the state of every model.

    What waits for MLflow has threads of its own, so that a slow model keeps neither another model nor storage waiting.
    An answer that comes too late for one page is there for the next: no question is asked twice at once.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="registry")
        self._asked: dict[str, _Asked] = {}
        self._answered: dict[str, _Asked] = {}
        # Which experiment is whose, and how a run ended, never change.
        self._experiments: dict[str, str] = {}
        self._ended: dict[str, RunSummary] = {}

    async def read(self, client: df.DurableOrchestrationClient, services: Services) -> tuple[ModelReading, ...]:
        """Every model that has a spec; its signals are counted elsewhere."""
        names = await asyncio.to_thread(services.specs.names)
        moves = await asyncio.gather(*(asyncio.to_thread(services.champions.moves, name) for name in names))
        until = asyncio.get_running_loop().time() + REGISTRY_SECONDS
        found = zip(names, moves, strict=True)
        return tuple(await asyncio.gather(*(self._read(client, services, *item, until) for item in found)))

    async def _read(
        self,
        client: df.DurableOrchestrationClient,
        services: Services,
        model: str,
        moves: tuple[AliasChange, ...],
        until: float,
    ) -> ModelReading:
        (last_run, unknown_run), state, trouble = await asyncio.gather(
            self._last_run(client, services, model),
            self._registered(services, model, moves, until),
            asyncio.to_thread(_spec_trouble, services, model),
        )
        done = [move for move in moves if move.state == "done"]
        if done and (not state.checked or state.champion == done[-1].version):
            # Without the registry's answer the record has to do; with it, only what both say has a known begin.
            state = replace(state, champion=done[-1].version or None, since=done[-1].at)
        if state.checked:
            state = replace(state, trouble=alias_problem(moves, state.champion))
        known = replace(state, last_run=last_run, unknown_run=unknown_run, trouble=trouble or state.trouble)
        return ModelReading(known, moves)

    async def _registered(
        self, services: Services, model: str, moves: tuple[AliasChange, ...], until: float
    ) -> ModelState:
        """What only MLflow knows; if it does not answer in time, the alias history is used."""
        asked = self._asked.get(model)
        if asked is not None and asked.answer.done():
            self._answered[model] = asked
        known = self._answered.get(model)
        if known is not None and known.answers(moves, KEPT_SECONDS):
            return known.answer.result()
        if asked is None or asked.answer.done() or asked.moves != moves:
            asked = self._asked[model] = self._ask(services, model, moves)
        if known is not None and known.answers(moves, SHOWN_SECONDS):
            return known.answer.result()
        await asyncio.wait([asked.answer], timeout=max(until - asyncio.get_running_loop().time(), 0))
        if asked.answer.done():
            return asked.answer.result()
        logger.warning("registry_slow model=%s seconds=%s", model, REGISTRY_SECONDS)
        return ModelState(model, trouble=NOT_READ, checked=False)

    def _ask(self, services: Services, model: str, moves: tuple[AliasChange, ...]) -> _Asked:
        loop = asyncio.get_running_loop()
        answer = loop.run_in_executor(self._threads, copy_context().run, self._ask_registry, services, model, moves)
        return _Asked(answer, loop.time(), moves)

    def _ask_registry(self, services: Services, model: str, moves: tuple[AliasChange, ...]) -> ModelState:
        try:
            champion = services.registry.version_of(model, CHAMPION)
            target = rollback_target(champion, moves, partial(services.registry.version, model))
            experiment = self._experiments.get(model) or services.registry.experiment_of(model)
        except NightshiftError as error:
            logger.warning("registry_not_read model=%s code=%s message=%s", model, error.code, error.message)
            trouble = f"champion as recorded, rollback not checked: {error.message}"
            return ModelState(model, trouble=trouble, checked=False)
        if experiment:
            self._experiments[model] = experiment
        address = f"{services.links.mlflow}/experiments/{experiment}" if experiment else ""
        return ModelState(model, champion=champion, rollback=target, experiment=address)

    async def _last_run(
        self, client: df.DurableOrchestrationClient, services: Services, model: str
    ) -> tuple[RunSummary | None, str]:
        """The run that was begun last, ended or not; its id alone if Durable does not know it any more."""
        run = await asyncio.to_thread(services.uploads.last_run, model)
        if run is None:
            return None, ""
        known = self._ended.get(model)
        if known is not None and known.run == run:
            return known, ""
        status = await client.get_status(run)
        if status is None or status.runtime_status is None:
            return None, run
        found = run_summary(status)
        if found.outcome is not None:
            self._ended[model] = found
        return found, ""


def _spec_trouble(services: Services, model: str) -> str:
    try:
        services.specs.get(model)
    except SpecError as error:
        return f"its spec cannot be used: {error.message}"
    return ""
