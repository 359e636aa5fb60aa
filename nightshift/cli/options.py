"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

STATE_VARIABLE = "NIGHTSHIFT_STATE"
State = Annotated[Path, typer.Option("--state", envvar=STATE_VARIABLE, help="State folder of the local stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Model = Annotated[str | None, typer.Option("--model", help="Only of this model.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Maximum number of items.")]
Cursor = Annotated[
    str | None, typer.Option("--cursor", help="Cursor of the next page; the last line of a list prints it.")
]

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_STATE = Path(".nightshift/state")
