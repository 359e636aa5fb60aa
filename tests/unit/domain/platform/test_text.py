"""Texts from outside."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.platform.text import escaped, escaped_line, lines, one_line, printable, shortened


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


@given(text=st.text(alphabet=st.characters(), max_size=80), limit=st.integers(min_value=1, max_value=60))
def test_what_is_escaped_is_printable_and_nothing_else_changes(text: str, limit: int) -> None:
    """Every character of every kind: what stays is visible, what was visible stays, and twice is once."""
    found = escaped(text)
    assert printable(found)
    assert escaped(found) == found
    assert found.encode().decode() == found
    visible = [character for character in text if escaped(character) == character]
    assert "".join(visible) == text or len(found) > len(text)
    assert len(escaped_line(text, limit)) <= limit
    assert escaped_line(text, 10 * len(text) + 1) == found


def test_each_kind_of_invisible_character_is_written_out() -> None:
    """Control, C1, direction, zero width, byte order mark, separators, tags, half a pair; lines only where asked."""
    text = "\x1b\x9b\x7f\u202e\u200b\ufeff\u2028\U000e0041\ud800\n\r\t"
    assert escaped(text) == r"\x1b\x9b\x7f\u202e\u200b\ufeff\u2028\U000e0041\ud800\n\r\t"
    assert escaped("a\nb\x07", keep="\n") == "a\nb\\x07"
    assert escaped("Prüfung 売上 😀") == "Prüfung 売上 😀"
