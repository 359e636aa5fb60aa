"""Which ordered fault hits what, and how often."""

from local_host.databricks.faults import FaultOrder, Faults


def test_nothing_happens_unordered() -> None:
    """No order, no fault."""
    faults = Faults()
    assert faults.take_for_request("/api/2.2/jobs/run-now") is None
    assert faults.take_for_task("spot_loss") is None


def test_faults_are_used_up_in_order() -> None:
    """The oldest fitting order comes first and is gone after its times."""
    faults = Faults()
    faults.order(FaultOrder(kind="unauthorized", times=2))
    faults.order(FaultOrder(kind="service_unavailable"))
    kinds = [fault.kind if (fault := faults.take_for_request("/api/x")) else None for _ in range(4)]
    assert kinds == ["unauthorized", "unauthorized", "service_unavailable", None]


def test_path_is_a_prefix() -> None:
    """An order for a path leaves other paths alone."""
    faults = Faults()
    faults.order(FaultOrder(kind="too_many_requests", path="/api/2.2/jobs/runs"))
    assert faults.take_for_request("/api/2.2/jobs/list") is None
    assert faults.take_for_request("/api/2.2/jobs/runs/get") is not None


def test_lost_response_hits_what_creates_runs() -> None:
    """Without a path, only run-now and submit lose their answers."""
    faults = Faults()
    faults.order(FaultOrder(kind="lost_response", times=2))
    assert faults.take_for_request("/api/2.2/jobs/runs/get") is None
    assert faults.take_for_request("/api/2.2/jobs/run-now") is not None
    assert faults.take_for_request("/api/2.1/jobs/runs/submit") is not None


def test_spot_loss_waits_for_its_delay() -> None:
    """The task runs for the delay first."""
    faults = Faults()
    faults.order(FaultOrder(kind="spot_loss", delay=2.0))
    assert faults.take_for_task("spot_loss", 1.9) is None
    assert faults.take_for_task("slow_start") is None
    assert faults.take_for_task("spot_loss", 2.0) is not None


def test_clear() -> None:
    """Orders can be taken back."""
    faults = Faults()
    faults.order(FaultOrder(kind="unauthorized"))
    faults.clear()
    assert faults.pending() == []


def test_internal_error_hits_a_request_and_update_failure_an_update() -> None:
    """Each is used up by its own."""
    faults = Faults()
    faults.order(FaultOrder(kind="internal_error"))
    faults.order(FaultOrder(kind="endpoint_update_failure"))
    assert faults.take_for_update() == FaultOrder(kind="endpoint_update_failure")
    assert faults.take_for_request("/api/x") == FaultOrder(kind="internal_error")
    assert faults.pending() == []
