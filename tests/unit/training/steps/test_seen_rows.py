"""Which rows of a dataset a model was trained on."""

import numpy as np
import pandas as pd
import pytest

from nightshift.training.steps.seen_rows import TrainedRows, trained_rows
from tests.integration.training.workbench import sales_spec, sales_table


def seen(trained: TrainedRows, rows: pd.DataFrame) -> list[bool]:
    """Whether each row of a dataset was trained on."""
    found = trained.seen(rows, rows.index)
    assert found is not None
    return [bool(value) for value in found]


def test_a_row_is_known_by_its_key_whatever_its_values() -> None:
    """A restated value does not make the row a new one."""
    table = sales_table(40)
    trained = TrainedRows.from_bytes(trained_rows(table.iloc[:30], sales_spec()).to_bytes())
    assert seen(trained, table.assign(sales=1.0, temp=0.0)) == [True] * 30 + [False] * 10


def test_a_row_is_known_by_its_content_where_content_identifies_it() -> None:
    """New keys do not make it a new one."""
    table = sales_table(40)
    trained = trained_rows(table.iloc[:30], sales_spec())
    assert (
        seen(trained, table.assign(timestamp=table["timestamp"] + pd.Timedelta(days=365))) == [True] * 30 + [False] * 10
    )


def test_equal_contents_of_few_values_are_no_sign() -> None:
    """A series that takes the same few values again and again is known by its keys only."""
    table = sales_table(40).assign(sales=1.0, temp=0.5)
    trained = trained_rows(table.iloc[:30], sales_spec())
    later = table.assign(timestamp=table["timestamp"] + pd.Timedelta(days=365))
    assert (seen(trained, later), seen(trained, table)) == ([False] * 40, [True] * 30 + [False] * 10)


def test_only_the_selected_rows_are_asked_for() -> None:
    """By the dataset's own index."""
    table = sales_table(40)
    found = trained_rows(table.iloc[:30], sales_spec()).seen(table, table.index[25:35])
    assert found is not None
    assert found.tolist() == [True] * 5 + [False] * 5


def test_nothing_is_known_without_a_column() -> None:
    """The dataset has another contract now."""
    table = sales_table(40)
    assert trained_rows(table, sales_spec()).seen(table.drop(columns="temp"), table.index) is None


def test_a_record_is_small_and_exact() -> None:
    """16 bytes a row at most, sorted; other bytes are refused."""
    trained = trained_rows(sales_table(400), sales_spec())
    assert bool(np.all(trained.keys[:-1] <= trained.keys[1:]))
    assert len(trained.to_bytes()) < 400 * 16 + 2_000
    with pytest.raises(ValueError, match="no archive of trained rows"):
        TrainedRows.from_bytes(b"no archive")
