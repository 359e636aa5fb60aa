"""Model specs: errors name file, field and value; a changed file counts."""

import os
from pathlib import Path

import pytest
import yaml

from nightshift.clients.platform.spec_files import SpecFiles
from nightshift.domain.platform.errors import SpecError, UnknownModelError
from tests.support.refusals import refusal

SHIPPED = Path(__file__).resolve().parents[4] / "model_specs"


def _changed(folder: Path, **change: object) -> SpecFiles:
    spec = yaml.safe_load((SHIPPED / "revenue_forecast.yaml").read_text(encoding="utf-8"))
    (folder / "revenue_forecast.yaml").write_text(yaml.safe_dump({**spec, **change}), encoding="utf-8")
    return SpecFiles(folder)


def test_the_shipped_specs_load() -> None:
    """All of them, with different digests."""
    specs = SpecFiles(SHIPPED)
    assert specs.names() == ("anomaly_detector", "canary", "revenue_forecast")
    assert len({specs.get(name).digest for name in specs.names()}) == 3


@pytest.mark.parametrize(
    ("change", "place", "rule"),
    [
        ({"evalution": 1}, "evalution = 1", "did you mean 'evaluation'?"),
        ({"kind": "guess"}, "kind = 'guess'", "'regression' or 'anomaly_detection'"),
        ({"name": "other"}, "name = 'other'", "the file's name"),
    ],
)
def test_a_mistake_names_file_field_and_value(tmp_path: Path, change: dict[str, object], place: str, rule: str) -> None:
    """The message can be acted on."""
    with refusal(SpecError, f"revenue_forecast.yaml: {place}: ", rule):
        _changed(tmp_path, **change).get("revenue_forecast")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """PyYAML would keep the last one and say nothing."""
    shipped = (SHIPPED / "revenue_forecast.yaml").read_text(encoding="utf-8")
    (tmp_path / "revenue_forecast.yaml").write_text(f"{shipped}\nowner: somebody-else\n", encoding="utf-8")
    with pytest.raises(SpecError, match="the key 'owner' stands twice"):
        SpecFiles(tmp_path).get("revenue_forecast")


def test_another_ending_is_reported(tmp_path: Path) -> None:
    """A spec that nobody reads would be a model that nobody looks after."""
    (tmp_path / "revenue.yml").touch()
    assert SpecFiles(tmp_path).names() == ("revenue",)
    with refusal(SpecError, "revenue.yml: ", " .yaml", field="file", value="revenue.yml"):
        SpecFiles(tmp_path).get("revenue")


def test_an_unknown_model_is_reported_the_known_ones(tmp_path: Path) -> None:
    """A slip of the pen is seen at once."""
    with pytest.raises(UnknownModelError, match="known models: revenue_forecast"):
        _changed(tmp_path).get("revenue_forcast")


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    """Broken syntax is an error of that file only."""
    (tmp_path / "m.yaml").write_text("a: [", encoding="utf-8")
    with refusal(SpecError, "m.yaml: ", "YAML in UTF-8", field="file", value="m.yaml"):
        SpecFiles(tmp_path).get("m")


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """An edit counts without a restart."""
    specs = _changed(tmp_path)
    assert specs.get("revenue_forecast").owner == "data-science"
    _changed(tmp_path, owner="night-team")
    path = tmp_path / "revenue_forecast.yaml"
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1))
    assert specs.get("revenue_forecast").owner == "night-team"
