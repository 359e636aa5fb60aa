"""``nightshift dlq``: what could not be handled and why; send it again, or say that it needs nothing more."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from nightshift.cli import rendering
from nightshift.cli.app_client import AppClient, app_url
from nightshift.cli.options import DEFAULT_STATE, AsJson, Cursor, Limit, State, an_id
from nightshift.cli.paging import every
from nightshift.cli.suggesting import SuggestingGroup
from nightshift.domain.dead_letters.dead_letter import DeadLetter, RedrivePlan
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.paging import Position

dlq = typer.Typer(
    cls=SuggestingGroup,
    no_args_is_help=True,
    help="Dead letters, the messages that could not be handled: list, show, redrive or discard them.\n\n"
    "Example: nightshift dlq list",
)

DeadLetterId = Annotated[
    str, typer.Argument(metavar="LETTER", callback=an_id, help="Id of the dead letter, from `nightshift dlq list`.")
]
Filter = Annotated[
    list[str] | None,
    typer.Option("--filter", help="queue=NAME or reason=TEXT; all that match. May be given more than once."),
]
_FILTERS = ("queue", "reason")


@dlq.command("list")
def list_(
    filter_: Filter = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was redriven or discarded.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """List the dead letters that wait, newest first, with their reason.

    Example: nightshift dlq list --filter queue=drift-alerts
    """
    with AppClient(app_url(state)) as app:
        found = _matching(app, filter_ or [], limit + 1, None if everything else "waiting", cursor)
    dead_letters = found[:limit]
    following = _position(dead_letters[-1]).cursor() if len(found) > limit else None
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, {"items": [item.to_json() for item in dead_letters], "next": following})
        return
    table = rendering.plain_table("letter", "queue", "dead since", "state", "tries", "reason")
    for dead_letter in dead_letters:
        when = rendering.moment(dead_letter.recorded_at)
        tries = str(dead_letter.delivery_count)
        row = (dead_letter.letter_id, dead_letter.queue, when, dead_letter.state, tries)
        table.add_row(*row, Text(dead_letter.reason))
    console.print(table if dead_letters else "no dead letters")
    rendering.print_more(console, {"next": following})


@dlq.command()
def show(letter: DeadLetterId, as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Show one dead letter: its body, properties, reason and history.

    Example: nightshift dlq show LETTER
    """
    with AppClient(app_url(state)) as app:
        found = app.read(f"dead-letters/{letter}", DeadLetter)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found.document)
        return
    read = found.value
    console.print(f"dead letter {read.letter_id} of {read.queue}: {read.state}", style="bold")
    put_aside = f"Service Bus says: {read.broker_reason}" if read.broker_reason else "put aside by the app"
    console.print(Text(f"reason: {read.reason}\n{put_aside}, after {read.delivery_count} deliveries"))
    console.print(Text(f"message id {read.message_id}, first queued {rendering.moment(read.enqueued_at)}"))
    for line in read.history:
        console.print(Text(line))
    console.print(Text(f"body ({read.encoding}, sha256 {read.body_digest}):\n{read.body}"))


@dlq.command()
def redrive(
    letter: Annotated[
        str | None, typer.Argument(metavar="LETTER", callback=an_id, help="Id of one dead letter; or use --filter.")
    ] = None,
    filter_: Filter = None,
    body: Annotated[
        Path | None, typer.Option("--body", help="Send this corrected message instead; only for one dead letter.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Send the dead letters that would be understood now to their queue again. Exit 1 if one would not be.

    Example: nightshift dlq redrive --filter queue=drift-alerts --dry-run

    Example: nightshift dlq redrive LETTER --body fixed.json --yes
    """
    if (letter is None) == (not filter_):
        raise BadInputError(field="LETTER", value=letter, rule="name one dead letter or give --filter, not both")
    if body is not None and letter is None:
        raise BadInputError(field="--body", value=str(body), rule="corrects one dead letter: name it")
    console = rendering.make_console()
    with AppClient(app_url(state)) as app:
        names = [letter] if letter is not None else _waiting(app, filter_ or [])
        asked = {} if body is None else {"body": _read(body)}
        plans = [_redrive(app, name, {**asked, "dry_run": True}) for name in names]
        if not dry_run:
            ready = [plan for plan in plans if plan.handled]
            if not as_json:
                console.print(_table(plans))
            if ready and not yes and not typer.confirm(f"send {len(ready)} of {len(plans)}?"):
                raise typer.Exit(1)
            sent = {plan.letter_id: _redrive(app, plan.letter_id, {**asked, "dry_run": False}) for plan in ready}
            plans = [sent.get(plan.letter_id, plan) for plan in plans]
    if as_json:
        rendering.print_json(console, {"items": [plan.to_json() for plan in plans]})
    elif dry_run:
        console.print(_table(plans))
    else:
        # What would not be understood stands in the table above.
        console.print(f"sent {sum(plan.sent for plan in plans)} of {len(plans)}")
    if any(not plan.handled for plan in plans):
        raise typer.Exit(1)


@dlq.command()
def discard(
    letter: DeadLetterId,
    comment: Annotated[str, typer.Option("--comment", help="Why; it stays with the record.")],
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Close a dead letter without resending it. It stays on record.

    Example: nightshift dlq discard LETTER --comment "a test message"
    """
    with AppClient(app_url(state)) as app:
        found = app.send(f"dead-letters/{letter}/discard", {"comment": comment}, DeadLetter)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found.document)
    else:
        console.print(f"dead letter {letter} is {found.value.state}")


def _position(dead_letter: DeadLetter) -> Position:
    return Position(at=dead_letter.recorded_at, identity=dead_letter.letter_id)


def _waiting(app: AppClient, filters: list[str]) -> list[str]:
    return [item.letter_id for item in _matching(app, filters, 1000, "waiting")]


def _matching(
    app: AppClient, filters: list[str], limit: int, state: str | None, after: str | None = None
) -> list[DeadLetter]:
    wanted: dict[str, str] = {}
    for item in filters:
        name, separator, value = item.partition("=")
        if not separator or name not in _FILTERS:
            raise BadInputError(field="--filter", value=item, rule=f"must be NAME=TEXT with a name of {_FILTERS}")
        wanted[name] = value
    found = every(app, "dead-letters", DeadLetter, after, queue=wanted.get("queue"), state=state)
    return list(islice((item for item in found if wanted.get("reason", "").lower() in item.reason.lower()), limit))


def _redrive(app: AppClient, letter: str, asked: dict[str, Any]) -> RedrivePlan:
    return app.send(f"dead-letters/{letter}/redrive", asked, RedrivePlan).value


def _table(plans: list[RedrivePlan]) -> Any:
    table = rendering.plain_table("letter", "to queue", "as message", "would be understood", "sent")
    for plan in plans:
        understood = Text("yes", style="green") if plan.handled else Text(f"no: {plan.problem}", style="red")
        sent = "yes" if plan.sent else "no"
        table.add_row(plan.letter_id, plan.queue, plan.message_id, understood, sent)
    return table if plans else "no dead letters match"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(field="--body", value=str(file), rule=f"must be a text file in UTF-8: {error}") from error
