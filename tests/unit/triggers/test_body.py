"""Request bodies as messages."""

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.request import CommentRequest, ReasonRequest, RedriveRequest
from nightshift.triggers.body import body_of
from tests.unit.triggers.api.requests import request


def test_a_body_is_read_and_none_is_an_empty_object() -> None:
    """Defaults where nothing is said."""
    assert body_of(request(body=b'{"comment": "on it"}'), CommentRequest) == CommentRequest(comment="on it")
    assert body_of(request(body=b'\xef\xbb\xbf{"comment": "x"}'), CommentRequest) == CommentRequest(comment="x")
    assert body_of(request(), CommentRequest) == CommentRequest()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "body = '.*': .*a JSON object with comment"),
        (b"{", "body = .*Invalid JSON"),
        (b'{"comment": "x", "coment": "x"}', "coment = 'x': Extra inputs are not permitted"),
        (b"{}", "comment = None: Field required"),
        (b'{"comment": " "}', "comment = ' ': "),
        (b'{"comment": 1}', "comment = '1': Input should be a valid string"),
    ],
)
def test_what_breaks_a_rule_is_named(body: bytes, said: str) -> None:
    """Field, value and rule."""
    with pytest.raises(BadInputError, match=said):
        body_of(request(body=body), ReasonRequest)


def test_a_text_is_no_truth() -> None:
    """A dry run that is asked for by "yes" would be none."""
    with pytest.raises(BadInputError, match="dry_run = 'yes': Input should be a valid boolean"):
        body_of(request(body=b'{"dry_run": "yes"}'), RedriveRequest)
