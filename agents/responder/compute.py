"""Which compute a budget alert may pause: what says of itself that it is not essential, and nothing else."""

from collections.abc import Collection, Sequence

from domain.compute import ComputeResource

ESSENTIAL_TAG = "nightshift-essential"


def spared_because(resource: ComputeResource, protected: Collection[str], held: Collection[str] = ()) -> str:
    """Why a resource is not paused, as a phrase; empty if it may be."""
    tag = resource.tags.get(ESSENTIAL_TAG, "").strip().lower()
    if resource.name in protected or resource.id in protected:
        return "the playbook protects it"
    if tag == "true":
        return "it is tagged essential"
    if tag != "false":
        return f"it has no tag {ESSENTIAL_TAG}=false"
    if resource.state == "stopped" and resource.id not in held:
        return "it does not run"
    return ""


def choose(
    resources: Sequence[ComputeResource], protected: Collection[str], held: Collection[str] = ()
) -> tuple[tuple[ComputeResource, ...], dict[str, str]]:
    """Split compute into what is paused and what is spared, the latter with its reason by name.

    Args:
        held: ids that another lease has paused: this one holds them too, so that the end of the other starts nothing.
    """
    reasons = {resource.id: spared_because(resource, protected, held) for resource in resources}
    paused = tuple(resource for resource in resources if not reasons[resource.id])
    spared = {resource.name: reasons[resource.id] for resource in resources if reasons[resource.id]}
    return paused, spared
