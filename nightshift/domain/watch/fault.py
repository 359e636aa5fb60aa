"""What the app writes down about itself: unknown failures of its steps, and the starts of its processes."""

from datetime import datetime, timedelta

from nightshift.domain.platform.message import Message

# An unknown failure is raised twice, so that the step is tried again, perhaps in another process; then it is final.
MOST_TRIES = 3
# Tries of one call lie this close together; what fails later is counted from the beginning.
TOGETHER = timedelta(minutes=10)
# A property of a table's row takes 32,000 characters.
_FAULTS_KEPT, _STARTS_KEPT = 20, 50
SHOWN = 400


class Fault(Message):
    """An unknown failure of one call of a step.

    Attributes:
        call: identity of the call, the same for each of its tries.
        tries: how often the call has failed, up to now.
        final: whether it was given up, so that the step's result is ``internal_error``.
    """

    step: str
    model: str
    run: str = ""
    call: str
    message: str
    at: datetime
    tries: int = 1
    final: bool = False


class Faults(Message):
    """The newest faults of one step and model, newest last."""

    recent: tuple[Fault, ...] = ()

    def counted(self, fault: Fault) -> "Faults":
        """With one try more of the fault's call."""
        known = next((item for item in self.recent if item.call == fault.call), None)
        tries = known.tries + 1 if known and not known.final and fault.at - known.at <= TOGETHER else 1
        fault = fault.model_copy(update={"tries": tries, "final": tries >= MOST_TRIES})
        others = tuple(item for item in self.recent if item.call != fault.call)
        return Faults(recent=(*others, fault)[-_FAULTS_KEPT:])


class ProcessStart(Message):
    """A process of the app has begun; ``instance`` is the machine, on which a process is started again."""

    instance: str
    at: datetime


class ProcessStarts(Message):
    """The newest starts, newest last."""

    recent: tuple[ProcessStart, ...] = ()

    def began(self, start: ProcessStart) -> "ProcessStarts":
        """With one start more."""
        return ProcessStarts(recent=(*self.recent, start)[-_STARTS_KEPT:])
