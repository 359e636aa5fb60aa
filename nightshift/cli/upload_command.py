"""The command that uploads a dataset, and follows its run."""

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from nightshift.cli import rendering, run_report
from nightshift.cli.app_client import (
    AppClient,
    AppRefusedError,
    AppUnreachableError,
    app_url,
    chosen_environment,
    local_endpoints,
)
from nightshift.cli.options import DEFAULT_STATE, ROOT, AsJson, State
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.identity import MODEL_NAME, short
from nightshift.domain.platform.names import BRONZE, UPLOADED_BY
from nightshift.domain.platform.ports import BlobStore
from nightshift.domain.platform.view import RunDetail, UploadView
from nightshift.domain.uploads.upload import BlobRef, passed_over
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from nightshift.wiring.signed_in import signed_in_blobs

_NO_UPLOAD = "none"  # what no upload is called: an identity is hexadecimal
_NOT_FOUND = 404
ENDED = frozenset({"completed", "failed", "terminated"})


def upload(
    model: Annotated[str, typer.Argument(help="The model's name, which is the folder the file goes to.")],
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    source: Annotated[str, typer.Option(help="Where the data comes from; the run records it.")] = "unstated",
    by: Annotated[
        str, typer.Option("--by", help="You, as you sign in: under four eyes you cannot approve what comes of it.")
    ] = "",
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Follow the run to its end; exit 1 if it halts, fails or leaves the file out."),
    ] = False,
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Upload a dataset: a retraining starts by itself.

    Example: nightshift upload revenue_forecast sales.csv --source "cash registers, October" --wait
    """
    console = rendering.make_console()
    check_arguments(model, file)
    with AppClient(app_url(state)) as app:
        refuse_unknown_model(app, model)
    identity, name = put(model, file, source, state, by=by)
    began = time.monotonic()

    def report(step: str) -> None:
        if not as_json:
            console.print(f"{time.monotonic() - began:6.1f} s  {step}")

    # It is up, whatever the app answers now.
    report(f"uploaded as {name}")
    with AppClient(app_url(state)) as app:
        run = await_run(app, model, identity)
        detail = follow(app, run, report) if wait else None
    if as_json:
        rendering.print_json(console, {"run": run} if detail is None else detail.to_json())
    elif detail is None:
        console.print(f"uploaded; its run is {run}\n  nightshift show {run}")
    else:
        console.print(run_report.run_report(detail))
    if detail is None:
        return
    outcome = RunOutcome.from_json(detail.output) if detail.output else None
    if outcome is None or outcome.decision is None:
        raise typer.Exit(1)
    if name in outcome.refused:
        console.print(f"{name} was left out of this run: `nightshift incidents` says why", style="red")
        raise typer.Exit(1)


def check_arguments(model: str, file: Path) -> None:
    """Refuse what needs no app to be seen as wrong.

    Raises:
        BadInputError: there is no such file, or no model can have this name.
    """
    if not re.fullmatch(MODEL_NAME, model):
        raise BadInputError(field="MODEL", value=model, rule=f"must match {MODEL_NAME}")
    if not file.is_file():
        raise BadInputError(field="FILE", value=str(file), rule="must be a file")


def refuse_unknown_model(app: AppClient, model: str) -> None:
    """Ask the app for the model before anything is uploaded; an app that does not answer now takes the upload later.

    Raises:
        AppRefusedError: no spec has this name; names the models that there are.
    """
    with suppress(AppUnreachableError):
        app.read(f"uploads/{model}/{_NO_UPLOAD}", UploadView)


class Put(NamedTuple):
    """What was uploaded: its identity, and the blob's name."""

    identity: str
    name: str


def put(model: str, file: Path, source: str, state: Path, *, by: str = "") -> Put:
    """Put a file into the model's folder of the container ``bronze``.

    Raises:
        BadInputError: there is no such file, or no model can have this name.
    """
    check_arguments(model, file)
    blobs = blobs_of(state)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    blob = BlobRef(container=BRONZE, name=f"{model}/{stamp}-{file.name}")
    if reason := passed_over(blob.name, file.stat().st_size):
        raise BadInputError(field="FILE", value=file.name, rule=f"would start no run: {reason}")
    etag = blobs.upload(blob, file, metadata={"data_source": source} | ({UPLOADED_BY: by} if by else {}))
    return Put(short(blobs.url(blob), etag), blob.name)


def blobs_of(state: Path) -> BlobStore:
    """The storage of the environment of ``--env``, with the identity that has signed in, or that of the local stack."""
    environment = chosen_environment()
    if environment is not None:
        return signed_in_blobs(environment.blob_endpoint)
    settings = dict(os.environ)
    if not os.environ.get("NIGHTSHIFT_URL"):
        settings |= local_endpoints(state).environment()
    return LazyServices(read_settings(settings, ROOT)).blobs


def await_run(app: AppClient, model: str, identity: str, seconds: float = 60) -> str:
    """Wait until an upload has a run; while another run of the model goes on, that is not at once.

    Raises:
        AppRefusedError: it has none yet; it waits for its turn and is not lost.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            run = app.read(f"uploads/{model}/{identity}", UploadView).value.run
        except AppRefusedError as error:
            # A folder of no model: its run halts, and says so.
            if error.fields.get("status") != _NOT_FOUND:
                raise
            run = None
        if run is not None:
            return run
        time.sleep(0.2)
    raise AppRefusedError(f"the upload {identity} of {model} waits for its turn; `nightshift runs` will show its run")


def follow(app: AppClient, run: str, report: Callable[[str], None], seconds: float = 3600) -> RunDetail:
    """Follow a run to its end, and report each new step."""
    started = time.monotonic()
    reported: str = ""
    while True:
        detail = found_run(app, run)
        if detail.state in ENDED:
            return detail
        if detail.step and detail.step != reported:
            reported = detail.step
            report(reported)
        if time.monotonic() - started > seconds:
            raise AppRefusedError(f"{run} is still {detail.state} after {seconds:.0f} s; `nightshift show {run}`")
        time.sleep(0.3)


def found_run(app: AppClient, run: str) -> RunDetail:
    """The run, which the queue may have claimed a moment before its orchestration exists."""
    for _ in range(50):
        try:
            return app.read(f"runs/{run}", RunDetail).value
        except AppRefusedError as error:
            if error.fields.get("status") != 404:
                raise
            time.sleep(0.1)
    return app.read(f"runs/{run}", RunDetail).value
