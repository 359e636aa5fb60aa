"""The same content twice: within a batch, by the run that decided on it, and by another run."""

from pathlib import Path

import pytest
import yaml

from nightshift.domain.uploads.contract import ContractViolationError
from nightshift.domain.uploads.dataset import DatasetManifest
from tests.support.model_data import accept_file, upload_file, validate
from tests.support.responder import ROOT, Case

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def filed(case: Case) -> Case:
    """A model whose contract takes files of two rows."""
    document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
    case.specify(contract=document["contract"] | {"min_rows": 1})
    return case


def test_a_content_that_comes_twice_in_a_batch_is_trained_on_once(filed: Case, tmp_path: Path) -> None:
    """Three files, the third with the content of the first: it is refused by name, and 4 of the 6 rows are left."""
    uploads = [upload_file(filed, tmp_path, name, day) for name, day in (("a", 1), ("b", 2), ("c", 1))]
    result = validate(filed, "lifecycle-x", *uploads)
    assert result.refused == (f"{filed.model}/c.csv",)
    first, second, third = result.parts
    assert (first.digest, first.report.violations, second.report.violations) == (third.digest, (), ())
    assert [violation.rule for violation in third.report.violations] == ["duplicate_upload"]
    manifest = DatasetManifest.model_validate_json(filed.services.blobs.read(result.manifest))
    assert [(part.digest, part.rows) for part in manifest.parts] == [(first.digest, 2), (second.digest, 2)]


def test_a_batch_of_one_content_is_not_refused_whole(filed: Case, tmp_path: Path) -> None:
    """The first of them is what the others are duplicates of."""
    uploads = [upload_file(filed, tmp_path, name, day=1) for name in "abc"]
    assert validate(filed, "lifecycle-x", *uploads).refused == (f"{filed.model}/b.csv", f"{filed.model}/c.csv")


def test_what_a_run_has_decided_on_is_no_duplicate_when_it_validates_again(filed: Case, tmp_path: Path) -> None:
    """The step is delivered once more after the decision: the same answer. Another run may not take the content."""
    known = accept_file(filed, tmp_path, "a", day=1)
    again = validate(filed, known.run, known.upload)
    assert (again.refused, again.parts[0].digest, again.parts[0].report.violations) == ((), known.digest, ())
    with pytest.raises(ContractViolationError) as refused:
        validate(filed, "lifecycle-x", known.upload)
    assert "duplicate_upload" in refused.value.fields["rules"]
