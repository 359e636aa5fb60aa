"""The command line, `local-host`."""

from pathlib import Path

import pytest

from local_host.__main__ import main


@pytest.mark.parametrize("command", ["up", "doctor"])
def test_a_folder_without_an_app_is_refused_and_left_as_it_is(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever mistypes a folder is told so; none is made for what they typed."""
    nowhere = tmp_path / "no app"
    with pytest.raises(SystemExit) as raised:
        main([command, str(nowhere)])
    assert raised.value.code == 2
    assert f"{nowhere} has no host.json" in capsys.readouterr().err
    assert not nowhere.exists()


def test_a_stack_can_be_ended_whose_app_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is looked for in its state folder; none is made where there is none."""
    state = tmp_path / "state"
    assert main(["down", str(tmp_path / "gone"), "--state", str(state)]) == 1
    assert f"No stack is running in {state}" in capsys.readouterr().err
    assert not state.exists()
