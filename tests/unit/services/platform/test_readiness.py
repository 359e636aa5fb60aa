"""Readiness: all checks at once, each for a limited time, remembered for a while, without secrets."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.loading import ImportHealth
from nightshift.services.platform.readiness import ReadinessProbe, without_secrets
from tests.support.loopback_server import Answering, LoopbackServer

ROOT = Path(__file__).resolve().parents[4]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Check:
    """A dependency that answers, fails, or waits until it is let go."""

    def __init__(
        self,
        name: str,
        failure: Exception | None = None,
        gate: threading.Event | None = None,
        imports: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.imports = imports
        self.calls = 0
        self._failure = failure
        self._gate = gate

    def check(self) -> None:
        """Answer."""
        self.calls += 1
        if self._gate is not None:
            self._gate.wait(30)
        if self._failure is not None:
            raise self._failure


def _clock() -> datetime:
    return NOW


async def test_all_well_is_ready() -> None:
    """In the order of the checks, with their times."""
    readiness = await ReadinessProbe().read((Check("a"), Check("b")), _clock)
    assert [(item.name, item.ok, item.reason) for item in readiness.dependencies] == [("a", True, ""), ("b", True, "")]
    assert (readiness.ok, readiness.checked_at) == (True, NOW)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            ServiceUnavailableError("Blob storage", "sig=abc123 refused"),
            "Blob storage is not available: sig=*** refused",
        ),
        (RuntimeError("password is hunter2"), "the check failed: RuntimeError; the log has the rest"),
    ],
)
async def test_one_ill_dependency_is_named_with_its_reason(failure: Exception, reason: str) -> None:
    """An unknown error's text stays in the log."""
    readiness = await ReadinessProbe().read((Check("a"), Check("b", failure)), _clock)
    assert not readiness.ok
    assert [(item.ok, item.reason) for item in readiness.dependencies] == [(True, ""), (False, reason)]


async def test_a_dependency_that_hangs_costs_one_thread() -> None:
    """It is given up after its time, and not asked again until it has answered."""
    gate = threading.Event()
    hanging, probe = Check("hangs", gate=gate), ReadinessProbe(limit_seconds=0.05, fresh_seconds=0)
    try:
        first = await probe.read((hanging,), _clock)
        second = await probe.read((hanging,), _clock)
        assert [item.dependencies[0].ok for item in (first, second)] == [False, False]
        assert first.dependencies[0].reason.startswith("no answer within")
        assert hanging.calls == 1
    finally:
        gate.set()
    patient = ReadinessProbe(limit_seconds=30, fresh_seconds=0)
    assert (await patient.read((hanging,), _clock)).ok


class SlowModule:
    """A module whose import lasts until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.name = f"slow_{id(self)}"
        self.gate = threading.Event()
        (folder / f"{self.name}.py").write_text(
            f"import builtins\ngetattr(builtins, {self.name!r}).wait(30)\n", encoding="utf-8"
        )


@pytest.fixture
def slow_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowModule]:
    """What a heavy SDK is to a fresh worker."""
    module = SlowModule(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("builtins." + module.name, module.gate, raising=False)
    yield module
    module.gate.set()
    sys.modules.pop(module.name, None)


async def test_loading_an_sdk_is_no_fault_of_the_dependency(slow_module: SlowModule) -> None:
    """The import lasts longer than a dependency may take, and the answer is that all is well."""
    limit, check = 1.0, Check("mlflow", imports=(slow_module.name,))
    answer = asyncio.create_task(ReadinessProbe(limit_seconds=limit).read((check,), _clock))
    await asyncio.sleep(1.5 * limit)
    assert (answer.done(), check.calls) == (False, 0)
    slow_module.gate.set()
    assert (await answer).ok


async def test_a_worker_that_loads_for_long_says_so(slow_module: SlowModule) -> None:
    """The answer comes within its limits, names the cause, and the next call goes on with the same import."""
    probe = ReadinessProbe(fresh_seconds=0, load_seconds=0.05)
    check = Check("mlflow", imports=(slow_module.name,))
    first = await probe.read((check,), _clock)
    assert (first.ok, check.calls) == (False, 0)
    assert "still loading its SDKs" in first.dependencies[0].reason
    slow_module.gate.set()
    patient = ReadinessProbe(fresh_seconds=0)
    assert (await patient.read((check,), _clock)).ok


async def test_a_module_that_cannot_be_imported_is_the_checks_own_failure() -> None:
    """The probe goes on, and the check says what is wrong."""
    checks = (Check("a", imports=("nothing_of_this_name",)), Check("b"))
    assert (await ReadinessProbe().read(checks, _clock)).ok


async def test_an_import_that_breaks_in_a_check_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never heals, and a probe may be the first to meet it: whoever can end the process is notified."""
    health = ImportHealth()
    told: list[str] = []
    health.on_broken(told.append)
    monkeypatch.setattr("nightshift.domain.platform.loading.IMPORTS", health)
    broke = AttributeError("partially initialized module 'mlflow' has no attribute 'version'")
    readiness = await ReadinessProbe().read((Check("mlflow", broke), Check("b")), _clock)
    assert [item.ok for item in readiness.dependencies] == [False, True]
    assert told == [f"AttributeError: {broke}"]


class _NothingThere(Answering):
    """A server that has nothing, and says so at once."""

    def do_GET(self) -> None:
        """Answer."""
        self.answer(404, b'{"error_code": "NOT_FOUND"}', {"content-type": "application/json"})


_FRESH_WORKER = """
import importlib, json, sys
from nightshift.clients.platform.health_checks import DatabricksHealth, MlflowHealth
url = sys.argv[1]

def mlflow():
    from mlflow import MlflowClient
    return MlflowClient(url, url)

def workspace():
    from databricks.sdk import WorkspaceClient
    return WorkspaceClient(host=url, token="none", retry_timeout_seconds=1)

loaded = {}
for check in (MlflowHealth(mlflow), DatabricksHealth(workspace)):
    for module in check.imports:
        importlib.import_module(module)
    before = set(sys.modules)
    try:
        check.check()
    except Exception as error:
        print(check.name, error, file=sys.stderr)
    loaded[check.name] = sorted(set(sys.modules) - before)
print(json.dumps(loaded))
"""


def test_the_checks_name_all_that_takes_long_to_load() -> None:
    """With what they name loaded, making the clients and asking loads hardly a module more."""
    server = LoopbackServer(_NothingThere)
    try:
        command = [sys.executable, "-c", _FRESH_WORKER, server.url]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    finally:
        server.close()
    assert done.returncode == 0, done.stderr[-2000:]
    loaded = json.loads(done.stdout)
    assert {name: len(modules) < 20 for name, modules in loaded.items()} == {"mlflow": True, "databricks": True}, loaded


async def test_an_answer_is_remembered_for_a_while() -> None:
    """Many that look cost one look."""
    check, probe = Check("a"), ReadinessProbe(fresh_seconds=60)
    assert await probe.read((check,), _clock) == await probe.read((check,), _clock)
    assert check.calls == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Endpoint=sb://x;SharedAccessKey=abc=;Y=1", "Endpoint=sb://x;SharedAccessKey=***;Y=1"),
        ("Authorization: Bearer eyJ0", "Authorization: Bearer ***"),
        ("https://x/y?sv=1&sig=a%2Bb&se=2", "https://x/y?sv=1&sig=***&se=2"),
        ("two\nlines", "two lines"),
    ],
)
def test_what_looks_like_a_credential_is_left_out(text: str, shown: str) -> None:
    """Reasons are shown on a page."""
    assert without_secrets(text) == shown
