"""The names of metrics."""

import re
from pathlib import Path

from nightshift.domain.platform import telemetry
from nightshift.domain.platform.telemetry import METRICS


def test_names_units_and_attributes_are_well_formed() -> None:
    """Names begin with our own, are unique, and say what they count; histograms of time are in seconds."""
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"nightshift(\.[a-z_]+)+", metric.name)
        assert re.fullmatch(r"s|1|\{[a-z]+\}", metric.unit)
        assert metric.description.endswith(".")
        assert len(set(metric.attributes)) == len(metric.attributes)
    assert {metric.unit for metric in METRICS if metric.kind == "histogram"} == {"s"}


def test_the_page_lists_every_metric() -> None:
    """Name, kind, unit, attributes and meaning, as they are here."""
    page = (Path(__file__).resolve().parents[4] / "docs" / "observability.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(nightshift\.[\w.]+)` \| (\w+) \| `(.+?)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    expected = [
        (
            metric.name,
            metric.kind,
            metric.unit,
            ", ".join(f"`{name}`" for name in metric.attributes) or "-",
            metric.description,
        )
        for metric in METRICS
    ]
    assert listed == expected


def test_the_page_names_attributes_and_header() -> None:
    """What people search for is spelt as it is emitted."""
    page = (Path(__file__).resolve().parents[4] / "docs" / "observability.md").read_text(encoding="utf-8")
    names = [value for name, value in vars(telemetry).items() if name.startswith("ATTRIBUTE_")]
    assert [name for name in (*names, telemetry.CORRELATION_HEADER) if f"`{name}`" not in page] == []
