"""Options that several commands share."""

import re
from pathlib import Path
from typing import Annotated

import typer

from nightshift.domain.platform.errors import BadInputError

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

# What the API takes as an id or a name in a path, except "." and "..", which would be another path.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:@ +-]{1,256}")
_SHOWN = 80


def an_id(given: typer.CallbackParam, value: str | None) -> str | None:
    """The callback of every argument and option that names one thing to the app: what can be no id is refused here.

    Raises:
        BadInputError: it is empty, or holds what would make another address of it.
    """
    if value is None or _ID.fullmatch(value):
        return value
    field = given.opts[0] if given.param_type_name == "option" else given.metavar or str(given.name).upper()
    rule = "must be an id or a name: 1 to 256 letters, digits and any of . _ : @ + -"
    raise BadInputError(field=field, value=value[:_SHOWN], rule=rule)
