"""A run for its page."""

from types import SimpleNamespace
from typing import Any, cast

import azure.durable_functions as df

from nightshift.domain.champions.decision import Decision
from nightshift.domain.improvement.loop import Budget, Round
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.contract import ContractReport, Violation
from nightshift.domain.uploads.dataset import PartReport
from nightshift.domain.uploads.upload import Upload
from nightshift.pages.rendering import render
from nightshift.pages.run_page import comparisons, read_run, with_explanation
from nightshift.pages.views import RunView
from tests.unit.pages.examples import FRAME, NOW, evidence, run_view

RUN = "lifecycle-m-0123456789abcdef"


def test_the_comparisons_of_a_run() -> None:
    """Told by the evaluation's own steps; what another release wrote otherwise is passed over."""
    run = run_view().run
    step = run.steps[0].model_copy(update={"name": "evaluate_metrics", "error": ""})
    results = ({"summary": evidence().to_json()}, {"summary": {"rows": 1}}, {"summary": None}, "text", None)
    steps = tuple(step.model_copy(update={"result": result}) for result in results)
    other = step.model_copy(update={"name": "criticise_round", "result": results[0]})
    assert list(comparisons(run.model_copy(update={"steps": (*steps, other)}))) == [evidence()]


def _view(output: dict[str, Any], *results: tuple[str, Any], reason: str = "") -> RunView:
    """A run with these steps, each with its result."""
    view = run_view()
    step = view.run.steps[0].model_copy(update={"error": ""})
    steps = tuple(step.model_copy(update={"name": name, "result": result}) for name, result in results)
    run = view.run.model_copy(update={"output": output, "steps": steps, "reason": reason})
    return with_explanation(RunView(run=run, links=()))


def test_a_decided_run_says_why() -> None:
    """Rule, reason, metrics with intervals, and the rounds of improvement."""
    decision = Decision(
        action="reject", rule="worse", reason="worse beyond noise on r2", model="m", challenger_version="2",
        champion_version="1", evidence_digest="5" * 64,
    )  # fmt: skip
    plan = {
        "action": {"kind": "adjust_training_window", "days": 90},
        "rationale": "newer rows",
        "expected_effect": "less error",
    }
    round_ = {"number": 1, "plan": plan, "planned_by": "rules", "spent": Budget().to_json(), "error": "no memory\nleft"}
    rounds = [Round.from_json(round_).to_json(), {"number": "of another release"}]
    output = {"decision": decision.to_json(), "review_id": "r1", "improvement": {"rounds": rounds}}
    text = render(_view(output, ("evaluate_metrics", {"summary": evidence().to_json()})), FRAME)
    assert "reject version 2 by rule worse: worse beyond noise on r2" in text
    assert "-2.5 to -1.5" in text
    assert 'data-value="[20.0, -20.0]"' in text
    assert "Round 1: adjust_training_window" in text
    assert "no memory\nleft" in text
    assert 'href="/reviews/r1"' in text


async def test_the_page_of_a_run_is_the_explained_one() -> None:
    """Read from Durable: the reason stands on the page itself, for whoever has no shell."""
    decision = {"action": "reject", "rule": "worse", "reason": "worse beyond noise on r2", "model": "m"}
    decision |= {"challenger_version": "2", "champion_version": "1", "evidence_digest": "5" * 64}
    status = SimpleNamespace(
        instance_id=RUN,
        runtime_status=df.OrchestrationRuntimeStatus.Completed,
        output={"outcome": "rejected", "decision": decision},
        input_={"model": "m"},
        custom_status=None,
        created_time=NOW,
        last_updated_time=NOW,
        historyEvents=[],
    )

    async def get_status(_run: str, **_: Any) -> Any:
        return status

    client = cast("df.DurableOrchestrationClient", SimpleNamespace(get_status=get_status))
    services = cast("Services", SimpleNamespace(champions=SimpleNamespace(moves=lambda _model: ())))
    view = await read_run(client, services, RUN)
    assert view is not None
    assert "reject version 2 by rule worse: worse beyond noise on r2" in render(view, FRAME)


def test_a_halted_run_lists_its_violations() -> None:
    """Each by itself, with its rows."""
    upload = Upload(
        url="http://h/bronze/m/a.csv",
        container="bronze",
        name="m/a.csv",
        etag="1",
        size=1,
        event_time=NOW,
        event_id="e",
    )
    broken = tuple(Violation(rule="minimum", message=f"rule {number}", examples=("row 1: -1",)) for number in range(2))
    report = ContractReport(rows=3, violations=broken, engine="scan")
    parts = [PartReport(upload=upload, digest=None, report=report).to_json()]
    text = render(_view({}, ("validate_data", {"parts": parts})), FRAME)
    assert ("<li>rule 0" in text, "<li>rule 1" in text, "row 1: -1" in text) == (True, True, True)


def test_a_traceback_keeps_its_lines() -> None:
    """As text whose line breaks are shown."""
    text = render(_view({}, reason="Traceback:\n  File x\nValueError"), FRAME)
    assert '<dd class="said">Traceback:\n  File x\nValueError</dd>' in text


def test_a_run_of_another_shape_is_shown_all_the_same() -> None:
    """An output that is text, steps that failed, records of another release."""
    assert "Run of m" in render(_view({"decision": {"action": "of another release"}}, ("validate_data", None)), FRAME)
