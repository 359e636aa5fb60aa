"""The commands about model specs: check them, draft one from a file, print their JSON schema."""

import json
import os
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from nightshift.cli import rendering
from nightshift.cli.finding import Finding
from nightshift.cli.options import ROOT, AsJson
from nightshift.cli.suggesting import SuggestingGroup
from nightshift.delivery.checkout import in_checkout
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.identity import MODEL_NAME
from nightshift.domain.platform.spec import ModelSpec
from nightshift.wiring.spec_checks import check_specs

SCHEMA_FILE = "spec.schema.json"

spec = typer.Typer(
    cls=SuggestingGroup,
    no_args_is_help=True,
    help="Check model specs, draft one from a file, print their JSON schema.\n\nExample: nightshift spec check",
)


def specs_folder() -> Path:
    """Where the local stack reads its specs; without a checkout, below the folder that the command was called in."""
    return (ROOT if in_checkout() else Path.cwd()) / os.environ.get("NIGHTSHIFT_MODEL_SPECS", "model_specs")


@spec.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Spec files; all of model_specs if not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check model specs: every problem with its field, value and rule. Exit 1 if a spec has one.

    Example: nightshift spec check model_specs/revenue_forecast.yaml
    """
    paths = files or spec_paths(specs_folder())
    if not paths:
        raise BadInputError(field="FILE", value=str(specs_folder()), rule="holds no model spec: name the files")
    for path in paths:
        if not path.is_file():
            raise BadInputError(field="FILE", value=str(path), rule="must be a file")
    found = check_specs(paths)
    console = rendering.make_console()
    if as_json:
        items = [
            {
                "file": str(path),
                "problems": [{"field": item.field, "value": item.value, "rule": item.rule} for item in problems],
            }
            for path, problems in found.items()
        ]
        console.file.write(json.dumps({"items": items}, indent=2, default=str) + "\n")
    else:
        for path, problems in found.items():
            for problem in problems:
                console.print(Text(f"{path.name}: {problem}", style="red"), soft_wrap=True)
            if not problems:
                console.print(Text(f"{path.name}: ok", style="green"))
    if any(found.values()):
        raise typer.Exit(1)


@spec.command()
def init(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of the model's data.")],
    name: Annotated[str, typer.Option(help="The model's name; by default made of the file's.")] = "",
    out: Annotated[Path | None, typer.Option(help="Where to write; by default model_specs/NAME.yaml.")] = None,
) -> None:
    """Draft a model spec from a file: dtypes as found, comments where a person must decide.

    Example: nightshift spec init sales.csv --name sales_forecast
    """
    suffix = file.suffix.lower().removeprefix(".")
    if suffix not in {"csv", "parquet"}:
        raise BadInputError(field="FILE", value=file.name, rule="must end in .csv or .parquet")
    if not file.is_file():
        raise BadInputError(field="FILE", value=str(file), rule="must be a file")
    model = name or _model_name(file.stem)
    if not re.fullmatch(MODEL_NAME, model):
        raise BadInputError(field="--name", value=model, rule="must be 2 to 63 of a-z, 0-9 and _, the first a letter")
    target = out or specs_folder() / f"{model}.yaml"
    from nightshift.cli.spec_draft import draft_spec
    from nightshift.validation.draft import draft_contract

    draft = draft_contract(file, "parquet" if suffix == "parquet" else "csv")
    text = draft_spec(model, draft, file.name)
    try:
        with target.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError as error:
        raise BadInputError(field="--out", value=str(target), rule="is there already; it is not overwritten") from error
    except OSError as error:
        raise BadInputError(field="--out", value=str(target), rule=f"cannot be written: {error.strerror}") from error
    rendering.make_console().print(f"wrote {target}\nread it, then: nightshift spec check {target}", soft_wrap=True)


@spec.command()
def schema() -> None:
    """Print the JSON schema of a model spec, for editors; model_specs/spec.schema.json is the same.

    Example: nightshift spec schema
    """
    rendering.make_console().file.write(schema_text())


def schema_text() -> str:
    """The JSON schema of a model spec as the file has it."""
    described = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | ModelSpec.model_json_schema()
    return json.dumps(described, indent=2) + "\n"


def spec_paths(folder: Path) -> list[Path]:
    """The spec files of a folder."""
    return sorted(folder.glob("*.y*ml"))


def examine_specs(folder: Path) -> Finding:
    """Whether all specs of a folder can be used, for `nightshift doctor`."""
    paths = spec_paths(folder)
    problems = [f"{path.name}: {problem}" for path, several in check_specs(paths).items() for problem in several]
    if problems:
        return Finding(
            "specs", False, "; ".join(problems), "Mend the file; `nightshift spec check` lists every problem."
        )
    return Finding("specs", True, f"{len(paths)} read")


def _model_name(stem: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:63]
