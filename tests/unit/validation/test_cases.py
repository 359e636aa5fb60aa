"""The contract and the training reader over the same files, derived from public bug reports: one verdict, one reading.

``tests/data/cases/expected.csv`` has the verdict of each file in ``tests/data/cases/files``. Those in ``e2e`` have rows
enough to be trained on.
"""

import csv
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

import pandas as pd
import pytest
import yaml

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.uploads.contract import ContractReport
from nightshift.training.steps.features import build_features, recipe_of
from nightshift.training.steps.setup import TrainingSetup
from nightshift.training.steps.split import split
from nightshift.training.steps.table import read_table
from nightshift.training.steps.trial import measure
from nightshift.training.steps.union import union
from nightshift.validation.check import check_file
from nightshift.validation.column_facts import extreme_text

CASES = Path(__file__).parents[2] / "data" / "cases"
SPEC = ModelSpec.model_validate(yaml.safe_load((CASES / "lab.yaml").read_text()))
with (CASES / "expected.csv").open(newline="") as file:
    EXPECTED = {row["file"]: (row["verdict"], row["rules"]) for row in csv.DictReader(file)}
# Its footer states a narrower range than the data has, which nothing in the footer contradicts (parquet_footer).
UNPROVEN = {"p51_lying_statistics.parquet": {"qty"}}
# The rules that each file of ``e2e`` breaks: none, and it is trained on.
WHOLE = {
    "good.parquet": set(),
    "hour_24.csv": set(),
    "reversed_stats.parquet": {"minimum", "maximum"},
    "ts_as_pandas_index.parquet": set(),
    "ts_index_2.parquet": set(),
    "worse.parquet": set(),
}


def check(name: str, folder: str = "files") -> ContractReport:
    """Hold a file of the cases against the contract of ``lab``."""
    return check_file(
        CASES / folder / name, file_format(name), SPEC.contract, uploaded_at=datetime(2026, 11, 29, tzinfo=UTC)
    )


def file_format(name: str) -> Literal["csv", "parquet"]:
    """The format of a case by its name."""
    return cast("Literal['csv', 'parquet']", Path(name).suffix[1:])


def read(name: str, folder: str = "files") -> pd.DataFrame:
    """Read a case as training does."""
    return read_table(CASES / folder / name, file_format(name), SPEC.contract, name=name)


def test_each_file_has_an_expected_verdict() -> None:
    """No case is left out."""
    assert sorted(path.name for path in (CASES / "files").iterdir()) == sorted(EXPECTED)
    assert sorted(path.name for path in (CASES / "e2e").iterdir()) == sorted(WHOLE)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_verdict_is_as_expected_and_training_reads_what_was_judged(name: str) -> None:
    """A file that meets the contract has the same rows, nulls and extremes in training; another one has its reason."""
    report = check(name)
    rules = " ".join(sorted({violation.rule for violation in report.violations}))
    assert ("met" if report.passed else "broken", rules) == EXPECTED[name]
    if not report.passed:
        return
    rows = read(name)
    assert len(rows) == report.rows
    for profile in report.columns:
        column = rows[profile.name]
        assert int(column.isna().sum()) == profile.null_count, profile.name
        if profile.minimum is not None and profile.name not in UNPROVEN.get(name, set()):
            assert _extremes(column) == (_comparable(profile.minimum), _comparable(profile.maximum)), profile.name


@pytest.mark.parametrize("name", [name for name, (verdict, _) in EXPECTED.items() if verdict == "broken"])
def test_training_reads_a_broken_file_by_its_dtypes_or_says_why_not(name: str) -> None:
    """Nothing but ``BadInputError`` comes out of it, whatever the file is."""
    try:
        rows = read(name)
    except BadInputError as error:
        assert name in error.message
    else:
        assert list(rows.columns) == [column.name for column in SPEC.contract.columns]


def _trained(name: str) -> float:
    """The error on the newest rows of a model that was fitted on the others, as the job does it."""
    rows = union([read(name, "e2e")], SPEC.contract.key, SPEC.training.time_column)
    inner, setup = split(rows, SPEC.evaluation.holdout), TrainingSetup(SPEC)
    recipe = recipe_of(SPEC, setup.groups)
    return measure(setup, inner, build_features(rows, recipe), recipe)["rmse"]


@pytest.mark.parametrize("name", WHOLE)
def test_an_upload_is_refused_or_trained_on(name: str) -> None:
    """What meets the contract never fails in the job."""
    report = check(name, "e2e")
    assert ({violation.rule for violation in report.violations}, report.rows) == (WHOLE[name], 400)
    assert WHOLE[name] or math.isfinite(_trained(name))


def _extremes(column: "pd.Series[float]") -> tuple[object, object]:
    known = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(known):
        low, high = (
            extreme_text("timestamp", int(end)) for end in (known.astype("int64").min(), known.astype("int64").max())
        )
    else:
        low, high = str(known.min()), str(known.max())
    return _comparable(low), _comparable(high)


def _comparable(text: str | None) -> object:
    """A number as the number that it is exactly, a date as its midnight."""
    assert text is not None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text.removesuffix("T00:00:00Z")
