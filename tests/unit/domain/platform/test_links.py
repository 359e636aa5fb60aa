"""Addresses of pages for people."""

from nightshift.domain.platform.links import Links


def test_a_page_has_an_address_where_the_app_has_one() -> None:
    """Ids are quoted, so that none can lead elsewhere."""
    links = Links(mlflow="m", databricks="d", app="https://app.example")
    assert links.page("runs", "lifecycle-m-1") == "https://app.example/runs/lifecycle-m-1"
    assert links.page("reviews", "a/../b") == "https://app.example/reviews/a%2F..%2Fb"
    assert links.front == "https://app.example/"
    assert Links(mlflow="m", databricks="d").page("incidents", "i") == ""
    assert Links(mlflow="m", databricks="d").front == ""
