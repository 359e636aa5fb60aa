"""The handover report as values, for a template or for scripts."""

from datetime import datetime
from typing import Literal

from nightshift.domain.platform.message import Message

Kind = Literal["move", "run", "incident", "review"]


class ActionItem(Message):
    """Something that waits for a person.

    Attributes:
        what: a sentence.
        command: the command that shows it.
        page: path of its page; empty if it has none.
        due_at: when it expires without a decision; None if it does not expire.
    """

    what: str
    command: str
    page: str = ""
    due_at: datetime | None = None


class RunLine(Message):
    """A run, its outcome and the reason. ``ended_at`` is None while the run goes on."""

    run: str
    outcome: str
    reason: str
    started_at: datetime
    ended_at: datetime | None


class MoveLine(Message):
    """A change of the champion alias: ``how`` says what caused it."""

    at: datetime
    version: str
    previous: str | None
    how: str


class IncidentLine(Message):
    """An incident, what was done about it, and how long that took.

    Attributes:
        mitigated_after: from the alert to the first thing that was done; empty if nothing was.
    """

    incident_id: str
    title: str
    category: str
    severity: str
    state: str
    reported: int
    recorded_at: datetime
    done: tuple[str, ...]
    mitigated_after: str


class ReviewLine(Message):
    """A review that was opened or decided, or has expired."""

    review_id: str
    opened_at: datetime
    state: str
    sentence: str


class DeadLetterLine(Message):
    """The newest dead-lettered message of one cause; ``count`` says how many there are."""

    letter_id: str
    queue: str
    reason: str
    state: str
    recorded_at: datetime
    count: int = 1


class ModelReport(Message):
    """What happened to one model (or to ``platform``).

    Attributes:
        champion, rollback_target: now; None if there is none.
        spec_error: why its spec cannot be used; empty if it can.
        checked: whether the registry was read; without it ``champion`` is the recorded one.
    """

    model: str
    champion: str | None = None
    rollback_target: str | None = None
    spec_error: str = ""
    checked: bool = True
    runs: tuple[RunLine, ...] = ()
    moves: tuple[MoveLine, ...] = ()
    incidents: tuple[IncidentLine, ...] = ()
    reviews: tuple[ReviewLine, ...] = ()

    @property
    def lines(self) -> tuple[tuple[Kind, MoveLine | RunLine | IncidentLine | ReviewLine], ...]:
        """All that happened to it in the order of time, each with its kind."""
        told: list[tuple[datetime, Kind, MoveLine | RunLine | IncidentLine | ReviewLine]] = [
            *((move.at, "move", move) for move in self.moves),
            *((run.started_at, "run", run) for run in self.runs),
            *((incident.recorded_at, "incident", incident) for incident in self.incidents),
            *((review.opened_at, "review", review) for review in self.reviews),
        ]
        return tuple((kind, line) for _, kind, line in sorted(told, key=lambda item: item[0]))

    @property
    def quiet(self) -> bool:
        """Whether nothing happened to it."""
        return not (self.runs or self.moves or self.incidents or self.reviews)


class Handover(Message):
    """The report of the shift from ``since`` to ``until``; ``app`` is the address of the app."""

    since: datetime
    until: datetime
    app: str
    needs: tuple[ActionItem, ...]
    models: tuple[ModelReport, ...]
    letters: tuple[DeadLetterLine, ...]

    @property
    def eventful(self) -> tuple[ModelReport, ...]:
        """The models to which something happened."""
        return tuple(model for model in self.models if not model.quiet)

    @property
    def quiet(self) -> tuple[str, ...]:
        """Names of the others."""
        return tuple(model.model for model in self.models if model.quiet)

    @property
    def empty(self) -> bool:
        """Whether nothing happened and nothing waits."""
        return not (self.needs or self.letters or self.eventful)
