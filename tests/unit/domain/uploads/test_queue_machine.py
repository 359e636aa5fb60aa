"""The queue of uploads as a state machine: nothing lost, nothing twice, whatever is done in which order."""

from itertools import chain, product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from nightshift.domain.platform.errors import TransitionError
from nightshift.domain.uploads.queue_machine import (
    QUEUE_TRANSITIONS,
    BegunRun,
    QueueOperation,
    QueueStateName,
    UploadQueueRecord,
    claim_mark,
    coalesced,
)

BATCH = 5
_STATES: dict[QueueStateName, UploadQueueRecord] = {
    "idle": UploadQueueRecord(generation=2, sequence=4, waits_from=4),
    "waiting": UploadQueueRecord(generation=2, busy=True, sequence=4, waits_from=3),
    "running": UploadQueueRecord(
        generation=2, busy=True, sequence=4, waits_from=3, begun=BegunRun(run="r", generation=2), last_run="r"
    ),
    "orphaned": UploadQueueRecord(
        generation=2, busy=True, sequence=4, waits_from=3, begun=BegunRun(run="r", generation=1), last_run="r"
    ),
}


def _results(operation: QueueOperation, before: UploadQueueRecord) -> set[QueueStateName]:
    """Where an operation leads, with all that can be said about it."""
    if operation == "submit":
        return {before.submitted(1).state}
    if operation == "claim":
        return {before.claimed("r", "2:0", waited).state for waited in (0, 1)}
    if operation == "drain":
        return {before.drained().state}
    return {before.taken_over(begun_has_ended=ended).state for ended in (True, False)}


@pytest.mark.parametrize(("operation", "state"), list(product(get_args(QueueOperation), get_args(QueueStateName))))
def test_an_operation_leads_where_the_table_says(operation: QueueOperation, state: QueueStateName) -> None:
    """Every pair: exactly the states of the table, or a refusal."""
    before = _STATES[state]
    assert before.state == state
    if (operation, state) in QUEUE_TRANSITIONS:
        assert _results(operation, before) == QUEUE_TRANSITIONS[operation, state]
        return
    with pytest.raises(TransitionError, match=f"{state} cannot {operation}"):
        _results(operation, before)


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=BATCH), max_size=10))
def test_a_batch_takes_the_oldest_and_parts_nothing(orders: list[list[int]]) -> None:
    """At most so many, none passed over, and as many as fit; whatever waits, something is taken."""
    taken = coalesced(orders, BATCH)
    whole = [list(chain.from_iterable(orders[:number])) for number in range(len(orders) + 1)]
    assert taken == max((batch for batch in whole if len(batch) <= BATCH), key=len)
    assert bool(taken) == bool(orders)


class QueueMachine(RuleBasedStateMachine):
    """Uploads that come, generations that claim, die, and are started again too late or twice."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = UploadQueueRecord()
        self.orders: dict[int, list[int]] = {}  # by the sequence of the first upload, as the store keeps them
        self.claims: dict[str, tuple[str, list[int]]] = {}
        self.next_claim: dict[int, int] = {}
        self.submitted: list[int] = []
        self.ended: list[int] = []  # uploads of runs that have ended
        self.runs: dict[str, list[int]] = {}

    @rule(number=st.integers(1, BATCH))
    def submit(self, number: int) -> None:
        """Uploads come together."""
        uploads = list(range(len(self.submitted), len(self.submitted) + number))
        self.orders[self.queue.sequence] = uploads
        self.queue = self.queue.submitted(number)
        self.submitted += uploads

    def _claim(self, generation: int, claim: int) -> tuple[str, list[int]]:
        """Load, ask, save: as nightshift.clients.uploads.upload_queue does."""
        mark = claim_mark(generation, claim)
        if not self.queue.runs(generation):
            return "", []
        if mark in self.claims:
            return self.claims[mark]
        orphan = self.queue.orphan
        orphaned = self.claims[orphan.claim][1] if orphan else []
        waits = (uploads for first, uploads in sorted(self.orders.items()) if first >= (self.queue.waits_from or 0))
        waiting = [] if orphaned else coalesced(waits, BATCH)
        if not (orphaned or waiting):
            self.queue = self.queue.drained()
            return "", []
        run = f"run-{(orphaned or waiting)[0]}"
        self.claims[mark] = (run, orphaned or waiting)
        self.queue = self.queue.claimed(run, mark, len(waiting))
        return self.claims[mark]

    @precondition(lambda self: self.queue.busy)
    @rule(delivered=st.integers(1, 3))
    def run_a_batch(self, delivered: int) -> None:
        """The generation claims, however often the activity is called, and its last run has ended before."""
        generation = self.queue.generation
        if self.queue.begun and self.queue.state == "running":
            self._end(self.queue.begun.run)
        claim = self.next_claim.get(generation, 0)
        waiting = self.queue.waiting
        got = [self._claim(generation, claim) for _ in range(delivered)]
        assert got == [got[0]] * delivered, "the same claim gets the same batch"
        run, uploads = got[0]
        assert bool(uploads) or waiting == 0, "an upload that waits is taken"
        if uploads:
            self.next_claim[generation] = claim + 1
            assert self.runs.setdefault(run, uploads) == uploads, "a run keeps its uploads"

    def _end(self, run: str) -> None:
        if not set(self.runs[run]) & set(self.ended):
            self.ended += self.runs[run]

    @precondition(lambda self: self.queue.busy)
    @rule(has_ended=st.booleans())
    def die(self, has_ended: bool) -> None:
        """The instance is gone, before or after its run has ended; two sweeps find that."""
        begun, generation = self.queue.begun, self.queue.generation
        if begun and has_ended:
            self._end(begun.run)
        self.queue = self.queue.taken_over(begun_has_ended=begun is None or has_ended)
        assert not self.queue.runs(generation), "the second sweep starts no other successor"

    @rule(generation=st.integers(0, 3), claim=st.integers(0, 3))
    def claim_by_a_generation_of_before(self, generation: int, claim: int) -> None:
        """Started again by mistake, it finds nothing and changes nothing."""
        if generation < self.queue.generation:
            before = self.queue
            assert self._claim(generation, claim) == ("", [])
            assert self.queue == before

    @invariant()
    def every_upload_is_in_one_place(self) -> None:
        """It waits, or one run has taken it; never both, never two."""
        waiting = [it for first, them in self.orders.items() if first >= (self.queue.waits_from or 0) for it in them]
        taken = [upload for uploads in self.runs.values() for upload in uploads]
        assert sorted(waiting + taken) == self.submitted
        assert self.queue.waiting == len(waiting)
        assert self.queue.busy or not waiting, "an idle queue has nothing that waits"

    @invariant()
    def a_run_is_over_or_begun(self) -> None:
        """What a run has taken and not brought to its end is named by the queue, so that a successor takes it up."""
        begun = set(self.runs[self.queue.begun.run]) if self.queue.begun and self.runs else set()
        open_ = {upload for uploads in self.runs.values() for upload in uploads} - set(self.ended)
        assert not self.queue.busy or open_ <= begun


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestQueueMachine = QueueMachine.TestCase


def test_a_new_queue_begins_with_its_first_generation_and_upload() -> None:
    """Nobody runs it; three uploads are numbers 1 to 3, and the next one is 4."""
    new = UploadQueueRecord()
    assert (new.generation, new.sequence, new.state, new.waiting) == (0, 1, "idle", 0)
    first = new.submitted(3)
    assert (first.generation, first.sequence, first.waits_from, first.waiting) == (1, 4, 1, 3)


def test_each_life_of_a_queue_is_the_next_generation() -> None:
    """An upload to an idle queue begins it, another one does not; so does a successor."""
    assert _STATES["idle"].submitted(1).generation == 3
    assert _STATES["waiting"].submitted(1).generation == 2
    assert [_STATES[state].taken_over(begun_has_ended=True).generation for state in ("waiting", "running")] == [3, 3]


def test_only_the_run_of_a_gone_generation_is_an_orphan() -> None:
    """The next claim takes it up."""
    orphans = {state: record.orphan for state, record in _STATES.items()}
    begun = _STATES["orphaned"].begun
    assert orphans == {"idle": None, "waiting": None, "running": None, "orphaned": begun}
