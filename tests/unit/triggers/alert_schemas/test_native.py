"""Our own schema, and what holds for every schema once it is read."""

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.response.alert import LARGEST_BYTES, LONGEST_ID, LONGEST_NAME, AlertMessage
from nightshift.triggers.alert_schemas.native import from_native
from tests.support.refusals import refusal
from tests.unit.triggers.alert_schemas.examples import OWN


def test_an_alert_message_is_itself() -> None:
    """Nothing is added or lost."""
    assert from_native(OWN) == AlertMessage.model_validate(OWN)


@pytest.mark.parametrize(
    ("given", "title", "detail"),
    [
        ({"title": "a\x00b\n c\u202ed\x7f"}, "ab cd", "since 01:00"),
        ({"title": "x" * 301}, "x" * 299 + "…", "since 01:00"),
        ({"detail": "one\r\ntwo\x1b[31m\tthree"}, "error doubled", "one\ntwo[31m\tthree"),
        ({"detail": "y" * 9_000}, "error doubled", "y" * 7_999 + "…"),
        ({"title": "<script>alert(1)</script>"}, "<script>alert(1)</script>", "since 01:00"),
    ],
)
def test_texts_are_cleaned_and_cut(given: dict[str, str], title: str, detail: str) -> None:
    """Control characters go, an ellipsis marks a cut; what a page shows it escapes itself."""
    alert = from_native({**OWN, **given})
    assert (alert.title, alert.detail) == (title, detail)


def test_the_message_fits_its_queue() -> None:
    """Characters of four bytes would make it too large for the responder: the detail gives way."""
    names = dict.fromkeys(("source", "rule", "metric", "feature"), "𝄞" * LONGEST_NAME)
    wide = {"title": "𝄞" * 300, "detail": "𝄞" * 8_000, "alert_id": "𝄞" * LONGEST_ID, "run": '"' * 200, **names}
    wide["url"] = "https://" + "𝄞" * 1_992
    alert = from_native({**OWN, **wide})
    assert len(alert.model_dump_json().encode()) <= LARGEST_BYTES
    assert (alert.alert_id, alert.title) == ("𝄞" * LONGEST_ID, "𝄞" * 300)
    assert alert.detail.endswith("𝄞…")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"alert_id": "x" * 2_049}, "alert_id"),
        ({"alert_id": "a\nb"}, "alert_id"),
        ({"rule": "a\u202eb"}, "rule"),
        ({"category": "weather"}, "category"),
        ({"model": "Revenue Forecast"}, "model"),
        ({"value": "NaN"}, "value"),
        ({"value": 5 * 10**308}, "value"),
        ({"title": "\x00\x01 "}, "title"),
        ({"title": None}, "title"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"fired_at": "2026-03-01T02:00:00"}, "fired_at"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_what_breaks_a_rule_is_named(given: dict[str, object], field: str) -> None:
    """Names are never cut or mended."""
    with pytest.raises(BadInputError) as caught:
        from_native({**OWN, **given})
    assert caught.value.fields["field"] == field


def test_a_missing_field_is_said_to_be_missing() -> None:
    """Not what it is missing from."""
    with refusal(BadInputError, "alert: source = None: must be there", field="source", value=None):
        from_native({name: value for name, value in OWN.items() if name != "source"})
