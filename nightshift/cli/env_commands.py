"""The commands about deployed environments: env add, env list, env check."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from nightshift.cli import rendering
from nightshift.cli.options import ROOT, AsJson
from nightshift.cli.suggesting import SuggestingGroup
from nightshift.delivery.checkout import checkout_needed, in_checkout
from nightshift.delivery.command import run
from nightshift.delivery.environment import Environment, EnvironmentFolder
from nightshift.delivery.hand_steps import examine
from nightshift.domain.platform.errors import BadInputError

env = typer.Typer(
    cls=SuggestingGroup,
    no_args_is_help=True,
    help="The deployed environments that are known here.\n\nExample: nightshift env list",
)


@env.command()
def add(
    name: Annotated[str, typer.Argument(help="dev, qa or prod: as its tfvars file says.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="What `terraform output -json` wrote; asks Terraform itself if not given."),
    ] = None,
) -> None:
    """Keep where an environment is, as Terraform has made it. `nightshift --env NAME` then speaks to it.

    Example: nightshift env add dev
    """
    if source is None:
        if not in_checkout():
            raise checkout_needed("`nightshift env add` without --from")
        folder = ROOT / "terraform"
        text = run("terraform", f"-chdir={folder}", "output", "-json", "environment").decode()
        where = f"terraform output in {folder}"
    else:
        text, where = _read(source), str(source)
    path = EnvironmentFolder.default().add(Environment.parse(name, text, where))
    console = rendering.make_console()
    console.print(f"kept in {path}; it holds no secret, and a team may commit it\n  nightshift --env {name} doctor")


def _read(source: Path) -> str:
    try:
        return source.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInputError(field="--from", value=str(source), rule=f"cannot be read: {error.strerror}") from error


@env.command("list")
def list_environments(as_json: AsJson = False) -> None:
    """List the environments that are known here.

    Example: nightshift env list
    """
    folder = EnvironmentFolder.default()
    found = [folder.get(name) for name in folder.names()]
    console = rendering.make_console()
    if as_json:
        rendering.print_json(console, {"items": [item.to_json() for item in found]})
        return
    table = rendering.plain_table("environment", "app", "resource group")
    for item in found:
        table.add_row(item.name, item.app_url, item.resource_group)
    console.print(table)


@env.command()
def check(
    name: Annotated[str, typer.Argument(help="dev, qa or prod: as `nightshift env list` names it.")],
    as_json: AsJson = False,
) -> None:
    """Report which steps by hand are missing, with the command for each. Exit 1 if one is missing or unknown.

    Example: nightshift env check dev
    """
    if not in_checkout():
        raise checkout_needed("`nightshift env check`")
    console = rendering.make_console()
    findings = list(examine(EnvironmentFolder.default().get(name)))
    undone = any(finding.state in {"missing", "unknown"} for finding in findings)
    if as_json:
        steps = [
            {"id": item.step.id, "state": item.state, "detail": item.detail, "mend": item.mend} for item in findings
        ]
        rendering.print_json(console, {"environment": name, "ok": not undone, "steps": steps})
    else:
        table = rendering.plain_table("step", "state", "what", "what to do")
        for item in findings:
            table.add_row(item.step.id, item.state, Text(item.detail or item.step.what), Text(item.mend))
        console.print(table)
    if undone:
        raise typer.Exit(1)
