"""Names of a file against names of a contract."""

import pytest

from nightshift.domain.uploads.contract import Column, DataContract
from nightshift.validation.column_matching import match_columns
from nightshift.validation.unreadable import UnreadableFileError

CONTRACT = DataContract(columns=(Column(name="id", dtype="integer"), Column(name="Total", dtype="number")))


def test_exact_names_in_any_order() -> None:
    """Positions are those of the file."""
    match = match_columns(CONTRACT, ("Total", "id"))
    assert (match.positions, match.extras, match.violations) == ({"id": 1, "Total": 0}, (), ())


@pytest.mark.parametrize("near", ["total", "TOTAL", " Total", "Total "])
def test_near_miss(near: str) -> None:
    """A name off by case or outer spaces is named as the likely mistake, and not as an extra column."""
    match = match_columns(CONTRACT, ("id", near))
    assert [(item.rule, item.column) for item in match.violations] == [("columns", "Total")]
    assert repr(near) in match.violations[0].message


def test_exact_name_beside_a_near_miss() -> None:
    """If the right name is there, too, the other one is an extra column."""
    match = match_columns(CONTRACT, ("id", "total", "Total"))
    assert [(item.rule, item.column) for item in match.violations] == [("extra_columns", "total")]
    assert match.positions["Total"] == 2


def test_many_extra_columns_are_one_violation() -> None:
    """Extra columns are counted; the first five are shown."""
    match = match_columns(CONTRACT, ("id", "Total", *(f"x{index}" for index in range(9))))
    (violation,) = match.violations
    assert (violation.rule, violation.column, violation.count) == ("extra_columns", None, 9)
    assert violation.examples == ("x0", "x1", "x2", "x3", "x4")


def test_no_name_matches() -> None:
    """A header that has nothing of the contract ends the check."""
    with pytest.raises(UnreadableFileError, match="reads '1', '2'") as caught:
        match_columns(CONTRACT, ("1", "2"))
    assert (caught.value.violation.rule, caught.value.violation.count) == ("columns", 2)
