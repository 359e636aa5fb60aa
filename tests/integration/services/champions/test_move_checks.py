"""What a move checks of the alias, with the real store of moves and an alias that others set at the worst moment."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.champions.alias_history import TableAliasHistory
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import ConflictError, MoveCalledOffError
from nightshift.services.champions.move_champion import move_champion
from tests.support.refusals import refusal


@pytest.fixture
def model() -> str:
    """A name of this test's own, which no registry needs to know."""
    return f"m{uuid.uuid4().hex[:16]}"


class _Alias:
    """The registry's alias; ``overtaken_by`` is set by somebody else right after every move."""

    def __init__(self, version: str, overtaken_by: str = "") -> None:
        self.stands, self._overtaken_by = version, overtaken_by
        self.sets: list[str] = []

    def version_of(self, _model: str, _alias: str) -> str:
        return self.stands

    def version(self, _model: str, _version: str) -> None:
        return None

    def set_alias(self, _model: str, _alias: str, version: str) -> None:
        self.sets.append(version)
        self.stands = self._overtaken_by or version


class _Services:
    def __init__(self, champions: TableAliasHistory, registry: _Alias) -> None:
        self.champions, self.registry = champions, registry

    def clock(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)


def _move(services: Any, model: str, key: str = "a") -> Any:
    return move_champion(services, model=model, expected="1", version="2", run="a", decided_by=key, kind="promotion")


def test_a_move_that_was_called_off_is_not_made_when_it_is_delivered_again(
    tables: TableServiceClient, model: str
) -> None:
    """Though the champion is the expected one: somebody else ended it as void, and told so."""
    services = _Services(TableAliasHistory(tables), _Alias("1"))
    begun = AliasChange(
        model=model,
        sequence=1,
        version="2",
        previous="1",
        run="a",
        decided_by="a",
        kind="promotion",
        at=services.clock(),
    )
    services.champions.finalize(services.champions.begin(begun), "void")
    with pytest.raises(MoveCalledOffError):
        _move(services, model)
    assert (services.registry.sets, services.champions.moves(model)[-1].state) == ([], "void")


def test_a_move_is_done_only_if_the_alias_reads_back_as_it_was_set(tables: TableServiceClient, model: str) -> None:
    """Somebody sets it by hand in the same moment: the record does not say that ours stands."""
    services = _Services(TableAliasHistory(tables), _Alias("1", overtaken_by="3"))
    with refusal(ConflictError, "reads back as '3'", "set to '2'"):
        _move(services, model)
    assert (services.registry.sets, services.champions.moves(model)[-1].state) == (["2"], "begun")
