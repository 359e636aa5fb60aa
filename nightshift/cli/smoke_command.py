"""The command that proves a deployment: smoke."""

import os
import time
from typing import Annotated

import typer

from nightshift.cli import rendering
from nightshift.cli.app_client import AppClient, app_url
from nightshift.cli.options import DEFAULT_STATE, AsJson, State
from nightshift.cli.smoke import Smoke
from nightshift.domain.platform.errors import NightshiftError


def smoke(
    env: Annotated[str | None, typer.Option("--env", help="The environment, as before the command.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="Longest wait for the verdict.")] = 60,
    version: Annotated[str, typer.Option("--version", help="Package version that the app must report.")] = "",
    as_json: AsJson = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Prove that a deployment works: version, upload, verdict, alert, incident; clean up. Exit 1 if a step fails.

    Example: nightshift --env dev smoke --minutes 30
    """
    if env is not None:
        os.environ["NIGHTSHIFT_ENV"] = env
    console = rendering.make_console()
    began = time.monotonic()

    def say(step: str, detail: str) -> None:
        if not as_json:
            console.print(f"{time.monotonic() - began:6.1f} s  {step:<9} {detail}", markup=False, highlight=False)

    failure: NightshiftError | None = None
    with AppClient(app_url(state)) as app:
        test = Smoke(app, state, say, timeout=minutes * 60, version=version)
        try:
            test.run()
        except NightshiftError as error:
            failure = error
    if as_json:
        rendering.print_json(
            console, {"ok": failure is None, "failure": str(failure) if failure else None, "steps": test.report}
        )
    elif failure is None:
        console.print("all is well", style="green")
    else:
        console.print(f"failed: {failure}", style="red", markup=False)
    if failure is not None:
        raise typer.Exit(1)
