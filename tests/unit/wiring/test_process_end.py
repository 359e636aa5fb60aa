"""A process in which an import broke ends, between its calls, with the code for a restart; real processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from nightshift.domain.platform.loading import ImportHealth
from nightshift.wiring.process_end import RESTART

ROOT = Path(__file__).resolve().parents[3]
_APP = """
import sys, threading, time
import azure.durable_functions as df
import nightshift.wiring.process_end as process_end
from nightshift.domain.platform.loading import IMPORTS, NotLoadedError, importing
sys.path.insert(0, sys.argv[1])
process_end.LEAST_LIFE_SECONDS = 0.0
app, under_way = df.DFApp(), process_end.CallsOfFunctions()

@app.activity_trigger(input_name="message")
@under_way.counted
def works(message: str) -> str:
    time.sleep(1.0)
    print("done", flush=True)
    return message

process_end.end_when_broken(under_way)
(function,) = app.get_functions()
call = threading.Thread(target=function.get_user_function(), args=("x",))
call.start()
time.sleep(0.2)
try:
    with importing("half"):
        __import__(sys.argv[2])
except NotLoadedError as error:
    print(error.code, flush=True)
call.join()
time.sleep(10)
"""


def _run(folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _APP, str(folder), module]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_the_process_ends_after_the_call_under_way(tmp_path: Path) -> None:
    """With 200, which the Functions host takes for a restart; the call has come to its end before."""
    (tmp_path / "half.py").write_text("import half_too\nraise AttributeError('broke')\n", encoding="utf-8")
    (tmp_path / "half_too.py").write_text("", encoding="utf-8")
    done = _run(tmp_path, "half")
    assert (done.returncode, done.stdout.split()) == (RESTART, ["not_loaded", "done"]), done.stderr[-2000:]


def test_a_package_that_is_not_installed_ends_nothing(tmp_path: Path) -> None:
    """A fresh process would not find it either, and a loop of restarts would stop all other work."""
    done = _run(tmp_path, "not_installed_anywhere")
    assert (done.returncode, done.stdout.split()) == (0, ["not_loaded", "done"]), done.stderr[-2000:]


@pytest.mark.parametrize("late", [True, False])
def test_who_can_end_the_process_is_reported_once(late: bool) -> None:
    """However many imports break, and whether it asks before or after."""
    health, told = ImportHealth(), list[str]()
    if not late:
        health.on_broken(told.append)
    for _ in range(3):
        health.broke(AttributeError("broke"))
    if late:
        health.on_broken(told.append)
    assert told == ["AttributeError: broke"]
