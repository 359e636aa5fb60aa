"""A person asks for an improvement over HTTP: the loop runs, its rounds are listed and traced, feedback is kept."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from nightshift.cli.app_client import AppRefusedError
from nightshift.cli.upload_command import await_run
from nightshift.domain.platform.names import IMPROVEMENT
from tests.e2e.conftest import RunningApp, good_file

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


@pytest.fixture
def model(running: RunningApp) -> Iterator[str]:
    """A model whose loop may only narrow the training window, twice."""
    name = f"improving_{uuid4().hex[:8]}"
    document = yaml.safe_load((running.specs / "revenue_forecast.yaml").read_text(encoding="utf-8"))
    bounds = {"actions": ["adjust_training_window"], "window_days": {"minimum": 60, "maximum": 200}}
    improvement = {"after": [], "max_iterations": 2, "bounds": bounds}
    own = running.specs / f"{name}.yaml"
    own.write_text(yaml.safe_dump(document | {"name": name, "improvement": improvement}), encoding="utf-8")
    yield name
    own.unlink()


def test_an_improvement_that_is_asked_for(running: RunningApp, model: str, tmp_path: Path) -> None:
    """Once per run; each round with plan, verdict and trace; a person's opinion stands with the trace."""
    first = running.upload(model, good_file(tmp_path, 1))
    assert running.outcome(first).outcome == "promoted"
    with pytest.raises(AppRefusedError, match="comment = None"):
        running.app.post(f"models/{model}/improvement", {})

    ordered = running.app.post(f"models/{model}/improvement", {"comment": "it must get better"})
    again = running.app.post(f"models/{model}/improvement", {"comment": "me too"})
    assert (ordered["improves"], ordered["repeated"], again["repeated"]) == (first, False, True)
    assert again["identity"] == ordered["identity"]

    run = await_run(running.app, model, ordered["identity"], seconds=240)
    outcome = running.outcome(run)
    loop = outcome.improvement
    assert loop is not None
    assert loop.run == run.replace("lifecycle-", f"{IMPROVEMENT}-", 1)
    assert loop.rounds
    assert all(item.trace and item.criticism and len(item.job_runs) == 1 for item in loop.rounds)

    said = running.app.post(f"runs/{run}/rounds/1/feedback", {"helpful": False, "comment": "too few days"})
    assert (said["trace"], said["round"]) == (loop.rounds[0].trace, 1)
    with pytest.raises(AppRefusedError, match="No such round"):
        running.app.post(f"runs/{run}/rounds/9/feedback", {"helpful": True, "comment": "which?"})

    told = running.app.get(f"runs/{run}/explanation")["entries"]
    kinds = [entry["kind"] for entry in told]
    assert kinds.count("criticism") == len(loop.rounds)
    assert running.app.get(f"runs/{loop.run}")["output"]["outcome"] == loop.outcome
