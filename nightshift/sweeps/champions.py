"""Compare the alias history with the champion alias, and the alias with what the endpoint serves."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from activities.champions.move_serving import move_serving
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.champions.serving import EndpointState
from nightshift.domain.ledger.keys import put_back_key
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.messages import EndpointTarget, MoveServingRequest
from nightshift.domain.watch.sweep import OrderMark, page_window
from nightshift.services.champions.move_champion import ABANDONED_AFTER, put_back
from nightshift.services.champions.move_orders import call_off_move
from nightshift.services.champions.standing import alias_on_record, last_champion
from nightshift.services.notifications.notify import notify

logger = logging.getLogger(__name__)

# What an endpoint is given to follow a move, by whoever has ordered that.
_FOLLOWS = timedelta(minutes=15)
# A difference that goes on pages again: what a person has changed and what stands so, once a day; all else as often as
# the troubles of the app itself.
_CHANGED_HOURS, _DOWN_HOURS = 24, 4
_DIFFERS = "does not serve its champion"


def watch_champion(services: Services, mark: OrderMark, *, ordered: frozenset[str]) -> tuple[OrderMark, int]:
    """Compare alias history, alias and endpoint of one model; return its mark, and how many differences were found.

    - A move that was begun long ago and of which no open order is known is ended by the alias. That of a review that
      is not closed is left to the review's orchestration, which sweep_reviews starts again.
    - An alias that is not on record was moved outside: a person is paged, and theirs stands. If it points at the
      version of a move that was taken up and is void, its writer set it late and is gone: it is put back, once.
    - An endpoint that has not followed the last move is asked to, also one that the spec names only since; one that had
      followed and serves another version now was moved outside; one that serves the champion may not be ready. Each
      pages.

    A page is sent once in a part of the day, so one that comes back is paged again. It is on record before what
    it is about changes: a sweep that breaks off in between loses none.

    Args:
        ordered: keys of orders that are open: the sweep of orders carries those out.
    """
    model = mark.model
    moves = services.champions.moves(model)
    if moves and moves[-1].state == "begun":
        last = moves[-1]
        owed = last.decided_by in ordered or _is_of_review(services, last)
        if owed or services.clock() - last.at < ABANDONED_AFTER:
            return mark, 0
        said = (
            f"the move to version {last.version} that {last.decided_by} ordered broke off, and is ended by the alias,"
            f" which is {_version(services.registry.version_of(model, CHAMPION))}"
        )
        _page(services, model, f"move:{model}:{last.sequence}", "A change of champion broke off", said)
        call_off_move(services, model, key=last.decided_by, kind=last.kind, version=last.version, run=last.run)
        return mark, 1
    if last_champion(moves) is None:
        return mark, 0
    return _watch_alias(services, mark, moves)


def _is_of_review(services: Services, move: AliasChange) -> bool:
    """Whether a review that is not closed owes this move."""
    if move.kind not in {"review", "withdrawal"}:
        return False
    unfinished = services.reviews.unfinished()
    return any(move.decided_by in {review.decision_key, review.undo_key} for review in unfinished)


def _watch_alias(services: Services, mark: OrderMark, moves: Sequence[AliasChange]) -> tuple[OrderMark, int]:
    """Compare the alias with the moves, none of which is under way, and then the endpoint with the alias."""
    model, last = mark.model, _last_done(moves)
    recorded, alias = alias_on_record(moves), services.registry.version_of(model, CHAMPION)
    if alias != recorded:
        if services.champions.moves(model) != moves:
            return mark, 0  # it has moved between the two reads
        late = _set_late(services, moves, alias)
        if late is not None:
            put_back(services, late)
            return mark, 1
        said = (
            f"the alias {CHAMPION} of {model} is {_version(alias)}; by the records it is {_version(recorded)},"
            f" since the move by {last.decided_by}. It was changed outside Nightshift"
        )
        key = _windowed(services, f"alias:{model}:{last.sequence}:{alias}", _CHANGED_HOURS)
        _page(services, model, key, f"The champion of {model} is not who the records name", said)
        return mark, 1
    return (mark, 0) if recorded is None else _watch_endpoint(services, mark, last)


def _version(alias: str | None) -> str:
    return f"version {alias}" if alias else "gone"


def _last_done(moves: Sequence[AliasChange]) -> AliasChange:
    return next(move for move in reversed(moves) if move.state == "done")


def _set_late(services: Services, moves: Sequence[AliasChange], alias: str | None) -> AliasChange | None:
    """The void move whose writer may have set the alias after it was fenced off; None if nobody of ours has.

    Of the last move to that version: if it is done, the version was champion since, and somebody else has set it. An
    alias that was put back already and points there again was set by a person.
    """
    last = next((move for move in reversed(moves) if move.version == alias), None)
    if last is None or last.state != "void" or not last.epoch:
        return None
    return last if services.notifications.get(last.model, put_back_key(last.decided_by)) is None else None


def _watch_endpoint(services: Services, mark: OrderMark, champion: AliasChange) -> tuple[OrderMark, int]:
    model, version = mark.model, champion.version
    endpoint = services.specs.get(model).serving_endpoint if model in services.specs.names() else None
    if endpoint is None:
        return mark, 0
    state = services.serving.read(endpoint)
    if state.version == version and state.ready:
        return mark.model_copy(update={"served": champion.sequence, "endpoint": endpoint}), 0
    if services.clock() - champion.at < _FOLLOWS or (state.updating and state.pending_version == version):
        return mark, 0
    key = f"endpoint:{model}:{champion.sequence}:{endpoint}:{state.version}"
    if state.version == version:
        said = f"endpoint {endpoint} serves version {version}, the champion of {model}, and is not ready"
        _page(services, model, _windowed(services, f"{key}:down", _DOWN_HOURS), f"An endpoint of {model} is down", said)
    elif mark.has_served(champion.sequence, endpoint):
        said = "It had followed and was changed since, outside Nightshift: it is left as it is"
        said, key = f"{_serves(state, champion)}. {said}", _windowed(services, f"{key}:changed", _CHANGED_HOURS)
        _page(services, model, key, f"The endpoint of {model} {_DIFFERS}", said)
    else:
        _ask_to_follow(services, state, champion, _windowed(services, f"{key}:behind", _DOWN_HOURS))
    return mark, 1


def _ask_to_follow(services: Services, state: EndpointState, champion: AliasChange, key: str) -> None:
    """Page, and ask an endpoint for the champion; page also if it cannot be moved there."""
    model, said = champion.model, f"{_serves(state, champion)}. It has not followed, and is asked to"
    _page(services, model, key, f"The endpoint of {model} {_DIFFERS}", said)
    serve = EndpointTarget(endpoint=state.endpoint, model=model, version=champion.version)
    request = MoveServingRequest(model=model, incident_id=champion.decided_by, serve=serve, looks=0)
    try:
        asked = move_serving(services, request)
        problem = asked.detail if asked.failed else ""
    except NightshiftError as error:
        if error.retryable:
            raise
        problem = error.message
    if problem:
        _page(services, model, f"{key}:refused", f"The endpoint of {model} cannot be moved", f"{said}: {problem}")


def _serves(state: EndpointState, champion: AliasChange) -> str:
    serves = f"version {state.version}" if state.version else "nothing"
    ready = "" if state.ready else " and is not ready"
    return (
        f"endpoint {state.endpoint} serves {serves}{ready}; champion of {champion.model} is version {champion.version}"
    )


def _windowed(services: Services, key: str, hours: int) -> str:
    return f"{key}:{page_window(services.clock(), hours)}"


def _page(services: Services, model: str, key: str, title: str, body: str) -> None:
    logger.warning("champion_differs model=%s key=%s detail=%r", model, key, body)
    page = Notification(key=key, kind="page", model=model, severity="critical", title=title, body=body)
    notify(services, page)
