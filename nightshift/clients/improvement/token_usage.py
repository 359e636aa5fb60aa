"""Tokens of language models per loop, per model and per day, in the table ``tokenusage``.

A partition per day (UTC) holds the row ``all`` and a row per model, so that one write counts both; the partition
``loops`` holds a row per improvement loop. Every change is a compare-and-set, so that loops which ask at the same time
cannot pass a ceiling together. A reservation that is never settled stays counted, because the request may have been
made.
"""

from collections.abc import Mapping

from azure.data.tables import TableServiceClient

from nightshift.clients.platform.tables import Table, Write, until_no_conflict
from nightshift.domain.improvement.token_usage import Reservation, TokenCeilings

_LOOPS, _ALL = "loops", "all"


class TableTokenUsage:
    """Implements `TokenUsage`."""

    def __init__(self, service: TableServiceClient, ceilings: TokenCeilings) -> None:
        self._table = Table(service, "tokenusage")
        self._ceilings = ceilings

    def of_loop(self, loop: str) -> int:
        row = self._table.get(_LOOPS, loop)
        return 0 if row is None else int(row.values["Tokens"])

    def of_day(self, day: str, model: str | None = None) -> int:
        row = self._table.get(day, _ALL if model is None else _of(model))
        return 0 if row is None else int(row.values["Tokens"])

    def reserve(self, wanted: Reservation, loop_ceiling: int) -> str:
        refusal = self._add(_LOOPS, {wanted.loop: wanted.tokens}, {wanted.loop: loop_ceiling})
        if refusal:
            return f"this loop: {refusal}"
        counted = {_ALL: wanted.tokens, _of(wanted.model): wanted.tokens}
        ceilings = {_ALL: self._ceilings.day, _of(wanted.model): self._ceilings.model_and_day}
        refusal = self._add(wanted.day, counted, ceilings)
        if refusal:
            self._add(_LOOPS, {wanted.loop: -wanted.tokens}, {})
            return f"{wanted.day}: {refusal}"
        return ""

    def settle(self, reserved: Reservation, tokens: int) -> None:
        more = tokens - reserved.tokens
        self._add(reserved.day, {_ALL: more, _of(reserved.model): more}, {})
        self._add(_LOOPS, {reserved.loop: more}, {})

    def _add(self, partition: str, tokens: Mapping[str, int], ceilings: Mapping[str, int]) -> str:
        return until_no_conflict(lambda: self._try_to_add(partition, tokens, ceilings))

    def _try_to_add(self, partition: str, tokens: Mapping[str, int], ceilings: Mapping[str, int]) -> str:
        writes = []
        for key, more in tokens.items():
            row = self._table.get(partition, key)
            used = 0 if row is None else int(row.values["Tokens"])
            ceiling = ceilings.get(key)
            if ceiling is not None and used + more > ceiling:
                left = max(ceiling - used, 0)
                return f"the question may cost {more} tokens, {left} of {ceiling} are left ({key})"
            # A text, because a number of the table ends at 31 bits.
            writes.append(Write(key, {"Tokens": str(used + more)}, None if row is None else row.etag))
        self._table.write(partition, writes)
        return ""


def _of(model: str) -> str:
    return f"model-{model}"
