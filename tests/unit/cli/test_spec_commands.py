"""`nightshift spec`: check, init, schema; and what doctor says of specs."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from nightshift.cli.main import app
from nightshift.cli.options import ROOT
from nightshift.cli.spec_commands import SCHEMA_FILE, examine_specs, schema_text
from nightshift.clients.platform.spec_files import check_spec, load_spec
from nightshift.validation.check import check_file
from tests.unit.validation.test_cases import CASES

SPECS = ROOT / "model_specs"
RUNNER = CliRunner()
WHEN = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A spec with two mistakes."""
    document = yaml.safe_load((SPECS / "canary.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "canary.yaml"
    path.write_text(yaml.safe_dump(document | {"kind": "guess", "improvment": {}}), encoding="utf-8")
    return path


def test_the_shipped_specs_are_checked_by_default() -> None:
    """All of them, and they are good."""
    result = RUNNER.invoke(app, ["spec", "check"])
    assert (result.exit_code, result.output.count(": ok")) == (0, 3)


def test_every_problem_of_a_file_is_said(broken: Path) -> None:
    """As text, and as JSON with field, value and rule."""
    assert RUNNER.invoke(app, ["spec", "check", str(broken)]).exit_code == 1
    result = RUNNER.invoke(app, ["spec", "check", str(broken), "--json"])
    assert result.exit_code == 1
    (item,) = json.loads(result.output)["items"]
    assert [(problem["field"], problem["value"]) for problem in item["problems"]] == [
        ("kind", "guess"),
        ("improvment", "..."),
    ]
    assert item["problems"][1]["rule"].endswith("did you mean 'improvement'?")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.yml", "", "must end in .yaml"),
        ("b.yaml", "a: [", "must be YAML"),
        ("c.yaml", "a: 1\na: 2\n", "stands twice"),
        ("d.yaml", "- 1\n", "must be an object"),
    ],
)
def test_a_file_that_is_no_spec_is_a_problem_of_the_file(tmp_path: Path, name: str, content: str, rule: str) -> None:
    """It is said, not raised."""
    (tmp_path / name).write_text(content, encoding="utf-8")
    (problem,) = check_spec(tmp_path / name)
    assert rule in problem.rule


def test_fields_that_cannot_work_together_are_a_problem(tmp_path: Path) -> None:
    """Each alone is allowed; a run would start a loop that may try nothing."""
    document = yaml.safe_load((SPECS / "canary.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "canary.yaml"
    path.write_text(yaml.safe_dump(document | {"improvement": {"after": ["worse"]}}), encoding="utf-8")
    assert [problem.field for problem in check_spec(path)] == ["improvement.after"]


def test_doctor_names_broken_specs(broken: Path) -> None:
    """And what to do; good ones are counted."""
    finding = examine_specs(broken.parent)
    assert (finding.ok, "canary.yaml: kind = 'guess'" in finding.detail) == (False, True)
    assert "nightshift spec check" in finding.advice
    assert examine_specs(SPECS).ok


@pytest.mark.parametrize("name", ["files/p01_ok.parquet", "files/c01_ok.csv"])
def test_a_draft_of_a_file_is_a_spec_that_the_file_meets(tmp_path: Path, name: str) -> None:
    """With the dtypes that it has; a file that is there is not overwritten."""
    source, out = CASES / name, tmp_path / "drafted.yaml"
    command = ["spec", "init", str(source), "--name", "drafted", "--out", str(out)]
    assert RUNNER.invoke(app, command).exit_code == 0
    spec = load_spec(out)
    dtypes = {column.name: column.dtype for column in spec.contract.columns}
    assert {"ts": "timestamp", "day": "date", "flag": "boolean", "qty": "integer"}.items() <= dtypes.items()
    assert (spec.training.time_column, spec.contract.key) == ("ts", ("ts",))
    contract = spec.contract.model_copy(update={"min_rows": 1, "freshness": None})
    report = check_file(
        source,
        "parquet" if source.suffix == ".parquet" else "csv",
        contract,
        uploaded_at=WHEN,
    )
    assert report.passed, report.violations
    assert RUNNER.invoke(app, command).exit_code != 0


def test_a_file_that_cannot_be_read_makes_no_draft(tmp_path: Path) -> None:
    """The reason is the contract's own."""
    (tmp_path / "a.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    result = RUNNER.invoke(
        app, ["spec", "init", str(tmp_path / "a.csv"), "--name", "aa", "--out", str(tmp_path / "a1.yaml")]
    )
    assert "separated by commas" in str(result.exception)
    assert not (tmp_path / "a1.yaml").exists()


def test_a_file_without_a_feature_makes_no_draft(tmp_path: Path) -> None:
    """`spec check` would refuse it: the reason names what the file has."""
    (tmp_path / "a.csv").write_text("at,sold\n2024-01-01,1\n2024-01-02,2\n", encoding="utf-8")
    out = tmp_path / "a1.yaml"
    result = RUNNER.invoke(app, ["spec", "init", str(tmp_path / "a.csv"), "--name", "aa", "--out", str(out)])
    assert result.exit_code != 0
    assert "a column to predict from" in str(result.exception)
    assert "'at', 'sold'" in str(result.exception)
    assert not out.exists()


def test_the_schema_file_is_the_models_and_takes_the_shipped_specs() -> None:
    """`nightshift spec schema > model_specs/spec.schema.json` writes it."""
    assert (SPECS / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()
    schema = json.loads(schema_text())
    for path in SPECS.glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)


def test_a_spec_that_is_nested_too_deep_is_a_problem_of_its_file(tmp_path: Path) -> None:
    """It is no fault of the command."""
    path = tmp_path / "deep.yaml"
    path.write_text("[" * 20_000, encoding="utf-8")
    result = RUNNER.invoke(app, ["spec", "check", str(path)])
    assert (result.exit_code, "must not be nested so deep" in result.output) == (1, True)
    assert isinstance(result.exception, SystemExit)
