"""The uploads of the story: what passes the contract, and which outcome each leads to."""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from agents.champions.promotion import decide
from agents.lifecycle.evaluation import Predictions, compare, compare_slices
from nightshift.cli.demo.data.source import DATA_FOLDER, DETECTOR, REVENUE, DataSource, source
from nightshift.cli.demo.data.uploads import story, table, upload, write
from nightshift.clients.platform.spec_files import load_spec
from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import build_features, recipe_of
from nightshift.training.steps.fit import Values, fit, predict, truth
from nightshift.training.steps.split import split
from nightshift.training.steps.table import read_table
from nightshift.training.steps.union import union
from nightshift.validation.check import check_file

SPECS = Path(__file__).parents[5] / "model_specs"
SOURCES = ["synthetic", *(["real"] if os.environ.get(DATA_FOLDER) else [])]
NAMES = [(item.model, item.name) for model in (REVENUE, DETECTOR) for item in story(model)]


@pytest.fixture(params=SOURCES)
def data(request: pytest.FixtureRequest) -> DataSource:
    """Each source that is at hand."""
    return source(request.param)


@pytest.mark.parametrize(("model", "name"), NAMES)
def test_only_the_corrupt_upload_breaks_the_contract(data: DataSource, model: str, name: str, tmp_path: Path) -> None:
    """Held against the model's own contract by the platform's own engine."""
    path = write(upload(model, name), data, tmp_path)
    spec = load_spec(SPECS / f"{model}.yaml")
    report = check_file(path, "csv", spec.contract, uploaded_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (report.passed, report.violations if name != "corrupt" else ()) == (name != "corrupt", ())


def test_the_corrupt_upload_breaks_many_rules(data: DataSource, tmp_path: Path) -> None:
    """Columns, dtype, empty cells, bounds, allowed values and the key, all at once."""
    path = write(upload(REVENUE, "corrupt"), data, tmp_path)
    spec = load_spec(SPECS / f"{REVENUE}.yaml")
    report = check_file(path, "csv", spec.contract, uploaded_at=datetime(2026, 1, 1, tzinfo=UTC))
    rules = {violation.rule for violation in report.violations}
    assert rules >= {"columns", "extra_columns", "dtype", "nullable", "maximum", "allowed_values", "unique"}


@pytest.mark.parametrize("model", [REVENUE, DETECTOR])
def test_uploads_never_go_back_in_time(data: DataSource, model: str) -> None:
    """Each upload's newest row is at least that of the upload before, as freshness asks."""
    newest = [table(item, data)["timestamp"].max() for item in story(model)]
    assert newest == sorted(newest)


def test_equal_sources_write_equal_bytes(tmp_path: Path) -> None:
    """A repeated upload is the same content."""
    contents = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        contents.append(write(upload(DETECTOR, "first"), source("synthetic", environ={}), folder).read_bytes())
    assert contents[0] == contents[1]


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    """Either format reads back the same through the training's reader."""
    item, data = upload(REVENUE, "first"), source("synthetic", environ={})
    contract = load_spec(SPECS / f"{REVENUE}.yaml").contract
    one = read_table(write(item, data, tmp_path, "csv"), "csv", contract, name="csv")
    two = read_table(write(item, data, tmp_path, "parquet"), "parquet", contract, name="parquet")
    assert one.equals(two)


def test_the_story_comes_out_as_expected(data: DataSource) -> None:
    """First and next period promoted, worse rejected for its metrics, mixed flagged, both years promoted, two miss."""
    spec = load_spec(SPECS / f"{REVENUE}.yaml")
    champion, outcomes = None, {}
    for item in story(REVENUE):
        if item.name == "corrupt":
            continue
        rows = union([table(item, data)], spec.contract.key, spec.training.time_column)
        parts = split(rows, spec.evaluation.holdout)
        recipe = recipe_of(spec)
        features = build_features(rows, recipe)
        train, holdout = parts.train.index, features.loc[parts.holdout.index]
        challenger = fit(features.loc[train], rows[spec.training.target].loc[train], recipe, spec)
        rule = _rule(
            spec,
            truth(parts.holdout, spec),
            predict(challenger, holdout, recipe),
            predict(champion, holdout, recipe) if champion is not None else None,
            {
                part.column: parts.holdout[part.column].astype("str").to_numpy(dtype=np.str_)
                for part in spec.evaluation.slices
            },
        )
        outcomes[item.name] = rule
        if rule in {"first_champion", "better"}:
            champion = challenger
    assert outcomes == {
        "first": "first_champion",
        "next_period": "better",
        "worse": "worse",
        "mixed": "mixed",
        "kill": "better",
        "tariff": "limit_broken",
        "hopeless": "limit_broken",
    }


def _rule(
    spec: ModelSpec, known: Values, challenger: Values, champion: Values | None, slices: dict[str, "np.ndarray"]
) -> str:
    predictions = Predictions(truth=known, challenger=challenger, champion=champion, slices=slices)
    evidence = Evidence(
        model=spec.name,
        challenger_version="2",
        champion_version=None if champion is None else "1",
        rows=len(known),
        metrics=compare(predictions, spec.evaluation),
        slices=() if champion is None else compare_slices(predictions, spec.evaluation),
        score_run="score",
        train_run="train",
        evaluation_set_digest="rows",
        predictions_digest="predictions",
        dataset_digest="data",
        data_source="test",
        policy_digest=spec.policy_digest,
        spec_digest=spec.digest,
    )
    return decide(evidence, spec.evaluation).rule
