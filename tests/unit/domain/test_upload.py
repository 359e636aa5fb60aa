"""An upload's identity and model."""

from datetime import UTC, datetime

import pytest

from domain.upload import Upload


def _upload(name: str = "revenue_forecast/a.csv", etag: str = '"1"', event_id: str = "e") -> Upload:
    return Upload(
        url=f"http://host/bronze/{name}",
        container="bronze",
        name=name,
        etag=etag,
        size=1,
        event_time=datetime(2026, 1, 1, tzinfo=UTC),
        event_id=event_id,
    )


def test_two_deliveries_of_one_event_have_one_identity() -> None:
    """The event's id may differ between deliveries; content and place decide."""
    assert _upload(event_id="a").identity == _upload(event_id="b").identity


def test_new_content_in_the_same_place_has_a_new_identity() -> None:
    """An overwritten blob is another upload."""
    assert _upload(etag='"1"').identity != _upload(etag='"2"').identity


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("revenue_forecast/a.csv", "revenue_forecast"),
        ("revenue_forecast/2012/06/a.csv", "revenue_forecast"),
        ("a.csv", "unrouted"),
        ("Sales Forecast/a.csv", "sales-forecast-9ba088"),
        ("Revenue_Forecast/a.csv", "revenue_forecast-ebfa82"),
        ("/a.csv", "unnamed-e3b0c4"),
    ],
)
def test_the_first_folder_names_the_model(name: str, model: str) -> None:
    """A name that is no model's stays a harmless one, so that its run can say what is wrong."""
    assert _upload(name).model == model


@pytest.mark.parametrize(("name", "suffix"), [("m/a.CSV", "csv"), ("m/a.b.parquet", "parquet"), ("m/a", "")])
def test_the_suffix_says_the_format(name: str, suffix: str) -> None:
    """Case does not matter; no ending is no format."""
    assert _upload(name).suffix == suffix
