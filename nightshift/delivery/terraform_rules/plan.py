"""What Terraform plans for one environment: resources with their values, and what each waits for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Resource:
    """One planned resource.

    Attributes:
        address: with its module and its key, such as ``module.storage.azurerm_storage_account.data``.
        values: planned; what only Azure knows is a mock's, its ids well-formed and different from all others.
    """

    address: str
    type: str
    values: Mapping[str, Any] = field(repr=False)
    index: str | int | None = None

    @property
    def id(self) -> str:
        """Its id in Azure."""
        return str(self.values.get("id") or "")

    @property
    def configured_at(self) -> str:
        """The address without keys: what the dependency graph knows."""
        parts, depth = [], 0
        for char in self.address:
            depth += char == "["
            if depth == 0:
                parts.append(char)
            depth -= char == "]"
        return "".join(parts)

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """The nested blocks of one name."""
        found = self.values.get(name)
        return found if isinstance(found, list) else []

    def block(self, name: str) -> Mapping[str, Any]:
        """The one nested block of a name; empty if there is none."""
        blocks = self.blocks(name)
        return blocks[0] if blocks else {}


@dataclass(frozen=True)
class Plan:
    """One environment's plan.

    Attributes:
        environment: dev, qa or prod, as its values say.
        edges: what each resource of the configuration waits for directly, by address without keys.
        registered: resource providers that Terraform registers beside its own list.
        roles: the table of rights and calls, ``terraform/roles.yml``.
        registrations: the name of Terraform's own list of resource providers; ``none`` is an empty one.
    """

    environment: str
    resources: tuple[Resource, ...]
    edges: Mapping[str, frozenset[str]] = field(default_factory=dict)
    registered: frozenset[str] = frozenset()
    roles: Mapping[str, Any] = field(default_factory=dict)
    registrations: str = "legacy"

    @classmethod
    def of(
        cls,
        environment: str,
        changes: Iterable[Mapping[str, Any]],
        edges: Iterable[tuple[str, str]] = (),
        registered: Iterable[str] = (),
        roles: Mapping[str, Any] | None = None,
        registrations: str = "legacy",
    ) -> "Plan":
        """From the ``resource_changes`` of Terraform's JSON and the edges of ``terraform graph``."""
        resources = tuple(
            Resource(change["address"], change["type"], change["change"]["after"], change.get("index"))
            for change in changes
            if change.get("mode", "managed") == "managed" and change["change"].get("after") is not None
        )
        graph: dict[str, set[str]] = {}
        for waits, on in edges:
            graph.setdefault(waits, set()).add(on)
        found = {name: frozenset(ends) for name, ends in graph.items()}
        return cls(environment, resources, found, frozenset(registered), roles or {}, registrations)

    def of_type(self, *types: str) -> list[Resource]:
        """The resources of some types."""
        return [resource for resource in self.resources if resource.type in types]

    def sites(self) -> Iterator[Resource]:
        """The function apps, through whichever provider they are made."""
        for resource in self.resources:
            if resource.type == "azurerm_linux_function_app" or azure_type(resource) == "Microsoft.Web/sites":
                yield resource

    @cached_property
    def by_id(self) -> Mapping[str, Resource]:
        """Each resource by its id in Azure, in lower case."""
        return {resource.id.lower(): resource for resource in self.resources if resource.id.startswith("/")}

    def waits_for(self, resource: Resource) -> frozenset[str]:
        """Everything that is there before this resource is made, by address without keys."""
        seen: set[str] = set()
        ahead = [resource.configured_at]
        while ahead:
            for following in self.edges.get(ahead.pop(), frozenset()) - seen:
                seen.add(following)
                ahead.append(following)
        return frozenset(seen)

    def principal_of(self, resource: Resource) -> str:
        """Object id of the identity that a resource calls with; empty if it has none."""
        identity = resource.block("identity")
        if "SystemAssigned" in str(identity.get("type") or ""):
            return str(identity.get("principal_id") or "")
        for identity_id in identity.get("identity_ids") or []:
            known = self.by_id.get(str(identity_id).lower())
            if known is not None:
                return str(known.values.get("principal_id") or "")
        return ""

    def holder_of(self, scope: str) -> Resource | None:
        """The planned resource that a scope is, or lies in: of a container's id, the storage account."""
        parts = scope.lower().split("/")
        while len(parts) > 8:
            if "/".join(parts) in self.by_id:
                return self.by_id["/".join(parts)]
            parts = parts[:-2]
        return self.by_id.get("/".join(parts))


def azure_type(resource: Resource) -> str:
    """Azure's own name of the type of a resource that is made through azapi; empty for others."""
    return str(resource.values.get("type") or "").split("@")[0] if resource.type.startswith("azapi_") else ""
