"""Run the tests of each room against its mutants: a table, and the survivors that nobody has called equivalent.

python -m tests.mutants.run MUTANTS    the lines that generate.py has written

Exit 1 if fewer than 95 % were killed, if a survivor is not in equivalent.toml, or if a line there is out of date.

Starting Python and importing numpy and pytest takes longer than the tests of a room. So this process imports once what
is not ours, and forks for every mutant; the child finds the mutant in the place of its module.
"""

import contextlib
import gc
import importlib.machinery
import importlib.util
import io
import json
import os
import resource
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = ROOT / "tests/mutants/equivalent.toml"
LEAST_KILLED = 0.95
# A mutant may never end.
_TIMES, _LEAST_SECONDS = 5, 5
# What a mutant, or a test, can change: imported anew by every child.
_OURS = ("activities", "agents", "nightshift", "orchestrators", "tests", "unit")
Outcome = Literal["killed", "equivalent", "survived"]


@dataclass(frozen=True)
class Mutant:
    """One change of one line, as generate.py writes it."""

    module: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    @property
    def change(self) -> tuple[str, str, str]:
        """What it does, wherever the line has moved to."""
        return self.module, self.before, self.after


@dataclass(frozen=True)
class Result:
    """What became of the mutants, in their order, and what equivalent.toml says that is not so any more."""

    outcomes: tuple[tuple[Mutant, Outcome], ...]
    outdated: tuple[tuple[str, str, str], ...]

    @property
    def survivors(self) -> list[Mutant]:
        """Those that are not called equivalent."""
        return [mutant for mutant, outcome in self.outcomes if outcome == "survived"]

    @property
    def killed(self) -> float:
        """The killed share of all mutants, the equivalent ones included."""
        return sum(outcome == "killed" for _, outcome in self.outcomes) / max(len(self.outcomes), 1)

    @property
    def passed(self) -> bool:
        """Whether the tests notice enough, and the list is true."""
        return self.killed >= LEAST_KILLED and not self.survivors and not self.outdated


def find_tests(module: str) -> str:
    """The mirrored test of a module, or without one the tests of its folder."""
    path = Path(module)
    folder = Path("tests/unit", *(part for part in path.parent.parts if part != "nightshift"))
    mirrored = folder / f"test_{path.name}"
    return (mirrored if (ROOT / mirrored).exists() else folder).as_posix()


def equivalents() -> dict[tuple[str, str, str], str]:
    """The changes that change nothing that anybody could see, with the reason."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {(item["module"], item["before"], item["after"]): item["reason"] for item in listed}


def judge(mutants: Sequence[Mutant], survived: Iterable[int], known: dict[tuple[str, str, str], str]) -> Result:
    """Hold what survived, by its place among the mutants, against what is known as equivalent."""
    alive = set(survived)
    outcomes: list[tuple[Mutant, Outcome]] = []
    for number, mutant in enumerate(mutants):
        kind: Outcome = "equivalent" if mutant.change in known else "survived"
        outcomes.append((mutant, kind if number in alive else "killed"))
    seen = {mutant.change for mutant, outcome in outcomes if outcome == "equivalent"}
    modules = {mutant.module for mutant in mutants}
    outdated = tuple(change for change in known if change[0] in modules and change not in seen)
    return Result(tuple(outcomes), outdated)


def report(result: Result, seconds: float) -> Iterator[str]:
    """The table, then what has to be looked at."""
    yield f"{'module':<46}{'mutants':>8}{'killed':>8}{'equivalent':>12}{'survived':>10}"
    counts = Counter((mutant.module, outcome) for mutant, outcome in result.outcomes)
    for module in sorted({mutant.module for mutant, _ in result.outcomes}):
        killed, equivalent, survived = (counts[module, kind] for kind in ("killed", "equivalent", "survived"))
        yield f"{module:<46}{killed + equivalent + survived:>8}{killed:>8}{equivalent:>12}{survived:>10}"
    for mutant in result.survivors:
        yield f"survived: {mutant.module}:{mutant.line} ({mutant.operator})"
        yield f"  - {mutant.before}"
        yield f"  + {mutant.after}"
    for module, before, after in result.outdated:
        yield f"not a survivor any more, remove it from {EQUIVALENT.name}: {module}: {before!r} -> {after!r}"
    kinds = Counter(outcome for _, outcome in result.outcomes)
    yield (
        f"{len(result.outcomes)} mutants: {kinds['killed']} killed ({result.killed:.1%}, at least {LEAST_KILLED:.0%}),"
        f" {kinds['equivalent']} equivalent, {kinds['survived']} survived; {seconds:.0f} s"
    )


class _InPlace(importlib.machinery.SourceFileLoader):
    """Finds one module, and loads it from another source than its file's."""

    def __init__(self, mutant: Mutant) -> None:
        name = mutant.module.removesuffix(".py").replace("/", ".")
        super().__init__(name, str(ROOT / mutant.module))
        self._source = mutant.source

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, _fullname: str) -> Any:
        return compile(self._source, self.path, "exec")


def _import_what_is_not_ours(tests: Iterable[str]) -> None:
    """Import all that the tests need, and forget what is ours."""
    import pytest

    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(["--collect-only", "-q", *_OPTIONS, *tests])
    if code:
        raise SystemExit(f"the tests of the rooms cannot be collected:\n{said.getvalue()}")
    for name in list(sys.modules):
        if name.partition(".")[0] in _OURS:
            del sys.modules[name]
    # pytest collects garbage at the end of every run: it need not look at what is only there to be shared.
    gc.collect()
    gc.freeze()


# In one order and with the same examples each time, so that a mutant has the same end each time.
_OPTIONS = ("-n", "0", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=1")


def _start(tests: str, mutant: Mutant | None, seconds: int) -> int:
    """A child that runs tests against a mutant, or without one, for so many seconds of CPU; its process id."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        _run(tests, mutant, seconds)
    return process


def _run(tests: str, mutant: Mutant | None, seconds: int) -> NoReturn:
    code = 70
    try:
        # Not by the clock: on a busy machine a slow test would be taken for one that never ends.
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        if mutant is not None:
            sys.meta_path.insert(0, _InPlace(mutant))
        import pytest

        code = int(pytest.main(["-x", "-q", *_OPTIONS, tests]))
    finally:
        os._exit(code)


def _limit(tests: str) -> int:
    """After how many seconds of CPU a mutant is taken for one that never ends: several times what its tests take."""
    _start(tests, None, 600)
    _, status, usage = os.wait3(0)
    if status:
        raise SystemExit(f"{tests} fails without any mutant: mend it first")
    return _LEAST_SECONDS + _TIMES * int(usage.ru_utime + usage.ru_stime)


def _survivors(mutants: Sequence[Mutant], limits: dict[str, int]) -> Iterator[int]:
    """The places of the mutants that no test noticed; as many run at once as there are cores."""
    running: dict[int, int] = {}
    queue = list(enumerate(mutants))[::-1]
    while queue or running:
        while queue and len(running) < (os.cpu_count() or 1):
            number, mutant = queue.pop()
            tests = find_tests(mutant.module)
            running[_start(tests, mutant, limits[tests])] = number
        process, status = os.wait()
        number = running.pop(process)
        if status == 0:
            yield number


def main() -> None:
    """Run, report, and say by the exit code whether the tests notice enough."""
    begun = time.monotonic()
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    mutants = [Mutant(**json.loads(line)) for line in lines]
    if not mutants:
        raise SystemExit("no module below these paths is a room of rooms.toml")
    os.chdir(ROOT)
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory(prefix="nightshift-mutants-") as folder:
        # Examples that a mutant fails by are no examples of ours.
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder
        tests = sorted({find_tests(mutant.module) for mutant in mutants})
        _import_what_is_not_ours(tests)
        # A process that watches each test run would cost more than the run, and no test of a room starts any.
        with patch("local_host.watchdog.children_ended", contextlib.nullcontext):
            limits = {item: _limit(item) for item in tests}
            result = judge(mutants, _survivors(mutants, limits), equivalents())
    for line in report(result, time.monotonic() - begun):
        print(line)  # noqa: T201  # this is its output
    raise SystemExit(0 if result.passed else 1)


if __name__ == "__main__":
    main()
