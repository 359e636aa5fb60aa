"""What the pages show, as values; who reads them is in the modules beside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import Round
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.view import IncidentView, RunDetail, RunSummary, UndoView
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.packet import Link, ReviewPacket
from nightshift.domain.uploads.dataset import PartReport


@dataclass(frozen=True)
class OpenReview:
    """A flagged promotion that waits for a person; ``left`` until it expires."""

    review_id: str
    model: str
    challenger: str
    reason: str
    due_at: datetime
    left: timedelta


@dataclass(frozen=True)
class DeadLetterGroup:
    """Dead-lettered messages of one queue that wait for a person: how many, and why the newest was not handled."""

    queue: str
    count: int
    reason: str


@dataclass(frozen=True)
class ModelState:
    """One model in one line.

    Attributes:
        since: when the champion became it; None if that is not on record.
        rollback: the version that a rollback would bring back; None if there is none that may.
        last_run: the newest, ended or not; None if there was none, or if Durable does not know it any more.
        trouble: why something is missing here; empty if nothing is.
        experiment: address of its experiment in MLflow; empty if there is none.
        unknown_run: id of the newest run if Durable does not know it any more; else empty.
        checked: whether MLflow was read; without it ``champion`` is the recorded one and ``rollback`` says nothing.
    """

    model: str
    champion: str | None = None
    since: datetime | None = None
    rollback: str | None = None
    last_run: RunSummary | None = None
    signals: int = 0
    trouble: str = ""
    experiment: str = ""
    unknown_run: str = ""
    checked: bool = True


@dataclass(frozen=True)
class StoryEntry:
    """One thing that happened at night. ``tone`` is ``good``, ``bad`` or empty."""

    at: datetime
    model: str
    what: str
    path: str = ""
    tone: str = ""


@dataclass(frozen=True)
class FrontView:
    """What needs a person now, the state of each model, and the last night.

    Attributes:
        incidents: the most urgent; ``more_incidents`` counts those that are left out.
        trouble: what could not be read, as sentences.
        left_out: how many entries of the story are older than those shown.
    """

    template: ClassVar[str] = "front.html.j2"
    now: datetime
    since: datetime
    reviews: tuple[OpenReview, ...]
    incidents: tuple[Incident, ...]
    more_incidents: int
    models: tuple[ModelState, ...]
    story: tuple[StoryEntry, ...]
    left_out: int
    links: tuple[Link, ...]
    trouble: tuple[str, ...] = ()
    letters: tuple[DeadLetterGroup, ...] = ()

    @property
    def waiting(self) -> int:
        """How many things wait for a person."""
        dead_letters = sum(item.count for item in self.letters)
        return len(self.reviews) + len(self.incidents) + self.more_incidents + dead_letters


@dataclass(frozen=True)
class LiveView(FrontView):
    """The part of the front page that is read again and again."""

    template: ClassVar[str] = "live.html.j2"


@dataclass(frozen=True)
class Bar:
    """One interval on the chart's axis: by how many percent of the champion's value the challenger is better.

    Attributes:
        value: by the two values; ``low`` and ``high`` bound the interval. Below zero is worse.
    """

    name: str
    value: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True)
class ReviewView:
    """A review packet on one screen.

    Attributes:
        refusal: why what was sent just now was not taken; empty if nothing was.
        comment: as it was sent, to be mended.
    """

    template: ClassVar[str] = "review.html.j2"
    packet: ReviewPacket
    now: datetime
    bars: tuple[Bar, ...]
    may_decide: bool
    refusal: str = ""
    comment: str = ""


@dataclass(frozen=True)
class RunView:
    """A run from its first step to its outcome, and why it ended so.

    Attributes:
        trouble: why links are missing; empty if none is.
        decision: about its challenger; None if there was none.
        evidence: of its last evaluation; ``bars`` draw it. None before one.
        parts: reports of its files.
        rounds: of its improvement loop.
    """

    template: ClassVar[str] = "run.html.j2"
    run: RunDetail
    links: tuple[Link, ...]
    review_id: str = ""
    trouble: str = ""
    decision: Decision | None = None
    evidence: Evidence | None = None
    bars: tuple[Bar, ...] = ()
    parts: tuple[PartReport, ...] = ()
    rounds: tuple[Round, ...] = ()

    @property
    def why(self) -> str:
        """The reason; of a run whose files broke rules its first line, since the rules are listed by themselves."""
        broken = any(part.report.violations for part in self.parts)
        return self.run.reason.partition("\n")[0] if self.run.outcome == "halted" and broken else self.run.reason


@dataclass(frozen=True)
class RunListView:
    """Runs, newest first; ``next`` is the cursor of the page behind, ``model`` the one that was chosen, if any."""

    template: ClassVar[str] = "runs.html.j2"
    runs: tuple[RunSummary, ...]
    next: str | None
    model: str = ""


@dataclass(frozen=True)
class IncidentPageView:
    """An incident, its alerts, what was done, and where an undo has got to."""

    template: ClassVar[str] = "incident.html.j2"
    found: IncidentView
    undo: UndoView | None
    undoable: bool
    allowed: frozenset[str]
    may_act: bool
    may_undo: bool
    refusal: str = ""
    comment: str = ""


@dataclass(frozen=True)
class MessagePage:
    """A page that only says something: not found, not allowed, not signed in, failed."""

    template: ClassVar[str] = "message.html.j2"
    title: str
    text: str
    sign_in: bool = False
