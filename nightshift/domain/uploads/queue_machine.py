"""The states of a model's queue of uploads, and what changes them. Pure: the store loads, calls this, and saves.

| state | what it means |
|---|---|
| idle | no instance runs it, and nothing waits |
| waiting | a generation runs it and has begun no run that may still go on |
| running | the generation has begun a run, by its last claim |
| orphaned | an earlier generation has begun it, and its instance is gone: the next claim takes that run up |

Uploads are numbered in the order in which they come (``sequence``), and claimed in that order.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar

from nightshift.domain.platform.errors import TransitionError
from nightshift.domain.platform.message import Message

QueueStateName = Literal["idle", "waiting", "running", "orphaned"]
QueueOperation = Literal["submit", "claim", "drain", "take_over"]

# (operation, state before) -> states that it may lead to. What is not here is not allowed.
QUEUE_TRANSITIONS: dict[tuple[QueueOperation, QueueStateName], frozenset[QueueStateName]] = {
    # The first upload begins the next generation; every other one is taken by a later claim of this one.
    ("submit", "idle"): frozenset({"waiting"}),
    ("submit", "waiting"): frozenset({"waiting"}),
    ("submit", "running"): frozenset({"running"}),
    ("submit", "orphaned"): frozenset({"orphaned"}),
    ("claim", "waiting"): frozenset({"running"}),
    ("claim", "running"): frozenset({"running"}),
    ("claim", "orphaned"): frozenset({"running"}),
    # A claim that finds nothing. The run of an orphaned queue has uploads, unless somebody has deleted their rows.
    ("drain", "waiting"): frozenset({"idle"}),
    ("drain", "running"): frozenset({"idle"}),
    ("drain", "orphaned"): frozenset({"idle"}),
    # The successor of a generation whose instance is gone takes up its run, unless that has ended.
    ("take_over", "waiting"): frozenset({"waiting"}),
    ("take_over", "running"): frozenset({"orphaned", "waiting"}),
    ("take_over", "orphaned"): frozenset({"orphaned", "waiting"}),
}

Item = TypeVar("Item")


class BegunRun(Message):
    """The run that was claimed last and may not have ended.

    Attributes:
        generation: that has claimed it.
        claim: the mark of its claim; empty if an earlier release wrote none.
    """

    run: str
    generation: int
    claim: str = ""


class UploadQueueRecord(Message):
    """A model's queue as it is kept.

    Attributes:
        generation: of the instance that runs the queue; the last one that did while it is idle. 0 before the first.
        sequence: number of the next upload.
        waits_from: number of the first upload that waits; None for a generation that an earlier release began.
        begun: None if no run may still go on.
        last_run: the run that was claimed last, whether or not it has ended; empty if the record does not say.
    """

    generation: int = 0
    busy: bool = False
    sequence: int = 1
    waits_from: int | None = None
    begun: BegunRun | None = None
    last_run: str = ""

    @property
    def state(self) -> QueueStateName:
        """Where it stands, see the table above."""
        if not self.busy:
            return "idle"
        if self.begun is None:
            return "waiting"
        return "running" if self.begun.generation == self.generation else "orphaned"

    @property
    def waiting(self) -> int | None:
        """How many uploads wait; None if an earlier release began the generation: then they must be counted."""
        if not self.busy:
            return 0
        return None if self.waits_from is None else self.sequence - self.waits_from

    @property
    def orphan(self) -> BegunRun | None:
        """The run of an earlier generation that the next claim takes up; None if there is none."""
        return self.begun if self.state == "orphaned" else None

    def runs(self, generation: int) -> bool:
        """Whether this generation has the queue. One that has ended claims nothing, whatever starts it again."""
        return self.busy and self.generation == generation

    def submitted(self, uploads: int) -> "UploadQueueRecord":
        """The queue with more uploads; an idle queue becomes busy with its next generation."""
        after: dict[str, object] = {"sequence": self.sequence + uploads, "busy": True}
        if not self.busy:
            # Nothing waits, so all that waits from now on has rows by sequence.
            after |= {"generation": self.generation + 1, "waits_from": self.sequence}
        return self._after("submit", after)

    def claimed(self, run: str, mark: str, waited: int) -> "UploadQueueRecord":
        """The queue after a claim has begun a run.

        Args:
            waited: how many of the claimed uploads had waited; 0 if the claim has taken up a run of before.
        """
        after: dict[str, object] = {
            "waits_from": None if self.waits_from is None else self.waits_from + waited,
            "begun": BegunRun(run=run, generation=self.generation, claim=mark),
            "last_run": run,
        }
        return self._after("claim", after)

    def drained(self) -> "UploadQueueRecord":
        """The queue after a claim has found nothing: its generation has ended."""
        return self._after("drain", {"busy": False, "begun": None})

    def taken_over(self, *, begun_has_ended: bool) -> "UploadQueueRecord":
        """The queue with the successor of a generation whose instance is gone."""
        begun = None if begun_has_ended else self.begun
        return self._after("take_over", {"generation": self.generation + 1, "begun": begun})

    def _after(self, operation: QueueOperation, update: dict[str, object]) -> "UploadQueueRecord":
        """The queue after an operation, by the table.

        Raises:
            TransitionError: its state does not allow it.
        """
        after = self.model_copy(update=update)
        if after.state not in QUEUE_TRANSITIONS.get((operation, self.state), frozenset()):
            raise TransitionError(f"an upload queue that is {self.state} cannot {operation}", state=self.state)
        return after


def claim_mark(generation: int, claim: int) -> str:
    """Identity of a claim: made again, it gets the same batch."""
    return f"{generation}:{claim}"


def coalesced(orders: Iterable[Sequence[Item]], most: int) -> list[Item]:
    """The waiting uploads that one run takes: the oldest first, up to a limit; those submitted together stay together.

    Args:
        orders: what was submitted together, the oldest first; none of them larger than ``most``. Read as needed.
    """
    taken: list[Item] = []
    for together in orders:
        if len(taken) + len(together) > most:
            break
        taken += together
    return taken
