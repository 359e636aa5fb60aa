"""A run for its page."""

from review_page.run_page import comparisons
from tests.unit.review_page.examples import evidence, run_view


def test_the_comparisons_of_a_run() -> None:
    """Told by the evaluation's own steps; what another release wrote otherwise is passed over."""
    run = run_view().run
    step = run.steps[0].model_copy(update={"name": "evaluate_metrics", "error": ""})
    results = ({"summary": evidence().to_json()}, {"summary": {"rows": 1}}, {"summary": None}, "text", None)
    steps = tuple(step.model_copy(update={"result": result}) for result in results)
    other = step.model_copy(update={"name": "criticise_round", "result": results[0]})
    assert list(comparisons(run.model_copy(update={"steps": (*steps, other)}))) == [evidence()]
