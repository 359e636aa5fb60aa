"""Runs the programs that delivery is made of: git, uv, terraform, az."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from nightshift.domain.platform.errors import NightshiftError


class CommandError(NightshiftError):
    """A program is missing or ended with an error; the message carries its own last words."""

    code = "command_failed"


def run(
    program: str,
    *arguments: str,
    cwd: Path | None = None,
    extra: Mapping[str, str] | None = None,
    given: str | None = None,
) -> bytes:
    """Run a program to its end and return what it wrote to stdout.

    Args:
        program: a name on the PATH, or a path.
        extra: environment variables on top of this process's.
        given: what it reads from stdin.

    Raises:
        CommandError: it is not installed, or its exit code is not 0.
    """
    found = shutil.which(program)
    if found is None:
        raise CommandError(f"{program} is missing: install it, or put it on the PATH", program=program)
    done = subprocess.run(
        [found, *arguments],
        cwd=cwd,
        env={**os.environ, **(extra or {})},
        input=None if given is None else given.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise CommandError(
            f"`{Path(program).name} {' '.join(arguments[:4])}` ended with {done.returncode}: {said[-2000:]}",
            program=program,
            status=done.returncode,
        )
    return done.stdout
