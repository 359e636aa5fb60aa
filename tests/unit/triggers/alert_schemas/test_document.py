"""Strict JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.platform.errors import BadInputError
from nightshift.triggers.alert_schemas.document import LARGEST_DEPTH, parse


def nested(levels: int) -> bytes:
    """Objects within objects."""
    return b'{"a": ' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"", "must be JSON"),
        (b"{", "must be JSON"),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', "must be JSON"),
        (b"\xef\xbb\xbf", "must be JSON"),
        (b'{"a": "\xff"}', "invalid start byte at byte 7"),
        ('{"a": "ä"}'.encode("utf-16"), "byte order mark of UTF-16"),
        ('{"a": "ä"}'.encode("utf-16-be"), "must be"),
        (b"[]", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b'{"a": 1, "a": 2}', "the key 'a' "),
        (b'{"b": {"a": 1, "a": 1}}', "the key 'a' "),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'{"a": 1e999}', "1e999 is too large"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "is too large"),
        (b'{"a": "\\ud800"}', "half a surrogate pair"),
        (b'{"\\udfff": 1}', "half a surrogate pair"),
        (nested(LARGEST_DEPTH + 1), "nests deeper than 32 levels"),
        (nested(20_000), "nests deeper than 32 levels"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nests deeper than 32 levels"),
    ],
)
def test_what_is_not_strict_json_is_refused(body: bytes, rule: str) -> None:
    """The error says what is wrong."""
    with pytest.raises(BadInputError, match=rule):
        parse(body)


def test_what_is_strict_json_is_read() -> None:
    """As deep as allowed, with a whole surrogate pair and a long number."""
    assert parse(b'{"a": "\\ud834\\udd1e", "b": 1' + b"0" * 300 + b"}") == {"a": "𝄞", "b": 10**300}
    assert parse(b'\xef\xbb\xbf{"a": "\xef\xbb\xbf"}\r\n') == {"a": "\ufeff"}
    assert list(parse(nested(LARGEST_DEPTH - 1))) == ["a"]


@given(body=st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_named_error(body: bytes) -> None:
    """Nothing else is raised."""
    try:
        assert isinstance(parse(body), dict)
    except BadInputError as error:
        assert error.fields["field"] == "body"
