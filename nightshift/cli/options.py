"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

STATE_VARIABLE = "NIGHTSHIFT_STATE"
State = Annotated[Path, typer.Option("--state", envvar=STATE_VARIABLE, help="State folder of the local stack.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Model = Annotated[str | None, typer.Option("--model", help="Only of this model.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")]
Cursor = Annotated[str | None, typer.Option("--cursor", help="The page behind, as the last line of a page names it.")]

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_STATE = Path(".nightshift/state")
