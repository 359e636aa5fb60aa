"""The commands about alerts and incidents: alert, incidents, acknowledge, resolve, undo."""

import json
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from nightshift.cli import incident_report, rendering
from nightshift.cli.app_client import AppClient, app_url
from nightshift.cli.options import DEFAULT_STATE, AsJson, Cursor, Limit, Model, State, an_id
from nightshift.cli.paging import ListOf
from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.view import AlertReceipt, ModelView, UndoView
from nightshift.domain.response.alert import Category, Direction, Severity
from nightshift.domain.response.incident import Incident

# What a category's alert carries if nothing is said: figures that are critical under the default thresholds.
_EXAMPLES: dict[Category, dict[str, Any]] = {
    "degradation": {"metric": "rmse", "value": 2.0, "baseline": 1.0, "title": "The model's error has doubled"},
    "drift": {"metric": "psi", "value": 0.4, "feature": "temp", "title": "The distribution of temp has shifted"},
    "pipeline": {"severity": "critical", "title": "The nightly feature pipeline failed"},
    "budget": {"metric": "spend", "value": 1100.0, "baseline": 1000.0, "title": "The month's budget is spent"},
}
_UNDO_SECONDS = 180

IncidentId = Annotated[
    str, typer.Argument(metavar="INCIDENT", callback=an_id, help="Id of the incident, from `nightshift incidents`.")
]
Comment = Annotated[str, typer.Option("--comment", help="Why; it is kept with the record.")]


def alert(
    category: Annotated[Category | None, typer.Argument(help="degradation, drift, pipeline or budget.")] = None,
    model: Annotated[str | None, typer.Option("--model", callback=an_id, help="The model it is about.")] = None,
    value: Annotated[float | None, typer.Option(help="What was measured.")] = None,
    baseline: Annotated[float | None, typer.Option(help="What the value is compared with.")] = None,
    metric: Annotated[str | None, typer.Option(help="Such as rmse, psi, staleness_days, spend.")] = None,
    direction: Annotated[
        Direction | None, typer.Option(help="Which way a metric of your own is better; known names need none.")
    ] = None,
    severity: Annotated[Severity | None, typer.Option(help="The source's own judgement.")] = None,
    version: Annotated[
        str | None, typer.Option(help="The version it blames; the present champion if not said.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="One line for people.")] = None,
    alert_id: Annotated[str | None, typer.Option("--id", help="Identity; the same id is the same alert.")] = None,
    resolve: Annotated[bool, typer.Option("--resolve", help="Say that the alert with this --id is over.")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", help="Send this JSON document instead, in any schema of docs/alerts.md.")
    ] = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Raise an alert, the way a monitor would: HTTP ingest, Service Bus queue, responder.

    Without figures it sends an example that is critical.

    Example: nightshift alert degradation --model revenue_forecast

    Example: nightshift alert --file alert.json
    """
    if file is not None:
        _refuse_beside_file(
            CATEGORY=category,
            model=model,
            value=value,
            baseline=baseline,
            metric=metric,
            severity=severity,
            version=version,
            title=title,
            id=alert_id,
            resolve=resolve or None,
        )
    with AppClient(app_url(state)) as app:
        if file is not None:
            document = _read(file)
        elif category is None:
            raise BadInputError(field="CATEGORY", value=None, rule="say which, or give --file")
        else:
            if resolve and alert_id is None:
                raise BadInputError(field="--id", value=None, rule="say which alert is over")
            document = alert_document(
                app,
                category,
                model,
                alert_id=alert_id,
                state="resolved" if resolve else "fired",
                model_version=version,
                value=value,
                baseline=baseline,
                metric=metric,
                direction=direction,
                severity=severity,
                title=title,
            )
        taken = app.send("alerts", document, AlertReceipt)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, taken.document)
    elif taken.value.state == "ignored":
        console.print("nothing was sent: the document says that nothing is wrong")
    else:
        console.print(
            f"alert {taken.value.alert_id} is on queue {taken.value.queue}: "
            "`nightshift incidents` says what comes of it"
        )


def alert_document(app: AppClient, category: Category, model: str | None, **given: Any) -> dict[str, Any]:
    """An alert of this category; what is not given (or None) comes from an example that is critical.

    Raises:
        BadInputError: a degradation or a drift without a model.
    """
    if category in {"degradation", "drift"} and model is None:
        raise BadInputError(field="--model", value=None, rule=f"a {category} alert is about a model")
    said = {name: item for name, item in given.items() if item is not None}
    example = dict(_EXAMPLES[category])
    if said.get("state") == "resolved":
        # What fired said what it is about; the example might say something else.
        example = {"title": example["title"]}
    elif {"value", "severity"} & set(said):
        # Figures or a severity of one's own: the example's would only disturb them.
        example = {name: item for name, item in example.items() if name in {"title", "metric"}}
    if category == "degradation" and model is not None and "model_version" not in said:
        said["model_version"] = app.read(f"models/{model}", ModelView).value.champion
    return {
        "alert_id": f"cli-{uuid.uuid4()}",
        "category": category,
        "model": model,
        "source": "nightshift alert",
        "rule": f"cli-{category}",
        "fired_at": datetime.now(UTC).isoformat(),
        **example,
        **said,
    }


def _refuse_beside_file(**given: object) -> None:
    """The document says everything: what else is given would be left out without a word."""
    for name, value in given.items():
        if value is not None:
            field = name if name.isupper() else f"--{name}"
            raise BadInputError(field=field, value=value, rule="leave it out: the document of --file says everything")


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInputError(field="--file", value=str(file), rule=f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInputError(field="--file", value=str(file), rule=f"must be JSON in UTF-8: {error}") from error
    if not isinstance(document, dict):
        raise BadInputError(field="--file", value=str(file), rule="must hold one JSON object")
    return document


def incidents(
    model: Model = None,
    only: Annotated[
        str, typer.Option("--only", help="States, comma-separated: open, acknowledged, mitigated, resolved.")
    ] = "",
    limit: Limit = 20,
    cursor: Cursor = None,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """List the incidents, newest first: what is wrong, how often it was reported, what was done.

    Example: nightshift incidents --only open,acknowledged
    """
    with AppClient(app_url(state)) as app:
        found = app.read("incidents", ListOf[Incident], model=model, state=only or None, limit=limit, cursor=cursor)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found.document)
    else:
        console.print(incident_report.incidents_table(found.value.items))
        rendering.print_more(console, found.document)


def acknowledge(
    incident: IncidentId, comment: Comment = "", as_json: AsJson = False, state: State = DEFAULT_STATE
) -> None:
    """Say that you are working on an incident.

    Example: nightshift acknowledge INCIDENT --comment "I am looking at the pipeline"
    """
    _post(f"incidents/{incident}/acknowledge", comment, as_json=as_json, state=state)


def resolve(incident: IncidentId, comment: Comment = "", as_json: AsJson = False, state: State = DEFAULT_STATE) -> None:
    """Close an incident; what waited for it goes on.

    Example: nightshift resolve INCIDENT --comment "the pipeline runs again"
    """
    _post(f"incidents/{incident}/resolve", comment, as_json=as_json, state=state)


def _post(path: str, comment: str, *, as_json: bool, state: Path) -> None:
    with AppClient(app_url(state)) as app:
        found = app.send(path, {"comment": comment}, Incident)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, found.document)
    else:
        console.print(incident_report.incidents_table([found.value]))


def undo(
    incident: IncidentId,
    comment: Annotated[str, typer.Option("--comment", help="Why; it goes into the ledger.")],
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Take back what was done about an incident, as far as it changed something. Exit 1 if nothing was taken back.

    Example: nightshift undo INCIDENT --comment "the alert came from a broken monitor"
    """
    with AppClient(app_url(state)) as app:
        app.send(f"incidents/{incident}/undo", {"comment": comment}, UndoView)
        result = await_undo(app, incident)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, result)
    else:
        for line in result.get("undone", []):
            console.print(f"undone: {line}")
        for line in result.get("refused", []):
            console.print(f"not undone: {line}", style="yellow")
    if result.get("failure") or not result.get("undone"):
        raise typer.Exit(1)


def await_undo(app: AppClient, incident: str) -> dict[str, Any]:
    """Wait for an undo to end; return what it took back."""
    deadline = time.monotonic() + _UNDO_SECONDS
    while time.monotonic() < deadline:
        result = app.read(f"incidents/{incident}/undo", UndoView).value.result
        if result is not None:
            return result
        time.sleep(0.2)
    raise NightshiftError(f"the undo of {incident} goes on: `nightshift show {incident}` says where it is")
