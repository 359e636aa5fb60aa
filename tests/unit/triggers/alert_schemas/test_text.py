"""Texts from outside."""

from hypothesis import given
from hypothesis import strategies as st

from triggers.alert_schemas.text import lines, one_line, printable, shortened


def test_an_ellipsis_marks_the_cut() -> None:
    """What fits is left alone; the ellipsis counts."""
    assert (shortened("abc", 3), shortened("abcd", 3), shortened("abc", 0)) == ("abc", "ab…", "…")


@given(text=st.text(), limit=st.integers(min_value=1, max_value=20))
def test_what_is_cleaned_is_printable(text: str, limit: int) -> None:
    """One line holds no control character, lines hold only theirs, and both keep the limit; twice is once."""
    short, long = one_line(text, limit), lines(text, limit)
    assert printable(short)
    assert printable(long.replace("\n", "").replace("\t", ""))
    assert max(len(short), len(long)) <= limit
    assert one_line(short, limit) == short
