"""An upload's identity and model."""

import pytest

from nightshift.domain.uploads.upload import passed_over
from tests.support.upload_examples import make_upload


def test_two_deliveries_of_one_event_have_one_identity() -> None:
    """The event's id may differ between deliveries; content and place decide."""
    assert make_upload(event_id="a").identity == make_upload(event_id="b").identity


def test_new_content_in_the_same_place_has_a_new_identity() -> None:
    """An overwritten blob is another upload."""
    assert make_upload(etag='"1"').identity != make_upload(etag='"2"').identity


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
    assert make_upload(name).model == model


@pytest.mark.parametrize(("name", "suffix"), [("m/a.CSV", "csv"), ("m/a.b.parquet", "parquet"), ("m/a", "")])
def test_the_suffix_says_the_format(name: str, suffix: str) -> None:
    """Case does not matter; no ending is no format."""
    assert make_upload(name).suffix == suffix


@pytest.mark.parametrize(
    ("name", "folder"), [("Canary/a.csv", "Canary"), ("canary /a.csv", "canary "), ("a.csv", ""), ("/a.csv", "")]
)
def test_the_folder_is_what_the_uploader_wrote(name: str, folder: str) -> None:
    """It is named in the reason why nothing is trained."""
    assert make_upload(name).folder == folder


@pytest.mark.parametrize(
    "name",
    [
        "m/_SUCCESS",
        "m/_started_123",
        "m/_committed_123",
        "m/_temporary/0/task/part-0.parquet",
        "m/_delta_log/00000.json",
        "m/.part-0.csv.crc",
        "m/.DS_Store",
        "m/.hidden/a.csv",
        "_m/a.csv",
        "m/~$lock.csv",
        "m/part-0.csv.crc",
        "m/a.csv.tmp",
        "m/a.csv.TMP",
        "m/a.csv.filepart",
        "m/a.csv.part",
        "m/a.csv._COPYING_",
        "m/sub_$folder$",
        "m/Thumbs.db",
        "m/desktop.ini",
    ],
)
def test_markers_hidden_and_unfinished_files_are_no_uploads(name: str) -> None:
    """Whatever their size."""
    assert passed_over(name)
    assert passed_over(name, 10)


@pytest.mark.parametrize(
    "name",
    ["m/a.csv", "m/a_b.csv", "m/a.b_c.csv", "m/year=2024/p.parquet", "m/a", "m/part.csv", "m/~a.csv", "m/crc.csv"],
)
def test_anything_else_is_an_upload(name: str) -> None:
    """Also one that its run will refuse."""
    assert passed_over(name, 10) == ""
    assert passed_over(name) == ""


@pytest.mark.parametrize(("name", "size", "passed"), [("m/out", 0, True), ("m/out", 9, False), ("m/a.csv", 0, False)])
def test_an_empty_blob_without_an_ending_marks_a_folder(name: str, size: int, passed: bool) -> None:
    """An empty file with one is an upload, whose run says that it is empty."""
    assert bool(passed_over(name, size)) is passed
