"""The README shows what is there."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_of_a_test_is_one_that_runs() -> None:
    """It is a file of the sample app, which pytest collects."""
    code = README.partition("```python\n")[2].partition("```\n")[0]
    assert code == (ROOT / "tests" / "sample_app" / "test_orders.py").read_text(encoding="utf-8")
