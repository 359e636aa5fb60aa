"""What people are notified of an activity whose retries are used up."""

import pytest

from orchestrators.platform.failures import reason_of

SAID = "Activity function 'pause_compute' failed:  ServiceUnavailableError: Databricks is not available: 503"


@pytest.mark.parametrize(
    "text",
    [
        SAID,
        f"{SAID} \n Traceback (most recent call last):\n  File 'x.py', line 1",
        f"{SAID}\nStack:   File 'x.py', line 1, in call \n details",
        f"{SAID} \n None",
    ],
)
def test_a_stack_is_no_part_of_the_reason(text: str) -> None:
    """It is in the log; a page is read at night."""
    assert reason_of(Exception(text)) == SAID


def test_an_error_without_words_is_named() -> None:
    """A page must not be empty."""
    assert reason_of(TimeoutError()) == "TimeoutError"
