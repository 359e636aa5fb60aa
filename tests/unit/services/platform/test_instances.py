"""Which states of Durable's mean that an instance has ended, and how its HTTP API is asked for them."""

from azure.durable_functions import OrchestrationRuntimeStatus as State

from nightshift.services.platform.instances import BROKEN_OFF, ENDED, name_states


def test_every_other_state_is_of_an_instance_that_goes_on() -> None:
    """A state that the SDK adds has to be sorted in here."""
    assert frozenset(State) - ENDED == {State.Pending, State.Running, State.ContinuedAsNew, State.Suspended}
    assert {State.Failed, State.Terminated, State.Canceled} == BROKEN_OFF


def test_states_are_asked_for_by_their_names() -> None:
    """In one order, whatever the order of the set."""
    assert name_states(ENDED) == "Canceled,Completed,Failed,Terminated"
