"""Which compute a budget alert may pause: what says of itself that it is not essential, and nothing else."""

from collections.abc import Collection, Mapping, Sequence

from nightshift.domain.platform.text import shortened, units
from nightshift.domain.response.compute import ComputeResource

ESSENTIAL_TAG = "nightshift-essential"
# A lease is named in a ledger entry and in an incident; a workspace with more than this has a policy for it.
_MOST, _LONGEST_NAME, _LARGEST = 100, 60, 16_000
_LARGEST_EXCLUDED = 8_000


def excluded_because(resource: ComputeResource, protected: Collection[str], held: Collection[str] = ()) -> str:
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
    """Split compute into what is paused and what is excluded, the latter with its reason by name.

    Args:
        held: ids that another lease has paused: this one holds them too, so that the end of the other starts nothing.
    """
    reasons = {resource.id: excluded_because(resource, protected, held) for resource in resources}
    paused = tuple(resource for resource in resources if not reasons[resource.id])
    spared = {resource.name: reasons[resource.id] for resource in resources if reasons[resource.id]}
    return paused, spared


def leased(chosen: Sequence[ComputeResource]) -> tuple[ComputeResource, ...]:
    """As many of the resources as the records of one lease hold, with names that are cut to what they hold."""
    held: list[ComputeResource] = []
    size = 0
    for resource in chosen[:_MOST]:
        name = shortened(resource.name, _LONGEST_NAME)
        # The id stands in the order, and once more when it was started again.
        size += 2 * units(resource.id) + units(name) + 60
        if size > _LARGEST:
            break
        held.append(resource.model_copy(update={"name": name}))
    return tuple(held)


def excluded_shown(spared: Mapping[str, str]) -> dict[str, str]:
    """Excluded resources and their reasons, as many as a ledger entry holds; one more says how many are left out."""
    shown: dict[str, str] = {}
    size = 0
    for name, reason in list(spared.items())[:_MOST]:
        size += min(units(name), _LONGEST_NAME) + units(reason) + 10
        if size > _LARGEST_EXCLUDED:
            break
        shown[shortened(name, _LONGEST_NAME)] = reason
    left = len(spared) - len(shown)
    return {**shown, "left out": f"{left} more"} if left else shown
