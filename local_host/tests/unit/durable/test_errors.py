"""The engine's errors: what they say and what they are."""

from __future__ import annotations

import pytest

from local_host.durable import errors


@pytest.mark.parametrize(
    ("error", "builtin", "message"),
    [
        (errors.InstanceNotFoundError("a"), LookupError, "No instance with ID 'a' found."),
        (errors.InstanceExistsError("a", "Running"), ValueError, "instance 'a' with the status Running already exists"),
        (
            errors.InstanceStateError("a", "Failed", "purge", "done"),
            ValueError,
            "purge instance 'a' with status Failed: it must be done.",
        ),
        (errors.InvalidRequestError("top", 0, "must be positive"), ValueError, "top is 0: must be positive"),
        (errors.FunctionNotFoundError("f", "activity", []), LookupError, "known activity functions: none."),
        (errors.NonDeterminismError("o", "task 1 differs"), RuntimeError, "orchestrator 'o': task 1 differs."),
        (errors.EngineStoppedError("stopped"), RuntimeError, "stopped"),
    ],
)
def test_errors_are_durable_errors_of_a_builtin_kind(error: Exception, builtin: type, message: str) -> None:
    """Callers may catch the family, the kind or the builtin."""
    assert isinstance(error, errors.DurableError)
    assert isinstance(error, builtin)
    assert message in str(error)
