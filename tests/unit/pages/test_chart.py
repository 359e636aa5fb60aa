"""The interval chart's axis."""

from nightshift.pages.chart import bars
from nightshift.pages.views import Bar
from tests.unit.pages.examples import evidence


def test_better_is_to_the_right() -> None:
    """A lower error and a higher r2 both go right; in percent of the champion's value."""
    assert bars(evidence()) == (
        Bar("rmse", value=20.0, low=15.0, high=25.0, verdict="better"),
        Bar("r2", value=-20.0, low=-40.0, high=-10.0, verdict="worse"),
    )


def test_what_has_no_place_on_the_axis() -> None:
    """No champion, no value, or a champion at zero: the table alone shows it."""
    metric = evidence().metrics[0]
    odd = tuple(
        metric.model_copy(update=change)
        for change in ({"champion": None}, {"champion": 0.0}, {"challenger": None}, {"difference": None})
    )
    assert bars(evidence(metrics=odd)) == ()
    assert bars(None) == ()
