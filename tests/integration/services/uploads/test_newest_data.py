"""A retraining trains on the newest accepted files, unless the present champion has learned from them already."""

from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from mlflow import MlflowClient

from local_host.stack.endpoints import Endpoints
from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.platform.identity import digest
from nightshift.domain.uploads.upload import BlobRef
from nightshift.services.uploads.archive import kept_content, read_manifest, upload_from_archive
from nightshift.services.uploads.newest_data import newest_data
from tests.support.model_data import accept_file, validate
from tests.support.model_versions import make_champions, make_versions, tag_training
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def versions(trained: Case, mlflow_client: MlflowClient, tmp_path: Path) -> Case:
    """Versions 1 and 2: 1 was trained on file a, 2 on file d; nobody is champion yet."""
    make_versions(mlflow_client, trained.model, 2, tmp_path)
    files = trained.services.datasets.accepted(trained.model)
    for version, file in (("1", files[-1]), ("2", files[0])):
        tag_training(mlflow_client, trained.model, version, digest([file.digest]), file.run)
    return trained


def _names(case: Case, most: int = 3) -> tuple[list[str], bool]:
    """The files that a retraining would take, and whether there is anything new in them."""
    found = newest_data(case.services, case.model, most)
    return [Path(item.upload.name).stem for item in found.files], not found.nothing_new


def _set_freshness(case: Case, rule: dict[str, Any] | None) -> None:
    contract = case.services.specs.get(case.model).contract.to_json()
    case.specify(contract={**contract, "freshness": rule})


def _remove(tracked: Endpoints, blob: BlobRef) -> None:
    with BlobServiceClient.from_connection_string(tracked.storage_connection_string) as storage:
        storage.get_blob_client(blob.container, blob.name).delete_blob()


def test_all_files_since_the_champion_are_new(versions: Case) -> None:
    """Version 1 was trained on a; b, c and d were accepted since."""
    make_champions(versions.services, versions.model, ("1",))
    assert _names(versions) == (["b", "c", "d"], True)
    assert _names(versions, 4) == (["a", "b", "c", "d"], True)


def test_the_present_champion_counts_after_a_rollback(versions: Case) -> None:
    """Version 2 has learned from d, but version 1 is champion again, and has not."""
    make_champions(versions.services, versions.model, ("1", "2"))
    assert _names(versions) == (["b", "c", "d"], False)
    make_champions(versions.services, versions.model, ("1",))
    assert _names(versions) == (["b", "c", "d"], True)


def test_of_a_champion_from_elsewhere_nothing_is_known(
    trained: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """It has no tags of ours: the newest accepted files are trained on."""
    make_versions(mlflow_client, trained.model, 1, tmp_path)
    make_champions(trained.services, trained.model, ("1",))
    assert _names(trained) == (["b", "c", "d"], True)


def test_a_rejected_file_with_newer_rows_is_taken_though_another_was_accepted_after_it(
    trained: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """Newest means its rows: f (day 6) was rejected before e (day 5) made the champion."""
    accept_file(trained, tmp_path, "f", day=6, promoted=False)
    late = accept_file(trained, tmp_path, "e", day=5)
    make_versions(mlflow_client, trained.model, 1, tmp_path)
    tag_training(mlflow_client, trained.model, "1", digest([late.digest]), late.run)
    make_champions(trained.services, trained.model, ("1",))
    assert _names(trained, 1) == (["f"], True)
    assert _names(trained, 2) == (["f", "e"], True)


def test_a_backfill_is_no_newer_data(versions: Case, tmp_path: Path) -> None:
    """It was accepted after the champion's file, and all its rows are older."""
    make_champions(versions.services, versions.model, ("2",))
    _set_freshness(versions, {"column": "timestamp", "not_older_than_last": False})
    accept_file(versions, tmp_path, "z", day=3, year=2011, promoted=False)
    assert _names(versions) == (["b", "c", "d"], False)
    assert _names(versions, 5) == (["a", "b", "c", "d", "z"], False)


def test_without_a_freshness_rule_the_time_of_acceptance_counts(
    trained: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """A file without a newest row cannot be compared by it: the last accepted is the newest."""
    _set_freshness(trained, None)
    last = accept_file(trained, tmp_path, "e", day=1, year=2011, promoted=False)
    assert _names(trained) == (["c", "d", "e"], True)
    make_versions(mlflow_client, trained.model, 1, tmp_path)
    tag_training(mlflow_client, trained.model, "1", digest([last.digest]), last.run)
    make_champions(trained.services, trained.model, ("1",))
    assert _names(trained, 1) == (["e"], False)


def test_an_improvement_of_a_retraining_has_learned_from_its_files(
    trained: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """The champion's run is the improvement loop, whose data is that of the lifecycle that took b, c and d again."""
    files = trained.services.datasets.accepted(trained.model)[2::-1]
    again = (
        upload_from_archive(trained.services, trained.model, item.digest, item.upload, because="drift")
        for item in files
    )
    run = f"lifecycle-{trained.model}-0123456789abcdef"
    validate(trained, run, *again)
    manifest = read_manifest(trained.services, run)
    assert manifest is not None
    make_versions(mlflow_client, trained.model, 1, tmp_path)
    tag_training(mlflow_client, trained.model, "1", manifest.digest, improvement_of(run))
    make_champions(trained.services, trained.model, ("1",))
    assert _names(trained) == (["b", "c", "d"], False)


def test_a_champion_whose_manifest_is_gone_is_known_by_its_file(versions: Case, tracked: Endpoints) -> None:
    """The digest of a dataset of one file follows from the digest of the file."""
    make_champions(versions.services, versions.model, ("2",))
    newest = versions.services.datasets.accepted(versions.model)[0]
    _remove(tracked, BlobRef(container="silver", name=f"manifests/{newest.run}.json"))
    assert _names(versions) == (["b", "c", "d"], False)


def test_data_that_is_gone_from_the_archive_is_named(versions: Case, tracked: Endpoints, tmp_path: Path) -> None:
    """The only newer file has no copy: nothing is trained, and the reason names the file."""
    make_champions(versions.services, versions.model, ("2",))
    gone = accept_file(versions, tmp_path, "e", day=5, promoted=False)
    assert _names(versions) == (["c", "d", "e"], True)
    _remove(tracked, kept_content(versions.model, gone.digest, "csv"))
    found = newest_data(versions.services, versions.model, 3)
    assert "newest row 2012-01-04T01:00:00" in found.nothing_new
    assert f"{gone.upload.name} was accepted later, but no copy of it is kept" in found.nothing_new
