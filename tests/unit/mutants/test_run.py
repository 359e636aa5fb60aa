"""What `make mutants` makes of the ends of its mutants, and that its rooms and its list are of today's code."""

import tomllib

import pytest

from tests.mutants.run import ROOT, Mutant, equivalents, find_tests, judge, report

ROOMS = tomllib.loads((ROOT / "tests/mutants/rooms.toml").read_text(encoding="utf-8"))


def _mutants(count: int, module: str = "agents/a.py") -> list[Mutant]:
    return [Mutant(module, "NumberReplacer", number, f"x = {number}", "x = -1", "") for number in range(count)]


def test_a_room_is_held_to_its_mirrored_test_or_to_those_of_its_folder() -> None:
    """Whatever of the package is in front of it."""
    assert find_tests("agents/champions/promotion.py") == "tests/unit/agents/champions/test_promotion.py"
    assert find_tests("nightshift/domain/ledger/ledger.py") == "tests/unit/domain/ledger/test_ledger.py"
    assert find_tests("agents/champions/nothing.py") == "tests/unit/agents/champions"


@pytest.mark.parametrize("room", [*ROOMS["modules"], *ROOMS["without"]])
def test_every_room_is_there(room: str) -> None:
    """With tests; a module that has moved would be changed no more, without a word."""
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob(room)]
    assert found
    assert [module for module in found if not (ROOT / find_tests(module)).exists()] == []


@pytest.mark.parametrize("change", equivalents(), ids=lambda change: change[0])
def test_the_list_of_equivalent_mutants_is_of_todays_code(change: tuple[str, str, str]) -> None:
    """Its lines stand in their modules, so that who changes one sees it here, and the reason says why."""
    module, before, _ = change
    lines = {line.strip() for line in (ROOT / module).read_text(encoding="utf-8").splitlines()}
    assert before in lines
    assert len(equivalents()[change]) > 10


@pytest.mark.parametrize(("mutants", "survivors", "passed"), [(100, 5, True), (100, 6, False), (0, 0, False)])
def test_95_of_100_must_be_killed(mutants: int, survivors: int, passed: bool) -> None:
    """The equivalent ones are counted: a list cannot make up for tests."""
    made = _mutants(mutants)
    known = {mutant.change: "nobody can see it" for mutant in made[:survivors]}
    result = judge(made, range(survivors), known)
    assert (result.passed, result.survivors, result.outdated) == (passed, [], ())


def test_a_survivor_that_nobody_knows_fails_the_run() -> None:
    """However many are killed; it is shown with its place and both lines."""
    result = judge(_mutants(100), [7], {})
    assert (result.killed, result.passed) == (0.99, False)
    said = "\n".join(report(result, 60))
    assert "agents/a.py:7 (NumberReplacer)\n  - x = 7\n  + x = -1\n" in said
    assert said.endswith("100 mutants: 99 killed (99.0%, at least 95%), 0 equivalent, 1 survived; 60 s")


def test_what_is_no_survivor_any_more_leaves_the_list() -> None:
    """A test kills it, or the line is gone; of a module that was left out this time nothing is known."""
    gone, elsewhere = ("agents/a.py", "y = 1", "y = 2"), ("agents/b.py", "y = 1", "y = 2")
    made = _mutants(100)
    known = {made[0].change: "r", made[1].change: "r", gone: "r", elsewhere: "r"}
    result = judge(made, [0], known)
    assert (set(result.outdated), result.passed) == ({made[1].change, gone}, False)
