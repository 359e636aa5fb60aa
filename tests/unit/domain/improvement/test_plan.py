"""Plans: what they refuse, what makes two of them the same, and their schema for a strict answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData, ExponentialWeighting, StepWeighting
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import ACTIONS, Action
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchChoices, SearchRange, TuneHyperparameters
from nightshift.domain.improvement.feature_group import Lags, columns_of
from nightshift.domain.improvement.plan import Plan, PlanOrder, plan_schema, read_order
from nightshift.domain.platform.errors import BadInputError

RATE = SearchRange(parameter="learning_rate", low=0.01, high=0.3, log=True)
LOSS = SearchChoices(parameter="loss", choices=("poisson", "squared_error"))
EXAMPLES: list[Action] = [
    RetrainWithFeatures(feature_groups=("calendar", "lags")),
    TuneHyperparameters(search_space=(RATE, LOSS), trials=20, seed=7),
    AugmentData(weighting=StepWeighting(recent_days=28, weight=5)),
    AugmentData(weighting=ExponentialWeighting(half_life_days=90)),
    AdjustTrainingWindow(days=180),
]


def plan_of(action: dict[str, Any], **words: str) -> Plan:
    """A plan from an answer's JSON."""
    return Plan.model_validate(
        {"action": action, "rationale": "old rows mislead", "expected_effect": "lower rmse", **words}
    )


@pytest.mark.parametrize("action", EXAMPLES, ids=lambda action: action.kind)
def test_a_plan_survives_its_json(action: Any) -> None:
    """What crosses a durable boundary reads back equal."""
    plan = Plan(action=action, rationale="why", expected_effect="what")
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"kind": "delete_everything"}, "delete_everything"),
        ({"kind": "adjust_training_window", "days": 0}, "greater than or equal to 1"),
        ({"kind": "adjust_training_window", "days": 30, "drop_holdout": True}, "drop_holdout"),
        ({"kind": "adjust_training_window"}, "days"),
        ({"kind": "retrain_with_features", "feature_groups": []}, "at least 1 item"),
        ({"kind": "retrain_with_features", "feature_groups": ["../etc"]}, "should match pattern"),
        ({"kind": "augment_data", "weighting": {"kind": "step", "recent_days": 7, "weight": 1}}, "greater than 1"),
        (
            {"kind": "augment_data", "weighting": {"kind": "step", "recent_days": 7, "weight": "nan"}},
            "less than or equal to 100",
        ),
        ({"kind": "tune_hyperparameters", "search_space": [], "trials": 5, "seed": 1}, "at least 1 item"),
        (
            {"kind": "tune_hyperparameters", "search_space": [RATE.to_json()], "trials": 101, "seed": 1},
            "less than or equal to 100",
        ),
        (
            {"kind": "tune_hyperparameters", "search_space": [RATE.to_json()] * 2, "trials": 5, "seed": 1},
            "parameters named twice: learning_rate",
        ),
    ],
)
def test_a_malformed_plan_is_refused(action: dict[str, Any], message: str) -> None:
    """Unknown actions, further fields and values out of range; the rule is named."""
    with pytest.raises(ValidationError, match=message):
        plan_of(action)


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ({"low": 2, "high": 2}, "low = 2 .*below high = 2"),
        ({"low": 0, "high": 2, "log": True}, "low = 0 .* above 0 where log"),
        ({"low": "-inf", "high": 2}, "finite number"),
    ],
)
def test_a_range_has_two_ends(ends: dict[str, Any], message: str) -> None:
    """An empty or endless range, or the logarithm of 0, is refused."""
    with pytest.raises(ValidationError, match=message):
        SearchRange.from_json({"parameter": "x", **ends})


@pytest.mark.parametrize(("rationale", "expected_effect"), [("", "x"), ("x" * 2001, "x"), ("x", ""), ("x", "x" * 501)])
def test_words_have_a_length(rationale: str, expected_effect: str) -> None:
    """A plan without a reason, or with an essay, is refused."""
    with pytest.raises(ValidationError, match="String should have at"):
        plan_of(EXAMPLES[-1].to_json(), rationale=rationale, expected_effect=expected_effect)


def test_words_and_order_do_not_make_another_plan() -> None:
    """Equal actions have equal fingerprints, however they are argued for and listed."""
    space = [LOSS.to_json() | {"choices": ["squared_error", "poisson", "poisson"]}, RATE.to_json()]
    tunes = [
        plan_of({"kind": "tune_hyperparameters", "search_space": order, "trials": 20, "seed": 7}, rationale=why)
        for order, why in ((space, "a"), (space[::-1], "b"))
    ]
    groups = [plan_of({"kind": "retrain_with_features", "feature_groups": order}) for order in (["a", "b"], ["b", "a"])]
    assert (len({plan.fingerprint for plan in tunes}), len({plan.fingerprint for plan in groups})) == (1, 1)


def test_other_actions_have_other_fingerprints() -> None:
    """No two different actions are taken for the same."""
    seeds = [TuneHyperparameters(search_space=(RATE,), trials=20, seed=seed) for seed in (1, 2)]
    booleans = [
        TuneHyperparameters(search_space=(SearchChoices(parameter="x", choices=choices),), trials=20, seed=1)
        for choices in ((True,), (1.0,), ("1",))
    ]
    plans = [Plan(action=action, rationale="r", expected_effect="e") for action in (*EXAMPLES, *seeds, *booleans)]
    assert len({plan.fingerprint for plan in plans}) == len(plans)


def test_an_order_has_the_fingerprint_of_its_plan() -> None:
    """What the run is tagged with is what the loop remembers."""
    plan = Plan(action=EXAMPLES[-1], rationale="r", expected_effect="e")
    assert PlanOrder(action=plan.action).fingerprint == plan.fingerprint


def test_an_order_reads_back() -> None:
    """The job gets what the app sent."""
    order = PlanOrder(
        action=RetrainWithFeatures(feature_groups=("lags",)), feature_groups={"lags": Lags(column="y", hours=(24,))}
    )
    assert read_order(order.model_dump_json()) == order


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tune", "plan = 'tune': .*must be JSON"),
        ("{}", "action: must be there"),
        ('{"action": {"kind": "augment_data"}}', "action.augment_data.weighting: must be there"),
        (
            '{"action": {"kind": "retrain_with_features", "feature_groups": ["lags"]}}',
            r"feature_groups defines \[\], .* \['lags'\]",
        ),
        (
            '{"action": {"kind": "adjust_training_window", "days": 30},'
            ' "feature_groups": {"c": {"kind": "calendar", "features": ["hour"]}}}',
            r"defines \['c'\], .* \[\]",
        ),
        (
            '{"action": {"kind": "retrain_with_features", "feature_groups": ["lags"]},'
            ' "feature_groups": {"lags": {"kind": "lags", "column": "y", "hours": [0]}}}',
            "must be at least 1",
        ),
    ],
)
def test_what_is_no_order_is_refused(text: str, message: str) -> None:
    """The error names field and rule."""
    with pytest.raises(BadInputError, match=message):
        read_order(text)


def test_a_group_says_what_it_reads() -> None:
    """The columns that serving must have at hand."""
    assert columns_of(Lags(column="y", hours=(24,))) == ("y",)


def _objects(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        for value in part.values():
            yield from _objects(value)
    elif isinstance(part, list):
        for value in part:
            yield from _objects(value)


def test_the_schema_is_strict() -> None:
    """The root is an object; each object asks for all of its properties and admits no other."""
    schema = plan_schema()
    objects = list(_objects(schema))
    assert (
        schema["type"],
        all(part["additionalProperties"] is False for part in objects),
        all(part["required"] == list(part["properties"]) for part in objects),
        len(objects) > len(ACTIONS),
    ) == ("object", True, True, True)


def test_the_schema_keeps_to_what_strict_mode_knows() -> None:
    """No keyword of lengths, bounds, defaults, oneOf or discriminators is left, at any depth."""
    known = {"type", "description", "enum", "required", "additionalProperties", "$ref", "$defs"}
    known |= {"properties", "items", "anyOf"}

    def keywords(part: object) -> Iterator[str]:
        if isinstance(part, list):
            for value in part:
                yield from keywords(value)
        if isinstance(part, dict):
            for key, value in part.items():
                yield key
                named = value.values() if key in {"properties", "$defs"} else [value]
                for item in named:
                    yield from keywords(item)

    assert set(keywords(plan_schema())) <= known


def test_the_schema_names_every_action() -> None:
    """Each kind is an enum of one, so that an answer is told apart."""
    schema = plan_schema()
    chosen = [option["$ref"].rpartition("/")[2] for option in schema["properties"]["action"]["anyOf"]]
    assert [schema["$defs"][name]["properties"]["kind"]["enum"] for name in chosen] == [[kind] for kind in ACTIONS]


def test_actions_that_are_stored_stay() -> None:
    """Histories, ledgers and traces of the first release hold these kinds."""
    stored = {"retrain_with_features", "tune_hyperparameters", "augment_data", "adjust_training_window"}
    assert stored <= set(ACTIONS)
