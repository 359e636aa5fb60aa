"""A draft of a model spec from a file: what can be seen is filled in, what only a person knows is a comment."""

import json

from nightshift.domain.lifecycle.metrics import names_of
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.uploads.contract import Dtype
from nightshift.validation.draft import Draft, DraftColumn

_TIMES: frozenset[Dtype] = frozenset({"date", "timestamp"})
_NUMBERS: frozenset[Dtype] = frozenset({"integer", "number"})
# Names that YAML reads as something else than text.
_YAML_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", "y", "n"})
_LARGEST_HOLDOUT = 100
_SMALLEST_HOLDOUT = 10


def draft_spec(name: str, draft: Draft, source: str) -> str:
    """Return the YAML text of a spec for a forecast of the file's last number, ordered by its first time.

    Args:
        name: of the model.
        source: the file's name, for a comment.

    Raises:
        BadInputError: the file has no column that could be a feature.
    """
    time = next((column for column in draft.columns if column.dtype in _TIMES and not column.nulls), None)
    numbers = [column for column in draft.columns if column.dtype in _NUMBERS]
    target = numbers[-1] if numbers else None
    features = [column for column in draft.columns if column not in (time, target) and column.dtype not in _TIMES]
    if not features:
        names = ", ".join(repr(column.name) for column in draft.columns)
        rule = f"needs a column to predict from, beside the time and the target; it has only {names}"
        raise BadInputError(field="FILE", value=source, rule=rule)
    rows = max(draft.rows // 2, 1)
    holdout = max(_SMALLEST_HOLDOUT, min(_LARGEST_HOLDOUT, rows // 5))
    lines = [
        "# yaml-language-server: $schema=spec.schema.json",
        f"# Drafted from {source} ({draft.rows} rows): read each line, then `nightshift spec check`.",
        f"name: {name}",
        "kind: regression  # or anomaly_detection: one series, with a label column as target",
        "description: What is forecast, and for whom.",
        "owner: your-team",
        "",
        "contract:",
        "  # Which columns identify a row: no two rows of an upload may have the same.",
        f"  key: {_list([time]) if time else '[]  # no column of times without an empty cell was found'}",
        f"  min_rows: {max(rows, 2 * holdout)}  # an upload is the whole history: what is not in it is not trained on",
        "  extra_columns: forbid",
        *(["  freshness:", f"    column: {_text(time.name)}", "    not_older_than_last: true"] if time else []),
        "  columns:",
        *(f"    {_column(column, draft.rows)}" for column in draft.columns),
        "",
        "training:",
        f"  target: {_text(target.name) if target else '# the column to predict: no number was found'}",
        f"  time_column: {_text(time.name) if time else '# orders the rows: no column of times was found'}",
        f"  features: {_list(features)}  # what is known before the target is",
        "",
        "evaluation:",
        f"  holdout: {{newest_fraction: 0.2, min_rows: {holdout}}}",
        "  # Rows that err alike are drawn together: about a day's worth of rows for a series with a daily pattern.",
        "  bootstrap: {block_rows: 1}",
        "  metrics:",
        f"    - {{name: rmse}}  # regression: {', '.join(names_of('regression'))}; a limit is minimum or maximum",
        "",
        "# improvement: what a loop may try on its own; empty allows nothing (docs/add-a-model.md).",
        "# playbook, review, serving_endpoint: defaults are in docs/add-a-model.md.",
    ]
    return "\n".join(lines) + "\n"


def _column(column: DraftColumn, rows: int) -> str:
    fields = [f"name: {_text(column.name)}", f"dtype: {column.dtype}"]
    if column.nulls:
        fields.append("nullable: true")
    seen = [f"{column.distinct} different"]
    if column.minimum is not None:
        seen.append(f"from {column.minimum} to {column.maximum}")
    if column.nulls:
        seen.append(f"{column.nulls} of {rows} empty")
    return f"- {{{', '.join(fields)}}}  # {', '.join(seen)}"


def _list(columns: list[DraftColumn]) -> str:
    return f"[{', '.join(_text(column.name) for column in columns)}]"


def _text(name: str) -> str:
    """A name as YAML: JSON's quotes are YAML's, too."""
    return name if name.isidentifier() and name.lower() not in _YAML_WORDS else json.dumps(name)
