"""The train task carrying out plans, against a real MLflow server and real blob storage."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow.entities import Run

from nightshift.cli.demo.data import synthetic_taxi
from nightshift.cli.demo.data.source import DETECTOR
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import Action
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchChoices, SearchRange, TuneHyperparameters
from nightshift.domain.improvement.feature_group import Calendar, FeatureGroup, Lags, RollingMeans
from nightshift.domain.improvement.plan import LARGEST_INLINE_ORDER, TAG_PLAN, PlanOrder, read_order
from nightshift.domain.platform.errors import BadInputError, BlobMissingError
from nightshift.domain.platform.names import PREDICTIONS_ARTIFACT, TAG_EVALUATION_SET_DIGEST
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.jobs.plan_log import ORDER_ARTIFACT, TRIALS_ARTIFACT
from nightshift.training.jobs.score import ScoreOrder, score
from nightshift.training.jobs.train import TrainOrder, TrainResult, train
from tests.integration.training.workbench import Workbench, sales_spec, sales_table, shipped_spec
from tests.support.refusals import refusal

GROUPS: dict[str, FeatureGroup] = {
    "calendar": Calendar(features=("hour_of_week",)),
    "demand": Lags(column="sales", hours=(24,)),
    "level": RollingMeans(column="sales", days=(3,)),
}
SEARCH = TuneHyperparameters(
    search_space=(
        SearchRange(parameter="max_iter", low=5, high=60),
        SearchChoices(parameter="loss", choices=("poisson", "squared_error")),
    ),
    trials=3,
    seed=1,
)
ORDERS: dict[str, PlanOrder | None] = {
    "no plan": None,
    "features": PlanOrder(
        action=RetrainWithFeatures(feature_groups=("calendar", "demand", "level")), feature_groups=GROUPS
    ),
    "tune": PlanOrder(action=SEARCH),
    "augment": PlanOrder(action=AugmentData(weighting=ExponentialWeighting(half_life_days=3))),
    "window": PlanOrder(action=AdjustTrainingWindow(days=5)),
}


@dataclass(frozen=True)
class Done:
    """A train task, a score task after it, and their MLflow runs."""

    trained: TrainResult
    run: Run
    scored: Run
    predictions: pd.DataFrame


CarryOut = Callable[..., Done]


@pytest.fixture
def carry_out(bench: Workbench) -> CarryOut:
    """Train by an order and score the result."""

    def run(url: str, order: PlanOrder | None, model: str = "sales", champion: str = "") -> Done:
        token = uuid.uuid4().hex
        text = order.model_dump_json() if order else ""
        trained = train(TrainOrder(model, url, token, "lifecycle-test", text), bench.environ)
        scored = score(ScoreOrder(model, url, token, f"s{token}", champion, "lifecycle-test"), bench.environ)
        path = bench.client.download_artifacts(scored.run_id, PREDICTIONS_ARTIFACT, str(bench.folder))
        version = bench.client.get_model_version(trained.name, trained.version)
        return Done(
            trained,
            bench.client.get_run(str(version.run_id)),
            bench.client.get_run(scored.run_id),
            pd.read_parquet(path),
        )

    return run


def artifact(bench: Workbench, run: Run, name: str) -> str:
    """Text of an artifact."""
    return Path(bench.client.download_artifacts(run.info.run_id, name, str(bench.folder))).read_text()


def test_no_action_touches_the_holdout(bench: Workbench, carry_out: CarryOut) -> None:
    """Rows, truth and digest of the holdout, and the number of its rows, are the same without a plan and for each."""
    url = bench.manifest(sales_spec(), sales_table())
    seen = {}
    for name, order in ORDERS.items():
        done = carry_out(url, order)
        seen[name] = (
            done.scored.data.tags[TAG_EVALUATION_SET_DIGEST],
            done.run.data.params["rows_holdout"],
            done.run.data.params["rows_validation"],
            tuple(done.predictions["row_key"]),
            tuple(done.predictions["y_true"]),
        )
    assert len(set(seen.values())) == 1, {name: values[:3] for name, values in seen.items()}


@pytest.mark.parametrize("name", ORDERS)
def test_no_action_sees_the_holdout(bench: Workbench, name: str) -> None:
    """Other targets in the holdout change nothing of what training measures and finds."""
    table = sales_table()
    other = table.assign(sales=np.where(np.arange(len(table)) < 320, table["sales"], 1e6))
    order = ORDERS[name]
    seen = []
    for rows in (table, other):
        text = order.model_dump_json() if order else ""
        url, token = bench.manifest(sales_spec(), rows), uuid.uuid4().hex
        result = train(TrainOrder("sales", url, token, "lifecycle-test", text), bench.environ)
        run = bench.client.get_run(str(bench.client.get_model_version(result.name, result.version).run_id))
        seen.append((run.data.metrics, run.data.params))
    assert seen[0] == seen[1]


def test_champion_and_challenger_meet_with_their_own_inputs(bench: Workbench, carry_out: CarryOut) -> None:
    """A champion with lags is scored beside a challenger without, on the same rows, and both predict all of them."""
    url = bench.manifest(sales_spec(), sales_table())
    champion = carry_out(url, ORDERS["features"])
    challenger = carry_out(url, ORDERS["window"], champion=champion.trained.version)
    kept = champion.predictions["challenger"].to_numpy()
    assert np.array_equal(challenger.predictions["champion"].to_numpy(), kept)


def test_a_run_reports_its_plan(bench: Workbench, carry_out: CarryOut) -> None:
    """Run and version carry the fingerprint; parameters and an artifact hold the order."""
    order = ORDERS["features"]
    assert order is not None
    done = carry_out(bench.manifest(sales_spec(), sales_table()), order)
    version = bench.client.get_model_version(done.trained.name, done.trained.version)
    assert (
        done.run.data.tags[TAG_PLAN],
        version.tags[TAG_PLAN],
        done.run.data.params["plan.kind"],
        done.run.data.params["features"],
        read_order(artifact(bench, done.run, ORDER_ARTIFACT)),
    ) == (
        order.fingerprint,
        order.fingerprint,
        "retrain_with_features",
        "store,temp,hour,calendar_hour_of_week,demand_lag_24h,level_mean_3d",
        order,
    )


def test_a_window_trains_on_fewer_rows(bench: Workbench, carry_out: CarryOut) -> None:
    """Five days of hours, the newest of the 320 training rows."""
    params = carry_out(bench.manifest(sales_spec(), sales_table()), ORDERS["window"]).run.data.params
    assert (params["rows_train"], params["oldest_train_row"], params["newest_train_row"]) == (
        "120",
        "2024-01-09 08:00:00",
        "2024-01-14 07:00:00",
    )


def test_a_search_leaves_its_trials(bench: Workbench, carry_out: CarryOut) -> None:
    """The table is an artifact; the parameters that are logged are the best trial's."""
    done = carry_out(bench.manifest(sales_spec(), sales_table()), ORDERS["tune"])
    trials = pd.read_csv(StringIO(artifact(bench, done.run, TRIALS_ARTIFACT)))
    best = trials.sort_values("value").iloc[0]
    params, metrics = done.run.data.params, done.run.data.metrics
    assert (
        trials["trial"].tolist(),
        params["parameters.max_iter"],
        params["plan.searched_by"],
        metrics["tuning_best"] == metrics["validation_rmse"] == pytest.approx(best["value"]),
    ) == ([0, 1, 2, 3], str(int(best["max_iter"])), "rmse", True)


def test_an_equal_order_makes_an_equal_model(bench: Workbench, carry_out: CarryOut) -> None:
    """A search on equal rows with an equal seed predicts the same."""
    url = bench.manifest(sales_spec(), sales_table())
    first, second = (carry_out(url, ORDERS["tune"]).predictions for _ in range(2))
    assert first.equals(second)


def test_a_long_order_comes_by_reference(bench: Workbench, carry_out: CarryOut) -> None:
    """Its blob is read from the job's own storage account."""
    rates = tuple(0.01 + number / 10_000 for number in range(20))
    names = ("learning_rate", "l2_regularization", "max_features")
    space = tuple(SearchChoices(parameter=name, choices=rates) for name in names)
    order = PlanOrder(action=TuneHyperparameters(search_space=space, trials=1, seed=1))
    bench.put("plans/order.json", order.model_dump_json().encode())
    token, url = uuid.uuid4().hex, bench.manifest(sales_spec(), sales_table())
    result = train(TrainOrder("sales", url, token, "lifecycle-test", bench.url("plans/order.json")), bench.environ)
    version = bench.client.get_model_version(result.name, result.version)
    assert (version.tags[TAG_PLAN], len(order.model_dump_json()) < LARGEST_INLINE_ORDER) == (order.fingerprint, True)


def test_a_missing_order_is_an_error(bench: Workbench) -> None:
    """An address without a blob is named; nothing is trained without its plan."""
    with pytest.raises(BlobMissingError, match=r"no\.json"):
        train(TrainOrder("sales", "unused", "t", "r", bench.url("plans/no.json")), bench.environ)


def test_a_bad_order_in_a_blob_is_refused(bench: Workbench) -> None:
    """A field that this version does not know is named, and nothing is trained."""
    text = b'{"action": {"kind": "adjust_training_window", "days": 90, "holdout": 0}}'
    bench.put("plans/bad.json", text)
    with pytest.raises(BadInputError, match="holdout = 0: is no field"):
        train(TrainOrder("sales", "unused", "t", "r", bench.url("plans/bad.json")), bench.environ)


def test_a_token_belongs_to_one_plan(bench: Workbench) -> None:
    """A retried task finds its version; another plan under the same token is refused, not answered with it."""
    url, token = bench.manifest(sales_spec(), sales_table()), uuid.uuid4().hex
    window, none = ORDERS["window"], ""
    assert window is not None
    first = train(TrainOrder("sales", url, token, "r", window.model_dump_json()), bench.environ)
    again = train(TrainOrder("sales", url, token, "r", window.model_dump_json()), bench.environ)
    assert (again.version, again.repeated) == (first.version, True)
    with refusal(BadInputError, "version 1 ", field="train_token", value=token):
        train(TrainOrder("sales", url, token, "r", none), bench.environ)


def test_a_search_that_fails_is_a_failed_run(bench: Workbench) -> None:
    """The MLflow run is failed and no version is registered."""
    action = TuneHyperparameters(
        search_space=(SearchChoices(parameter="loss", choices=("nonsense",)),), trials=1, seed=1
    )
    url, token = bench.manifest(sales_spec(), sales_table()), uuid.uuid4().hex
    with pytest.raises(BadInputError, match="every trial failed"):
        train(TrainOrder("sales", url, token, "r", PlanOrder(action=action).model_dump_json()), bench.environ)
    assert len(bench.client.search_model_versions(f"name = '{bench.prefix}sales'")) == 0


@pytest.fixture(scope="module")
def taxi() -> pd.DataFrame:
    """Half hours with labelled anomalies."""
    return synthetic_taxi.history(5)


@pytest.mark.parametrize(
    "action",
    [
        AdjustTrainingWindow(days=60),
        TuneHyperparameters(search_space=(SearchRange(parameter="window_hours", low=6, high=24),), trials=2, seed=1),
    ],
    ids=lambda action: action.kind,
)
def test_a_detector_can_be_narrowed_and_searched(
    bench: Workbench, carry_out: CarryOut, taxi: pd.DataFrame, action: Action
) -> None:
    """Both actions train a version that flags rows, and leave the holdout as it is."""
    spec = shipped_spec(DETECTOR)
    url = bench.manifest(spec, taxi)
    plain, planned = (carry_out(url, order, model=DETECTOR) for order in (None, PlanOrder(action=action)))
    digests = {done.scored.data.tags[TAG_EVALUATION_SET_DIGEST] for done in (plain, planned)}
    assert (len(digests), set(planned.predictions["challenger"])) == (1, {0.0, 1.0})


@pytest.mark.parametrize(
    ("order", "message"),
    [(ORDERS["augment"], "takes no weights"), (ORDERS["features"], "takes no further features")],
    ids=["augment", "features"],
)
def test_a_detector_refuses_what_makes_no_sense(
    bench: Workbench, taxi: pd.DataFrame, order: PlanOrder, message: str
) -> None:
    """The task fails with the reason, before anything is registered."""
    spec: ModelSpec = shipped_spec(DETECTOR)
    url, token = bench.manifest(spec, taxi), uuid.uuid4().hex
    with pytest.raises(BadInputError, match=message):
        train(TrainOrder(DETECTOR, url, token, "r", order.model_dump_json()), bench.environ)


def test_a_plan_runs_as_a_process(bench: Workbench) -> None:
    """The parameter survives a command line, as a job hands it over."""
    order = ORDERS["window"]
    assert order is not None
    url, token = bench.manifest(sales_spec(), sales_table()), uuid.uuid4().hex
    shared = {"model": "sales", "dataset": url, "train_token": token, "lifecycle_run": "run-9"}
    ended = bench.run("nightshift.training.jobs.train", **shared, plan=json.dumps(order.to_json()))
    found = bench.client.get_model_version(f"{bench.prefix}sales", "1").tags[TAG_PLAN]
    assert (ended.code, found) == (0, order.fingerprint), ended.log
