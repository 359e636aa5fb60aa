"""Reviews for a terminal: the list, and the packet on one screen."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightshift.cli.rendering import metrics_table, moment, number, plain_table
from nightshift.domain.reviews.packet import ReviewPacket
from nightshift.domain.reviews.review import Review, ReviewState
from nightshift.domain.uploads.dataset import PartReport

_STYLES: dict[ReviewState, str] = {
    "open": "magenta",
    "approved": "cyan",
    "promoted": "green",
    "rejected": "yellow",
    "improving": "cyan",
    "expired": "yellow",
    "void": "red",
    "failed": "red",
}


def reviews_table(reviews: Sequence[Review]) -> RenderableType:
    """The list of reviews."""
    if not reviews:
        return Text("no reviews: nothing waits for a person")
    table = plain_table("review", "model", "state", "opened", "due", "challenger", "why, and what came of it")
    for review in reviews:
        due = moment(review.due_at) if review.state == "open" else "-"
        table.add_row(
            review.review_id,
            review.model,
            Text(review.state, style=_STYLES[review.state]),
            moment(review.opened_at),
            due,
            f"version {review.challenger_version}",
            Text(review.reason if review.decision is None else review.verdict()),
        )
    return table


def packet_report(packet: ReviewPacket) -> RenderableType:
    """Everything that a decision needs."""
    review = packet.review
    parts: list[RenderableType] = [_head(packet)]
    if packet.evidence is not None:
        parts.append(_titled("champion against challenger", metrics_table(packet.evidence)))
    if packet.losing_slices:
        slices = plain_table("slice", "rows", "metric", "champion", "challenger")
        for item in packet.losing_slices:
            name = Text(f"{item.column} = {item.value}")
            slices.add_row(name, str(item.rows), item.metric, number(item.champion), number(item.challenger))
        parts.append(_titled("slices where it loses", slices))
    if packet.drift:
        drift = plain_table("column", "PSI", "p", "meaning")
        for feature in packet.drift:
            drift.add_row(Text(feature.column), number(feature.psi), number(feature.p), feature.meaning)
        parts.append(_titled("feature drift", drift))
    parts.append(_lines("data quality", (_quality(part) for part in packet.data_quality)))
    parts.append(_lines("cost of waiting", packet.cost_of_waiting))
    parts.append(_lines("if nobody answers", packet.if_nobody_answers))
    parts.append(_lines("timeline", (f"{moment(item.at)}  {item.actor}: {item.what}" for item in review.timeline)))
    parts.append(_lines("links", (f"{link.title}: {link.url}" for link in packet.links)))
    parts.append(_lines("not available now", packet.missing))
    if review.state == "open":
        commands = f"nightshift approve|reject|ask-improvement {review.review_id} --comment WHY"
        parts.append(Text(f"\n{commands}", style="bold"))
    return Group(*parts)


def _head(packet: ReviewPacket) -> RenderableType:
    review = packet.review
    champion = f"version {review.champion_version}" if review.champion_version else "none"
    grid = Table.grid(padding=(0, 2))
    grid.add_row("review", review.review_id)
    grid.add_row("model", f"{review.model}: version {review.challenger_version} against champion {champion}")
    grid.add_row("state", Text(review.state, style=_STYLES[review.state]))
    grid.add_row("why", Text(f"rule {review.rule}: {review.reason}"))
    if review.decision is None:
        grid.add_row("due", moment(packet.due_at))
    else:
        grid.add_row("decided", Text(review.verdict()))
        grid.add_row("comment", Text(review.decision.comment or "-"))
    for change in packet.stale:
        grid.add_row("stale", Text(f"{change.sentence()}: an approval now would be void", style="red"))
    grid.add_row("data", Text(packet.data_source))
    grid.add_row("triggered by", Text(", ".join(review.triggered_by) or "nobody known"))
    grid.add_row("run", review.run)
    grid.add_row("evidence", review.evidence_digest[:16])
    return grid


def _quality(part: PartReport) -> str:
    name = part.upload.name.rpartition("/")[2]
    broken = "; ".join(violation.message for violation in part.report.violations)
    return f"{name}: {part.report.rows} rows, {broken or 'no rule broken'}"


def _titled(title: str, shown: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", style="bold"), shown)


def _lines(title: str, lines: Iterable[str]) -> RenderableType:
    said = [Text(f"  {line}") for line in lines]
    return Group(*([Text(f"\n{title}", style="bold"), *said] if said else ()))
