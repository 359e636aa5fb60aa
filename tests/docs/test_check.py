"""The runner of ``make docs-check`` sees what is wrong, and every block of commands says whether it is executed."""

import json
from pathlib import Path

import pytest

from tests.docs.check import Step, check, execute, not_run, shell_blocks, steps, substituted
from tests.docs.markdown import Block, blocks, pages
from tests.docs.preparations import PREPARATIONS, Workplace

LANGUAGES = {"sh", "json", "yaml", "text", "kusto", "hcl"}


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A workplace whose stack is not running."""
    made = Workplace(tmp_path, tmp_path, {"PATH": "/usr/bin:/bin"})
    made.state.mkdir(parents=True)
    (made.state / "endpoints.json").write_text(json.dumps({"ports": {"app": 7071}}), encoding="utf-8")
    return made


def _step(text: str, *, code: int = 0, shows: str = "") -> Step:
    return Step(Block("docs/x.md", 1, "sh", text, "run 1"), 1, "", code, shows)


def test_every_block_says_what_it_is() -> None:
    """Its language, and for commands whether they are executed, in which order, or why not."""
    odd = [block.place for page in pages() for block in blocks(page) if block.language not in LANGUAGES]
    assert odd == []
    found = shell_blocks()
    assert len(steps(found)) + not_run(found).total() == len(found)


def test_orders_are_single_and_preparations_known() -> None:
    """Two blocks of one number would run in an order that nobody has chosen."""
    listed = steps(shell_blocks())
    orders = [step.order for step in listed]
    assert orders == sorted(set(orders))
    assert {step.after for step in listed} - {""} == set(PREPARATIONS)


@pytest.mark.parametrize("marker", ["", "run", "run soon", "not run", "runs 3", "run 3 exit=x"])
def test_a_block_without_a_marker_is_refused(marker: str) -> None:
    """It would be executed by nobody, and counted by nobody."""
    with pytest.raises(ValueError, match="docs/x.md:7: must be marked"):
        steps([Block("docs/x.md", 7, "sh", "true", marker)])


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (_step("true"), ""),
        (_step("false; true"), "exit code 1 and not 0"),
        (_step("false | cat"), "exit code 1 and not 0"),
        (_step("exit 2", code=2), ""),
        (_step("exit 1", code=2), "exit code 1 and not 2"),
        (_step("echo promoted", shows="promoted"), ""),
        (_step("echo rejected", shows="promoted"), "does not contain 'promoted'"),
        (_step("no-such-command"), "exit code 127"),
    ],
    ids=lambda value: value.block.text if isinstance(value, Step) else "",
)
def test_what_a_block_does_is_held_against_its_page(place: Workplace, step: Step, problem: str) -> None:
    """Its exit code and its output."""
    found = execute(step, place)
    assert problem in found
    assert bool(found) == bool(problem)


def test_a_failed_block_is_reported_and_the_others_go_on(place: Workplace) -> None:
    """One run names everything that is wrong."""
    said: list[str] = []
    assert check([_step("false"), _step("true")], place, said.append) == ["docs/x.md:1"]
    assert [line.split()[0] for line in said if "docs/x.md" in line] == ["FAILED", "ok"]


def test_values_of_the_stack_take_the_place_of_words(place: Workplace) -> None:
    """In commands, not in their comments, and not within other words; paths lead into the runner's folder."""
    text = (
        "curl http://127.0.0.1:PORT/x  # PORT\necho REPORT WHY > Config.json\ncp .nightshift/demo/state a/Config.json"
    )
    assert substituted(text, place, 1).splitlines() == [
        "curl http://127.0.0.1:7071/x",
        f"echo REPORT 'a reason' > {place.folder}/Config.json",
        f"cp {place.folder}/.nightshift/state a/Config.json",
    ]


def test_a_command_of_two_lines_is_one(place: Workplace) -> None:
    """Comments and empty lines are none."""
    del place
    assert _step("# first\ncurl \\\n  -s\n\ntrue").commands == 2
