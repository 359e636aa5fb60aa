"""Sign-in, network, Databricks, money: what is refused there, or made and without use."""

import re
from collections.abc import Iterator

from nightshift.delivery.terraform_rules.firewalls import closed_ports, private_endpoints
from nightshift.delivery.terraform_rules.plan import Plan, Resource
from nightshift.delivery.terraform_rules.rule import Breach

_BUDGETS = ("azurerm_consumption_budget_resource_group", "azurerm_consumption_budget_subscription")
_CONTROL_PLANE = [443, 6666, 3306, *range(8443, 8452)]
# In every subscription, whatever is registered.
_REGISTERED_BY_AZURE = {"microsoft.authorization", "microsoft.consumption", "microsoft.resources"}


def registration_without_owner(plan: Plan) -> Iterator[Breach]:
    """Azure Monitor takes a secure webhook only from an owner of its registration."""
    applications = {str(app.values.get("object_id")): app for app in plan.of_type("azuread_application")}
    for group in plan.of_type("azurerm_monitor_action_group"):
        for receiver in group.blocks("webhook_receiver"):
            for sign_in in receiver.get("aad_auth") or []:
                application = applications.get(str(sign_in.get("object_id")))
                if application is None:
                    yield Breach(group.address, "aad_auth.object_id is no registration of this configuration")
                elif not application.values.get("owners"):
                    yield Breach(group.address, f"aad_auth: {application.address} has owners = []")


def delegation_without_provider(plan: Plan) -> Iterator[Breach]:
    """A subnet cannot be delegated to a service whose provider is not registered."""
    for subnet in plan.of_type("azurerm_subnet"):
        for delegation in subnet.blocks("delegation"):
            for service in delegation.get("service_delegation") or []:
                namespace = str(service.get("name")).partition("/")[0]
                if namespace == "Microsoft.App" and namespace not in plan.registered:
                    yield Breach(subnet.address, f"delegation to {service['name']} without {namespace} registered")


def provider_not_registered(plan: Plan) -> Iterator[Breach]:
    """With ``none`` azurerm registers what is listed and nothing of its own list."""
    if plan.registrations != "none":
        return
    known = {name.lower() for name in plan.registered} | _REGISTERED_BY_AZURE
    needed = {name for resource in plan.resources for name in re.findall(r"/providers/([\w.]+)/", resource.id)}
    for name in sorted(needed):
        if name.lower() not in known:
            yield Breach("provider.azurerm", f"resource_provider_registrations = none, and {name} is not listed")


def control_plane_ports(plan: Plan) -> Iterator[Breach]:
    """Clusters reach the control plane by its endpoint, on more ports than HTTPS."""
    for workspace in plan.of_type("azurerm_databricks_workspace"):
        if workspace.values.get("network_security_group_rules_required") != "NoAzureDatabricksRules":
            continue
        endpoints = private_endpoints(plan, workspace, "databricks_ui_api")
        if not endpoints:
            yield Breach(workspace.address, "NoAzureDatabricksRules without a private endpoint databricks_ui_api")
        for endpoint in endpoints:
            closed = closed_ports(plan, endpoint, _CONTROL_PLANE)
            if closed:
                yield Breach(endpoint.address, f"the subnet's security group keeps out {', '.join(map(str, closed))}")


def public_root_storage(plan: Plan) -> Iterator[Breach]:
    """A private workspace whose own storage, which holds MLflow's artifacts, answers the internet."""
    for workspace in plan.of_type("azurerm_databricks_workspace"):
        if workspace.values.get("public_network_access_enabled") is not False:
            continue
        if workspace.values.get("default_storage_firewall_enabled") is not True:
            yield Breach(workspace.address, "default_storage_firewall_enabled is not true")
            continue
        managed = _managed_groups(workspace)
        connected = {
            part
            for endpoint in plan.of_type("azurerm_private_endpoint")
            for connection in endpoint.blocks("private_service_connection")
            if any(group in str(connection.get("private_connection_resource_id")).lower() for group in managed)
            for part in connection.get("subresource_names") or []
        }
        for part in sorted({"blob", "dfs"} - connected):
            yield Breach(workspace.address, f"its storage is closed, and no private endpoint leads to its {part}")


def _managed_groups(workspace: Resource) -> list[str]:
    """What the ids of everything in the workspace's own resource group hold; its id is a mock's, its name is not."""
    name, group = workspace.values.get("managed_resource_group_name"), workspace.values.get("managed_resource_group_id")
    return [f"{group}/".lower(), f"/resourcegroups/{name}/".lower()]


def budget_without_machines(plan: Plan) -> Iterator[Breach]:
    """Databricks puts its machines into a resource group of its own."""
    if not plan.of_type(*_BUDGETS):
        return
    for workspace in plan.of_type("azurerm_databricks_workspace"):
        managed = str(workspace.values.get("managed_resource_group_name"))
        if not any(_covers(budget, managed.lower()) for budget in plan.of_type(*_BUDGETS)):
            yield Breach(workspace.address, f"no budget covers {managed}, where its machines are")


def _covers(budget: Resource, group: str) -> bool:
    if budget.type == "azurerm_consumption_budget_resource_group":
        return str(budget.values.get("resource_group_id")).lower().endswith(f"/{group}")
    groups = [
        str(name).lower()
        for dimension in budget.block("filter").get("dimension") or []
        if dimension.get("name") == "ResourceGroupName"
        for name in dimension.get("values") or []
    ]
    return group in groups or not groups
