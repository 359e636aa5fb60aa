"""Sources of data, and what they call themselves."""

import os
from pathlib import Path

import pandas as pd
import pytest

from nightshift.cli.demo.data.source import DATA_FOLDER, DETECTOR, REVENUE, source
from nightshift.domain.platform.errors import BadInputError

HAS_REAL = bool(os.environ.get(DATA_FOLDER))


@pytest.mark.parametrize("model", [REVENUE, DETECTOR])
def test_equal_seeds_give_equal_rows(model: str) -> None:
    """Generated data is reproducible."""
    pd.testing.assert_frame_equal(
        source("synthetic", seed=3, environ={}).history(model), source("synthetic", seed=3, environ={}).history(model)
    )


@pytest.mark.parametrize("model", [REVENUE, DETECTOR])
def test_other_seeds_give_other_rows(model: str) -> None:
    """Another seed is another world."""
    one, two = (source("synthetic", seed=seed, environ={}).history(model) for seed in (1, 2))
    assert not one.equals(two)


def test_a_synthetic_source_says_so() -> None:
    """The label names the kind and the seed."""
    assert source("synthetic", seed=3, environ={}).label(REVENUE) == "synthetic: revenue of a bike rental, seed 3"


def test_auto_without_a_folder_generates() -> None:
    """No real data at hand: generated data, labelled."""
    assert source("auto", environ={}).label(DETECTOR).startswith("synthetic: ")


def test_real_without_a_folder_is_an_error() -> None:
    """Asked for by name, real data is not replaced."""
    with pytest.raises(BadInputError, match=DATA_FOLDER):
        source("real", environ={})


def test_a_folder_without_the_files_is_an_error(tmp_path: Path) -> None:
    """Who names a folder wants its data, so a missing file is said."""
    with pytest.raises(BadInputError, match=r"bike_sharing_hour\.csv"):
        source("auto", environ={DATA_FOLDER: str(tmp_path)})


def test_an_unknown_model_is_named() -> None:
    """A model without data gets an error that lists those with."""
    with pytest.raises(BadInputError, match=f"model = 'x': data exists for {REVENUE}, {DETECTOR}"):
        source("synthetic", environ={}).history("x")


@pytest.mark.skipif(not HAS_REAL, reason=f"{DATA_FOLDER} is not set")
@pytest.mark.parametrize("model", [REVENUE, DETECTOR])
def test_real_and_synthetic_have_the_same_columns(model: str) -> None:
    """Either source serves the same contract."""
    real, synthetic = source("real"), source("synthetic", environ={})
    assert list(real.history(model).columns) == list(synthetic.history(model).columns)


@pytest.mark.skipif(not HAS_REAL, reason=f"{DATA_FOLDER} is not set")
def test_real_labels_name_their_origin() -> None:
    """Derived revenue is called so."""
    assert source("auto").label(REVENUE) == "real: bike-sharing hours (UCI), revenue derived from rides"


@pytest.mark.skipif(not HAS_REAL, reason=f"{DATA_FOLDER} is not set")
def test_a_tenth_of_the_real_series_is_labelled() -> None:
    """The five windows of the benchmark cover 1,035 of 10,320 half hours."""
    label = source("real").history(DETECTOR)["label"]
    assert (int(label.sum()), len(label)) == (1035, 10320)
