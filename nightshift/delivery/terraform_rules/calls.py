"""Holds the table of calls, ``terraform/roles.yml``, against a plan: for every call a right, a way and a name."""

from collections.abc import Iterator, Mapping
from typing import Any

from nightshift.delivery.terraform_rules.firewalls import (
    closed_ports,
    endpoint_resolves,
    is_closed,
    kept_in,
    leaves_by_gateway,
    lets_trusted_services_in,
    private_endpoints,
    public_way,
)
from nightshift.delivery.terraform_rules.plan import Plan, Resource
from nightshift.delivery.terraform_rules.rule import Breach
from nightshift.domain.response.alert import QUEUES

_SUBNETS = {"functions": ("functions",), "databricks": ("databricks-public", "databricks-private")}
_CONTAINERS = {"event_dead_letters": "event-dead-letters"}
_BY_TYPE = {
    "lifecycle_topic": "azurerm_eventgrid_topic",
    "insights": "azurerm_application_insights",
    "key_vault": "azurerm_key_vault",
    "resource_group": "azurerm_resource_group",
}
_WORKSPACE = "azurerm_databricks_workspace"
Call = Mapping[str, Any]


def calls(plan: Plan) -> list[Call]:
    """The rows that this environment makes: the task hub is called only where it is the backend."""
    rows: list[Call] = plan.roles.get("calls") or []
    return [row for row in rows if row["to"] != "task_hub" or targets(plan, "task_hub")]


def without_role(plan: Plan) -> Iterator[Breach]:
    """Calls whose identity has no right on what they call."""
    rights = {(row["who"], row["role"], row["scope"]) for row in plan.roles.get("azure") or []}
    for row in calls(plan):
        if row["who"] not in {"app", "events", "data"} or not _is_azure(row):
            continue
        if not targets(plan, row["to"]):
            yield Breach(_name(row), f"{row['to']} is not planned")
        for target in targets(plan, row["to"]):
            if not _granted(plan, row, target):
                listed = (
                    "the table lists it" if (row["who"], row["needs"][0], row["to"]) in rights else "no row gives it"
                )
                end = target.rsplit("/", 1)[-1]
                yield Breach(_name(row), f"{row['who']} has no assignment {row['needs'][0]} on {end}; {listed}")


def without_way(plan: Plan) -> Iterator[Breach]:
    """Calls that no endpoint, no rule and no public address lets through."""
    for row in calls(plan):
        door = _door(plan, row)
        for subnet in _callers(plan, row):
            if row["door"] == "internet" and not leaves_by_gateway(plan, subnet):
                yield Breach(_name(row), f"{subnet.address} has no NAT gateway with an address")
            if row["door"] == "internet" and kept_in(plan, subnet, [443], "Internet"):
                yield Breach(_name(row), f"the security group of {subnet.address} lets nothing out on 443")
        for service in _services(plan, row) if door else []:
            endpoints = private_endpoints(plan, service, door["part"])
            if row["from"] == "event_grid":
                if is_closed(service) and not lets_trusted_services_in(service):
                    yield Breach(_name(row), f"{service.address} lets no trusted service in")
            elif row["from"] == "outside":
                if service.values.get("public_network_access_enabled") is False and not endpoints:
                    yield Breach(_name(row), f"{service.address} is closed and has no endpoint {door['part']}")
            else:
                for subnet in _callers(plan, row):
                    yield from _from_subnet(plan, row, service, subnet, endpoints)


def _from_subnet(
    plan: Plan, row: Call, service: Resource, subnet: Resource, endpoints: list[Resource]
) -> Iterator[Breach]:
    door = _door(plan, row)
    kept = kept_in(plan, subnet, door["ports"], "VirtualNetwork" if endpoints else "Internet")
    if kept:
        yield Breach(_name(row), f"the security group of {subnet.address} keeps in {', '.join(map(str, kept))}")
    if any(not closed_ports(plan, endpoint, door["ports"]) for endpoint in endpoints):
        return
    if endpoints:
        ports = ", ".join(map(str, door["ports"]))
        yield Breach(_name(row), f"{endpoints[0].address}: its subnet's security group keeps out {ports}")
    elif not public_way(plan, service, subnet):
        yield Breach(
            _name(row), f"{subnet.address} has neither endpoint nor rule for {door['part']} of {service.address}"
        )


def without_name(plan: Plan) -> Iterator[Breach]:
    """Calls to a private endpoint whose name the caller's network does not resolve: they go to the public address."""
    for row in calls(plan):
        door = _door(plan, row)
        for service in _services(plan, row) if door else []:
            for endpoint in private_endpoints(plan, service, door["part"]):
                for subnet in _callers(plan, row):
                    if not endpoint_resolves(plan, endpoint, door["zone"], subnet):
                        yield Breach(_name(row), f"{endpoint.address} is not in {door['zone']}, linked to the network")


def targets(plan: Plan, scope: str) -> list[str]:
    """The ids that a scope of the table means, found in the plan and not by Terraform's own table of scopes."""
    if scope in {"data_account", "host_account"}:
        container = "bronze" if scope == "data_account" else "releases"
        return [target.partition("/blobServices/")[0] for target in targets(plan, container)]
    if scope in _BY_TYPE:
        return [resource.id for resource in plan.of_type(_BY_TYPE[scope])]
    if scope == "function_app":
        return [site.id for site in plan.sites()]
    if scope == "task_hub":
        return [hub.id for hub in plan.of_type("azapi_resource") if "taskHubs" in str(hub.values.get("type"))]
    if scope in {"queues", "alert_queues", "blob_events_queue"}:
        return [
            f"{queue.values.get('namespace_id')}/queues/{queue.values.get('name')}"
            for queue in plan.of_type("azurerm_servicebus_queue")
            if scope == "queues" or (queue.values.get("name") in QUEUES.values()) == (scope == "alert_queues")
        ]
    return [
        f"{container.values.get('storage_account_id')}/blobServices/default/containers/{container.values.get('name')}"
        for container in plan.of_type("azurerm_storage_container")
        if container.values.get("name") == _CONTAINERS.get(scope, scope)
    ]


def _granted(plan: Plan, row: Call, target: str) -> bool:
    principals = _principals(plan, row["who"])
    return any(
        grant.values.get("principal_id") in principals
        and grant.values.get("role_definition_name") in row["needs"]
        and f"{target}/".lower().startswith(f"{grant.values.get('scope')}/".lower())
        for grant in plan.of_type("azurerm_role_assignment")
    )


def _principals(plan: Plan, who: str) -> set[str]:
    """Object ids that really call as this identity, from what carries it."""
    carriers = {
        "app": list(plan.sites()),
        "events": plan.of_type("azurerm_eventgrid_system_topic"),
        "data": plan.of_type("azurerm_databricks_access_connector"),
    }[who]
    return {principal for carrier in carriers if (principal := plan.principal_of(carrier))}


def _door(plan: Plan, row: Call) -> Mapping[str, Any]:
    """How the called part is reached privately; empty for what has no such part."""
    found: Mapping[str, Any] = (plan.roles.get("doors") or {}).get(row["door"]) or {}
    return found


def _callers(plan: Plan, row: Call) -> list[Resource]:
    names = _SUBNETS.get(row["from"], ())
    return [subnet for subnet in plan.of_type("azurerm_subnet") if subnet.values.get("name") in names]


def _services(plan: Plan, row: Call) -> list[Resource]:
    if row["door"] == "workspace":
        return plan.of_type(_WORKSPACE)
    if row["door"] == "monitor":
        return plan.of_type("azurerm_monitor_private_link_scope")
    if row["door"] == "app":
        return list(plan.sites())
    accounts = {target.partition("/blobServices/")[0].partition("/queues/")[0] for target in targets(plan, row["to"])}
    return [service for account in sorted(accounts) if (service := plan.by_id.get(account.lower()))]


def _is_azure(row: Call) -> bool:
    """Databricks' own rights are held against the table alone: their ids are known to the workspace only."""
    return bool(row.get("needs")) and " " in row["needs"][0]


def _name(row: Call) -> str:
    return f"{row['caller']} -> {row['to']}"
