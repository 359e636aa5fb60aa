"""Models as people want to see them: versions and aliases from the registry, history from the champion book."""

from datetime import datetime

from activities.roll_back import rollback_candidate
from activities.standing import alias_problem
from domain.errors import SpecError
from domain.names import CHAMPION, TAG_QUARANTINE
from domain.ports import Services
from domain.view import ModelView


def model_views(services: Services, at: datetime | None) -> list[ModelView]:
    """Every model that has a spec."""
    return [model_view(services, model, at) for model in services.specs.names()]


def model_view(services: Services, model: str, at: datetime | None) -> ModelView:
    """One model, with the champion at a time (now if None).

    Raises:
        UnknownModelError: no spec has this name.
    """
    description, spec_error = "", ""
    try:
        description = services.specs.get(model).description
    except SpecError as error:
        spec_error = error.message
    moves = services.champions.moves(model)
    done = [move for move in moves if move.state == "done" and (at is None or move.at <= at)]
    last = done[-1] if done else None
    champion = None
    if at is None:
        champion = services.registry.version_of(model, CHAMPION)
    elif last:
        champion = last.version or None
    since = last.at if last is not None and (last.version or None) == champion else None
    return ModelView(
        model=model,
        description=description,
        spec_error=spec_error,
        champion=champion,
        alias_problem=alias_problem(moves, champion) if at is None else "",
        champion_since=since,
        rollback_target=_rollback_target(services, model, champion),
        at=at,
        versions=services.registry.versions(model),
        moves=moves,
    )


def _rollback_target(services: Services, model: str, champion: str | None) -> str | None:
    """The version that a rollback would bring back now; None if there is none that may."""
    if champion is None:
        return None
    target, registered = rollback_candidate(services, model, champion)
    return None if registered is None or TAG_QUARANTINE in registered.tags else target
