"""Clusters that are on their way to a state, by the clock alone."""

import pytest

from local_host.databricks.cluster_store import ClusterStore
from local_host.databricks.database import Database

from .conftest import Clock


@pytest.fixture
def clusters(database: Database, clock: Clock) -> ClusterStore:
    """A store whose clusters take a second to start and to terminate."""
    return ClusterStore(database, clock, 1000)


def _state(clusters: ClusterStore, cluster_id: str) -> str:
    found = clusters.get(cluster_id)
    assert found is not None
    return found.state


def test_a_cluster_starts_and_terminates_in_time(clusters: ClusterStore, clock: Clock) -> None:
    """PENDING, RUNNING, TERMINATING, TERMINATED, PENDING again."""
    made = clusters.create("explore", {"num_workers": 1}).cluster_id
    states = [_state(clusters, made)]
    clock.milliseconds += 1000
    states.append(_state(clusters, made))
    clusters.terminate(made, "USER_REQUEST")
    states.append(_state(clusters, made))
    clock.milliseconds += 1000
    states.append(_state(clusters, made))
    clusters.start(made)
    states.append(_state(clusters, made))
    assert states == ["PENDING", "RUNNING", "TERMINATING", "TERMINATED", "PENDING"]


def test_how_long_a_task_waits_for_its_cluster(clusters: ClusterStore, clock: Clock) -> None:
    """As long as the cluster is still PENDING."""
    made = clusters.create("explore", {}).cluster_id
    clock.milliseconds += 400
    assert clusters.seconds_to_start(made) == pytest.approx(0.6)
    clock.milliseconds += 600
    assert clusters.seconds_to_start(made) == 0.0


def test_terminating_again_changes_nothing(clusters: ClusterStore, clock: Clock) -> None:
    """A second order does not make it TERMINATING again."""
    made = clusters.create("explore", {}).cluster_id
    clusters.terminate(made, "USER_REQUEST")
    clock.milliseconds += 1000
    clusters.terminate(made, "USER_REQUEST")
    assert _state(clusters, made) == "TERMINATED"


def test_newest_first(clusters: ClusterStore) -> None:
    """By creation, however often one was started since."""
    first, second = (clusters.create(name, {}).cluster_id for name in ("a", "b"))
    clusters.terminate(first, "USER_REQUEST")
    clusters.start(first)
    assert [cluster.cluster_id for cluster in clusters.all()] == [second, first]
