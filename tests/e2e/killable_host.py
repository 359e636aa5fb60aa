"""The functions host as a process of the test's own, to be killed and started again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from local_host.stack.endpoints import Endpoints

ROOT = Path(__file__).resolve().parents[2]


class Host:
    """The functions host as a process of the test's own, started again whenever it was killed."""

    def __init__(self, endpoints: Endpoints, state: Path) -> None:
        self._command = [sys.executable, "-m", "local_host.functions", "--root", str(ROOT)]
        self._command += ["--state", str(state / "functions"), "--port", str(endpoints.app)]
        self._environment = {**os.environ, **endpoints.environment(), "NIGHTSHIFT_RETRY_SECONDS": "1"}
        self._log = (state / "functions.log").open("ab")
        self._process = self._start()

    def kill(self) -> None:
        """SIGKILL, then a new process."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = self._start()

    def stop(self) -> None:
        """End it for good."""
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=self._log, stderr=subprocess.STDOUT
        )
