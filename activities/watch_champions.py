"""Compare who is champion by the book with the alias, and the alias with what serves."""

import logging
from datetime import timedelta

from activities.champion import ABANDONED_AFTER
from activities.move_orders import call_off_move
from activities.move_serving import run_move_serving
from activities.notify import run_notify
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

    - A move that was begun long ago and of which no open order is known is settled by the alias.
    - An alias that is not the version of the last move was moved outside: a person is paged, and theirs stands.
    - An endpoint that has not followed the last move is asked to; one that had followed and serves another version now
      was moved outside. Both page.

    Args:
        ordered: keys of orders that are open: the sweep of orders carries those out.
    """
    model = mark.model
    moves = services.champions.moves(model)
    if moves and moves[-1].state == "begun":
        last = moves[-1]
        if last.decided_by in ordered or services.clock() - last.at < ABANDONED_AFTER:
            return mark, 0
        closed = call_off_move(services, model, key=last.decided_by, version=last.version, run=last.run)
        said = f"the move to version {last.version} that {last.decided_by} ordered broke off; it is {closed.state} now"
        _page(services, model, f"move:{model}:{last.sequence}", "A change of champion broke off", said)
        return mark, 1
    champion = next((move for move in reversed(moves) if move.state == "done"), None)
    if champion is None:
        return mark, 0
    alias = services.registry.version_of(model, CHAMPION)
    if alias != champion.version:
        if services.champions.moves(model) != moves:
            return mark, 0  # it has moved between the two reads
        said = (
            f"the alias {CHAMPION} of {model} is {f'version {alias}' if alias else 'gone'}; the last move, by"
            f" {champion.decided_by}, made version {champion.version} champion. It was changed outside Nightshift"
        )
        key = f"alias:{model}:{champion.sequence}:{alias}"
        _page(services, model, key, f"The champion of {model} is not who the records name", said)
        return mark, 1
    return _watch_endpoint(services, mark, champion)


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
        serve = Serve(endpoint=endpoint, model=model, version=version)
        subject = champion.decided_by
        asked = run_move_serving(services, MoveServingRequest(model=model, incident_id=subject, serve=serve, looks=0))
        said += f". It has not followed: {asked.failure.message if asked.failure else asked.detail}"
    key = f"endpoint:{model}:{champion.sequence}:{state.version}"
    _page(services, model, key, f"The endpoint of {model} does not serve its champion", said)
    return mark, 1


def _page(services: Services, model: str, key: str, title: str, body: str) -> None:
    logger.warning("champion_differs model=%s key=%s detail=%r", model, key, body)
    page = Notification(key=key, kind="page", model=model, severity="critical", title=title, body=body)
    run_notify(services, page)
