"""The commands that read: runs, show, explain, models, ledger."""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from nightshift.cli import incident_report, ledger_report, rendering, run_report
from nightshift.cli.app_client import Answer, AppClient, AppRefusedError, app_url
from nightshift.cli.ledger_verification import verify_ledger
from nightshift.cli.options import DEFAULT_STATE, AsJson, Cursor, Limit, Model, State, an_id
from nightshift.cli.paging import ListOf
from nightshift.domain.ledger.ledger import LedgerEntry
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.view import Explanation, IncidentView, InFlight, ModelView, RunDetail, RunSummary


def runs(
    model: Model = None,
    outcome: Annotated[
        str | None,
        typer.Option(help="Filter by outcome: promoted, rejected, flagged, halted, failed, terminated."),
    ] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """List the runs, newest first.

    Example: nightshift runs --model revenue_forecast --outcome rejected
    """
    with _app(state) as app:
        found = app.read("runs", ListOf[RunSummary], model=model, outcome=outcome, limit=limit, cursor=cursor)
    _show(found.document, run_report.runs_table(found.value.items), as_json=as_json)


def in_flight(as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """List the orchestrations that have not ended, by name and version: what a deployment meets.

    Example: nightshift --env dev in-flight
    """
    with _app(state) as app:
        found = app.read("orchestrations", ListOf[InFlight])
    _show(found.document, run_report.in_flight_table(found.value.items), as_json=as_json)


def show(
    what: Annotated[
        str, typer.Argument(metavar="RUN|INCIDENT", callback=an_id, help="As `runs` or `incidents` names it.")
    ],
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Show a run or an incident: each step, when it was, what it brought.

    Example: nightshift show lifecycle-revenue_forecast-1816f56335497ab4
    """
    with _app(state) as app:
        if RunId.parse(what):
            run = app.read(f"runs/{what}", RunDetail)
            document, shown = run.document, run_report.run_report(run.value)
        else:
            incident = _incident(app, what)
            document, shown = incident.document, incident_report.incident_report(incident.value)
    _show(document, shown, as_json=as_json)


def explain(
    what: Annotated[
        str, typer.Argument(metavar="RUN|INCIDENT", callback=an_id, help="As `runs` or `incidents` names it.")
    ],
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Show why something was done: the decision, its rule and its evidence, from the ledger.

    Example: nightshift explain lifecycle-revenue_forecast-1816f56335497ab4
    """
    with _app(state) as app:
        if RunId.parse(what):
            found = app.read(f"runs/{what}/explanation", Explanation)
            document, explanation = found.document, found.value
        else:
            view = _incident(app, what)
            model = view.value.incident.model
            document = {"run": what, "model": model, "entries": view.document["entries"]}
            explanation = Explanation(run=what, model=model, entries=view.value.entries)
    _show(document, ledger_report.explanation_report(explanation), as_json=as_json)


def _incident(app: AppClient, name: str) -> Answer[IncidentView]:
    """What is no run's name may be an incident's, or neither."""
    try:
        return app.read(f"incidents/{name}", IncidentView)
    except AppRefusedError as error:
        if error.fields.get("status") != HTTPStatus.NOT_FOUND:
            raise
        message = f"No such run or incident: {name!r}; `nightshift runs` and `nightshift incidents` list them"
        raise AppRefusedError(message, status=HTTPStatus.NOT_FOUND) from error


def models(
    model: Annotated[str | None, typer.Argument(callback=an_id, help="This model, with its versions.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Champion, rollback target and versions at this time, such as 2026-11-01T03:00Z.")
    ] = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """List the models: champion now or at a given time, rollback target; with a name, all its versions.

    Example: nightshift models revenue_forecast --at 2026-11-01T03:00Z
    """
    with _app(state) as app:
        if model is None:
            found = app.read("models", ListOf[ModelView], at=at)
            document, shown = found.document, rendering.models_table(found.value.items)
        else:
            view = app.read(f"models/{model}", ModelView, at=at)
            document, shown = {"items": [view.document]}, rendering.models_report([view.value])
    _show(document, shown, as_json=as_json)


def ledger(
    verify: Annotated[bool, typer.Option("--verify", help="Check every hash; exit 1 if a chain is broken.")] = False,
    model: Model = None,
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Show the decision ledger, newest first, or verify its hash chains.

    Example: nightshift ledger --verify
    """
    with _app(state) as app:
        if not verify:
            found = app.read("ledger", ListOf[LedgerEntry], model=model, limit=limit, cursor=cursor)
            _show(found.document, ledger_report.ledger_table(list(found.value.items)), as_json=as_json)
            return
        with rendering.progress(shown=not as_json) as tell:
            checks = verify_ledger(app, model, tell)
    verified = {"items": [check.to_json() for check in checks], "next": None}
    _show(verified, ledger_report.checks_table(checks), as_json=as_json)
    if any(check.fault for check in checks):
        raise typer.Exit(1)


def _app(state: Path) -> AppClient:
    return AppClient(app_url(state))


def _show(found: dict[str, Any], shown: RenderableType, *, as_json: bool) -> None:
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found)
    else:
        console.print(shown)
        rendering.print_more(console, found)
