"""The commands about improvements: ask for one and follow its run; say what a plan was worth."""

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from nightshift.cli import rendering, run_report
from nightshift.cli.app_client import AppClient, AppRefusedError, app_url
from nightshift.cli.options import DEFAULT_STATE, AsJson, State, an_id
from nightshift.cli.upload_command import await_run, follow
from nightshift.domain.platform.view import FeedbackView, ImprovementView

_BAD_REQUEST = 400


def improve(
    model: Annotated[str, typer.Argument(callback=an_id, help="The model to improve.")],
    comment: Annotated[
        str,
        typer.Option(
            "--comment", help="What to try and why; `try NAME` chooses an allowed action or feature group first."
        ),
    ],
    run: Annotated[str, typer.Option("--run", help="The run whose data is taken; without it, the last.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit 1 unless it promotes.")] = False,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Ask for an improvement: train on a run's data again and, unless that is promoted, try plans within the spec.

    What the loop may do is the section `improvement` of the model's spec. The planner reads the comment.

    A run is improved once: to try again, improve the run that the first order has made.

    Exit 2 if the spec does not allow it.

    Example: nightshift improve revenue_forecast --comment "try comfort" --wait
    """
    console = rendering.make_console()
    began = time.monotonic()

    def report(step: str) -> None:
        if not as_json:
            console.print(f"{time.monotonic() - began:6.1f} s  {step}")

    with AppClient(app_url(state)) as app:
        order = {"comment": comment} | ({"run": run} if run else {})
        try:
            ordered = app.send(f"models/{model}/improvement", order, ImprovementView).value
        except AppRefusedError as error:
            if error.fields.get("status") != _BAD_REQUEST:
                raise
            # As wrong as a wrong option: it cannot be done until somebody changes the spec or the order.
            Console(stderr=True).print(Text(f"error: {error.message}", style="red"), soft_wrap=True)
            raise typer.Exit(2) from error
        started = await_run(app, model, ordered.identity)
        detail = follow(app, started, report) if wait else None
    if as_json:
        rendering.print_json(console, {**ordered.to_json(), "run": started} if detail is None else detail.to_json())
    elif detail is None:
        said = "had been ordered before" if ordered.repeated else "ordered"
        console.print(f"improvement of {ordered.improves} {said}; its run is {started}\n  nightshift show {started}")
    else:
        console.print(run_report.run_report(detail))
    if detail is not None and detail.outcome != "promoted":
        raise typer.Exit(1)


def feedback(
    run: Annotated[str, typer.Argument(callback=an_id, help="The run whose improvement loop had the round.")],
    number: Annotated[int, typer.Option("--round", help="The round, from 1.")],
    helpful: Annotated[bool, typer.Option("--helpful/--unhelpful", help="Whether the plan was a good one.")],
    comment: Annotated[str, typer.Option("--comment", help="Why; it stands with the round's MLflow trace.")],
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Rate the plan of a round: the rating is logged as feedback on the round's MLflow trace.

    Example: nightshift feedback RUN --round 2 --unhelpful --comment "that search was too wide"
    """
    with AppClient(app_url(state)) as app:
        rating = {"helpful": helpful, "comment": comment}
        said = app.send(f"runs/{run}/rounds/{number}/feedback", rating, FeedbackView)
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, said.document)
    else:
        console.print(f"kept with the trace {said.value.trace} of round {number} of {run}")
