"""Compare who is champion by the book with the alias, and the alias with what serves."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from activities.champion import ABANDONED_AFTER, put_back, put_back_key
from activities.move_orders import call_off_move
from activities.move_serving import run_move_serving
from activities.notify import run_notify
from activities.standing import alias_on_record, last_champion
from domain.decision import ChampionMove
from domain.names import CHAMPION
from domain.notification import Notification
from domain.ports import Services
from domain.response import MoveServingRequest, Serve
from domain.sweep import OrderMark

logger = logging.getLogger(__name__)

# What an endpoint is given to follow a move, by whoever has ordered that.
_FOLLOWS = timedelta(minutes=15)


def watch_champion(services: Services, mark: OrderMark, *, ordered: frozenset[str]) -> tuple[OrderMark, int]:
    """Compare book, alias and endpoint of one model; return its mark, and how many differences were found.

    - A move that was begun long ago and of which no open order is known is settled by the alias. That of a review that
      is not settled is left to the review's orchestration, which sweep_reviews starts again.
    - An alias that is not on record was moved outside: a person is paged, and theirs stands. If it points at the
      version of a move that was taken up and is void, its writer set it late and is gone: it is put back, once.
    - An endpoint that has not followed the last move is asked to; one that had followed and serves another version now
      was moved outside. Both page.

    Each page is on record before what it is about changes: a look that breaks off in between loses none.

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
            f"the move to version {last.version} that {last.decided_by} ordered broke off, and is settled by the alias,"
            f" which is {_version(services.registry.version_of(model, CHAMPION))}"
        )
        _page(services, model, f"move:{model}:{last.sequence}", "A change of champion broke off", said)
        call_off_move(services, model, key=last.decided_by, version=last.version, run=last.run)
        return mark, 1
    if last_champion(moves) is None:
        return mark, 0
    return _watch_alias(services, mark, moves)


def _is_of_review(services: Services, move: ChampionMove) -> bool:
    """Whether a review that is not settled owes this move."""
    review = services.reviews.get(move.model, move.review_id) if move.review_id else None
    return review is not None and not review.settled


def _watch_alias(services: Services, mark: OrderMark, moves: Sequence[ChampionMove]) -> tuple[OrderMark, int]:
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
        key = f"alias:{model}:{last.sequence}:{alias}"
        _page(services, model, key, f"The champion of {model} is not who the records name", said)
        return mark, 1
    return (mark, 0) if recorded is None else _watch_endpoint(services, mark, last)


def _version(alias: str | None) -> str:
    return f"version {alias}" if alias else "gone"


def _last_done(moves: Sequence[ChampionMove]) -> ChampionMove:
    return next(move for move in reversed(moves) if move.state == "done")


def _set_late(services: Services, moves: Sequence[ChampionMove], alias: str | None) -> ChampionMove | None:
    """The void move whose writer may have set the alias after it was fenced off; None if nobody of ours has.

    Of the last move to that version: if it is done, the version was champion since, and somebody else has set it. An
    alias that was put back already and points there again was set by a person.
    """
    last = next((move for move in reversed(moves) if move.version == alias), None)
    if last is None or last.state != "void" or not last.epoch:
        return None
    return last if services.notifications.get(last.model, put_back_key(last)) is None else None


def _watch_endpoint(services: Services, mark: OrderMark, champion: ChampionMove) -> tuple[OrderMark, int]:
    model, version = mark.model, champion.version
    endpoint = services.specs.get(model).serving_endpoint if model in services.specs.names() else None
    if endpoint is None:
        return mark, 0
    state = services.serving.read(endpoint)
    if state.version == version and state.ready:
        return mark.model_copy(update={"served": champion.sequence}), 0
    if services.clock() - champion.at < _FOLLOWS or (state.updating and state.pending_version == version):
        return mark, 0
    serves = f"endpoint {endpoint} serves {f'version {state.version}' if state.version else 'nothing'}"
    said = f"{serves}{'' if state.ready else ' and is not ready'}; champion of {model} is version {version}"
    if mark.served == champion.sequence:
        said += ". It had followed and was changed since, outside Nightshift: it is left as it is"
    elif state.version != version:
        said += ". It has not followed, and is asked to"
    key, title = f"endpoint:{model}:{champion.sequence}:{state.version}", "does not serve its champion"
    _page(services, model, key, f"The endpoint of {model} {title}", said)
    if mark.served != champion.sequence and state.version != version:
        serve = Serve(endpoint=endpoint, model=model, version=version)
        subject = champion.decided_by
        asked = run_move_serving(services, MoveServingRequest(model=model, incident_id=subject, serve=serve, looks=0))
        problem = asked.failure.message if asked.failure else asked.detail if asked.failed else ""
        if problem:
            _page(services, model, f"{key}:refused", f"The endpoint of {model} cannot be moved", f"{said}: {problem}")
    return mark, 1


def _page(services: Services, model: str, key: str, title: str, body: str) -> None:
    logger.warning("champion_differs model=%s key=%s detail=%r", model, key, body)
    page = Notification(key=key, kind="page", model=model, severity="critical", title=title, body=body)
    run_notify(services, page)
