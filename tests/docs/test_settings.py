"""docs/settings.md lists every setting that is read or set, with its real default."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from nightshift.domain.platform.errors import MisconfiguredError
from nightshift.wiring.settings import Settings, read_settings
from nightshift.wiring.telemetry import read_telemetry_settings
from tests.docs.markdown import ROOT, codes, section, tables, text_of

PAGE = "docs/settings.md"
NEEDED = {
    "NIGHTSHIFT_BLOB_ENDPOINT": "https://account.blob.core.windows.net",
    "NIGHTSHIFT_TABLE_ENDPOINT": "https://account.table.core.windows.net",
    "NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace": "name.servicebus.windows.net",
    "NIGHTSHIFT_EVENTGRID_ENDPOINT": "https://topic.eventgrid.azure.net/api/events",
    "DATABRICKS_HOST": "https://adb-1.azuredatabricks.net",
    "MLFLOW_TRACKING_URI": "databricks",
}
LANGUAGE_MODEL = {"NIGHTSHIFT_LLM_URL": "https://models.example/v1/", "NIGHTSHIFT_LLM_MODEL": "gpt-5-mini"}
_OURS = re.compile(r"\bNIGHTSHIFT_[A-Z][A-Za-z_]*[A-Za-z]\b(?!_)")
_SET_BY_TERRAFORM = re.compile(r"^ {4}(\w+) += ", re.MULTILINE)
_READ = (".py", "Makefile", ".yml", ".yaml", ".tf", ".json", ".toml")
_UNREAD = ("tests/", "benchmarks/", "evals/", "docs/")


class _Recorder(dict[str, str]):
    """An environment that remembers which settings somebody asked for."""

    def __init__(self, *args: dict[str, str]) -> None:
        super().__init__(*args)
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


def _rows() -> Iterator[list[str]]:
    for found in tables(text_of(PAGE)):
        if found[0][0] == "setting":
            yield from found[1:]


def _listed() -> dict[str, str]:
    """Each setting with the text of its default."""
    return {codes(setting)[0]: default for setting, default, _ in _rows()}


@cache
def _named() -> frozenset[str]:
    """Every setting of ours that a program, Terraform or a workflow names."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    files = [Path(ROOT / name) for name in listed.stdout.splitlines() if name.endswith(_READ)]
    read = [file for file in files if file.exists() and not file.relative_to(ROOT).as_posix().startswith(_UNREAD)]
    return frozenset(name for file in read for name in _OURS.findall(file.read_text(encoding="utf-8")))


def _set_by_terraform() -> set[str]:
    text = text_of("terraform/modules/function_app/main.settings.tf")
    return {name for name in _SET_BY_TERRAFORM.findall(text) if not name.islower()} | set(
        re.findall(r"^ {4}(\w+__\w+|AzureWebJobs\w+) += ", text, re.MULTILINE)
    )


def _read_by_the_app() -> set[str]:
    recorder = _Recorder(NEEDED | LANGUAGE_MODEL)
    read_settings(recorder, ROOT)
    read_telemetry_settings(recorder)
    return recorder.asked | {"NIGHTSHIFT_LLM_KEY"}


def test_each_setting_is_listed_once() -> None:
    """Two rows about one setting might say two things."""
    names = [codes(row[0])[0] for row in _rows()]
    assert sorted(names) == sorted(set(names))


def test_every_setting_that_is_read_or_set_is_listed() -> None:
    """Of ours: what any program names. Of others: what the app reads and what Terraform sets."""
    assert sorted((_named() | _set_by_terraform() | _read_by_the_app()) - _listed().keys()) == []


def test_every_setting_that_is_listed_is_read_or_set() -> None:
    """A setting that nothing reads would be set for nothing."""
    # The last two are read by the tests and by the exporter.
    known = _named() | _set_by_terraform() | _read_by_the_app() | {"NIGHTSHIFT_BROWSER", "OTEL_SERVICE_NAME"}
    assert sorted(_listed().keys() - known) == []


def _settings(environ: dict[str, str]) -> Settings:
    return read_settings(environ, ROOT)


@pytest.mark.parametrize("name", [name for name, default in _listed().items() if default == "required"])
def test_what_is_required_is_required(name: str) -> None:
    """Without it the app names it."""
    with pytest.raises(MisconfiguredError, match=name):
        _settings({key: value for key, value in NEEDED.items() if key != name})


def test_nothing_else_is_required() -> None:
    """With the required ones alone the app starts."""
    assert set(NEEDED) == {name for name, default in _listed().items() if default == "required"}
    assert _settings(dict(NEEDED)).language_model is None


_DEFAULTS = [
    (name, codes(default)[0] if codes(default) else "")
    for heading in ("The app", "Notifications", "Language model")
    for rows in tables(section(PAGE, heading))
    for name, default in ((codes(row[0])[0], row[1]) for row in rows[1:])
    if re.fullmatch(r"`[^`]+`|empty", default)
]


@pytest.mark.parametrize(("name", "default"), _DEFAULTS)
def test_the_default_is_what_the_app_takes(name: str, default: str) -> None:
    """Setting it to its default changes nothing; setting it to something else changes something."""
    base = NEEDED | LANGUAGE_MODEL
    assert _settings(base | {name: default}) == _settings(base)
    other = {"false": "true", "": "https://other.example"}.get(default, "7" if default.isdigit() else f"{default}x")
    if name == "NIGHTSHIFT_LLM_SCOPE":
        other = "https://ai.azure.com/.default"
    assert _settings(base | {name: other}) != _settings(base)


@pytest.mark.parametrize(
    ("name", "source"),
    [(name, codes(default)[0]) for name, default in _listed().items() if default.startswith("that of ")],
)
def test_a_default_that_is_another_setting(name: str, source: str) -> None:
    """It follows that one."""
    attribute = {"NIGHTSHIFT_MLFLOW_URL": "mlflow_url", "NIGHTSHIFT_DATABRICKS_URL": "databricks_url"}.get(
        name, "mlflow_registry_uri"
    )
    assert getattr(_settings(NEEDED | {source: "https://elsewhere.example"}), attribute) == "https://elsewhere.example"
