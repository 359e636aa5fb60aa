"""Models as people want to see them: versions and aliases from the registry, history from the alias history."""

import logging
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime

from agents.response.rollback import rollback_target
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError, SpecError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.view import ModelView
from nightshift.services.champions.standing import alias_problem

logger = logging.getLogger(__name__)

# Models that are read at once: far fewer than the calls of the registry that may be under way.
_AT_ONCE = 8
# A caller waits for a list for 30 seconds (cli/app_client.py); what is not read by then must not fail the rest.
LIST_SECONDS = 20.0


def model_views(services: Services, at: datetime | None) -> list[ModelView]:
    """Every model that has a spec, several at once.

    Of a model about which the registry does not answer, or not in time, the view has what is on record and says so; the
    others are as they are.

    Raises:
        ServiceUnavailableError: storage does not answer.
    """
    names = services.specs.names()
    threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="models")
    try:
        reading = {model: threads.submit(copy_context().run, model_view, services, model, at) for model in names}
        wait(reading.values(), LIST_SECONDS)
        return [_view_or_record(services, model, at, view) for model, view in reading.items()]
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _view_or_record(services: Services, model: str, at: datetime | None, view: Future[ModelView]) -> ModelView:
    if not view.done():
        trouble = "not read in time"
    else:
        try:
            return view.result()
        except (ServiceUnavailableError, ServiceRefusedError) as error:
            trouble = error.message
    logger.warning("registry_not_read model=%s message=%s", model, trouble)
    description, spec_error = _described(services, model)
    moves = services.champions.moves(model)
    last = _last_move(moves, at)
    return ModelView(
        model=model,
        description=description,
        spec_error=spec_error,
        trouble=f"champion as recorded, versions not read: {trouble}",
        champion=(last.version or None) if last else None,
        champion_since=last.at if last else None,
        rollback_target=None,
        at=at,
        versions=(),
        moves=moves,
    )


def model_view(services: Services, model: str, at: datetime | None) -> ModelView:
    """One model, with the champion at a time (now if None).

    Raises:
        UnknownModelError: no spec has this name.
    """
    description, spec_error = _described(services, model)
    moves = services.champions.moves(model)
    last = _last_move(moves, at)
    champion = (last.version or None) if last else None
    # One search returns aliases and tags of all versions; a call for each would make a list of many models slow.
    versions = services.registry.versions(model)
    if at is None:
        champion = next((item.version for item in versions if CHAMPION in item.aliases), None)
    else:
        versions = tuple(item for item in versions if item.created_at <= at)
    until = [move for move in moves if at is None or move.at <= at]
    return ModelView(
        model=model,
        description=description,
        spec_error=spec_error,
        champion=champion,
        alias_problem=alias_problem(moves, champion) if at is None else "",
        champion_since=last.at if last is not None and (last.version or None) == champion else None,
        rollback_target=rollback_target(champion, until, {item.version: item for item in versions}.get),
        at=at,
        versions=versions,
        moves=moves,
    )


def _described(services: Services, model: str) -> tuple[str, str]:
    """The description of a model, and why its spec cannot be used."""
    try:
        return services.specs.get(model).description, ""
    except SpecError as error:
        return "", error.message


def _last_move(moves: Iterable[AliasChange], at: datetime | None) -> AliasChange | None:
    """The move that made the champion of a time (now if None)."""
    done = [move for move in moves if move.state == "done" and (at is None or move.at <= at)]
    return done[-1] if done else None
