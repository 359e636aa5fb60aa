"""The commands about flagged promotions: reviews, review, approve, reject, ask-improvement."""

import time
from pathlib import Path
from typing import Annotated

import typer

from nightshift.cli import rendering, review_report
from nightshift.cli.app_client import AppClient, app_url
from nightshift.cli.options import DEFAULT_STATE, AsJson, Cursor, Limit, Model, State, an_id
from nightshift.cli.paging import ListOf
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.reviews.packet import ReviewPacket
from nightshift.domain.reviews.review import Choice, Review

# An approval with a serving endpoint takes as long as the endpoint's update.
_SECONDS = 180

ReviewId = Annotated[
    str, typer.Argument(metavar="REVIEW", callback=an_id, help="Id of the review, from `nightshift reviews`.")
]
Comment = Annotated[str, typer.Option("--comment", help="Why; it goes into the ledger.")]


def reviews(
    model: Model = None,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            help="States, comma-separated: open, approved, promoted, rejected, improving, expired, void, failed.",
        ),
    ] = "",
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """List the flagged promotions, newest first: what waits for a person, and what came of the others.

    Example: nightshift reviews --only open
    """
    with AppClient(app_url(state)) as app:
        found = app.read("reviews", ListOf[Review], model=model, state=only or None, limit=limit, cursor=cursor)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found.document)
    else:
        console.print(review_report.reviews_table(found.value.items))
        rendering.print_more(console, found.document)


def review(review: ReviewId, as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Show all that a decision needs: figures, slices, drift, data quality, cost of waiting, what happens when.

    Example: nightshift review REVIEW
    """
    with AppClient(app_url(state)) as app:
        found = app.read(f"reviews/{review}", ReviewPacket)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found.document)
    else:
        console.print(review_report.packet_report(found.value))


def approve(review: ReviewId, comment: Comment, as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Promote the challenger, if what you approve is still what was evaluated; exit 1 if it was not promoted.

    Example: nightshift approve REVIEW --comment "the hole in the data is known"
    """
    closed = _decide(review, "approve", comment, as_json=as_json, state=state)
    if closed.state != "promoted":
        raise typer.Exit(1)


def reject(review: ReviewId, comment: Comment, as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Close the review for good: the champion stays.

    Example: nightshift reject REVIEW --comment "the loss on holidays costs more"
    """
    _decide(review, "reject", comment, as_json=as_json, state=state)


def ask_improvement(review: ReviewId, comment: Comment, as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Keep the champion for now and start the improvement loop, which reads the comment. Exit 1 if it did not start.

    Example: nightshift ask-improvement REVIEW --comment "try comfort"
    """
    closed = _decide(review, "improve", comment, as_json=as_json, state=state)
    if closed.state != "improving":
        raise typer.Exit(1)


def _decide(review: str, choice: Choice, comment: str, *, as_json: bool, state: Path) -> Review:
    with AppClient(app_url(state)) as app:
        app.send(f"reviews/{review}/decision", {"decision": choice, "comment": comment}, Review)
        closed = await_closed(app, review)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, closed.to_json())
    else:
        console.print(closed.verdict(), markup=False)
    return closed


def await_closed(app: AppClient, review: str, seconds: float = _SECONDS) -> Review:
    """Wait until a decided review has been acted on.

    Raises:
        NightshiftError: it takes longer; it goes on.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = app.read(f"reviews/{review}", ReviewPacket).value.review
        if found.settled:
            return found
        time.sleep(0.3)
    raise NightshiftError(f"the decision about {review} is being acted on: `nightshift review {review}` says how far")
