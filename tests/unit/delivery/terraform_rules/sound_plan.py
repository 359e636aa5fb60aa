"""A small plan in which no rule is broken, with the names of the real one: tests put one fault at a time into it."""

from typing import Any

import yaml

from nightshift.delivery.terraform_rules.plan import Plan
from nightshift.domain.response.alert import QUEUES
from tests.unit.terraform.hcl import TERRAFORM

GROUP = "/subscriptions/s/resourceGroups/rg"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
DATA = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/data"
HOST = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/host"
MANAGED = f"{GROUP}-databricks/providers/Microsoft.Storage/storageAccounts/root"
BUS = f"{GROUP}/providers/Microsoft.ServiceBus/namespaces/bus"
TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/topics/topic"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault"
WORKSPACE = f"{GROUP}/providers/Microsoft.Databricks/workspaces/dbw"
INSIGHTS = f"{GROUP}/providers/Microsoft.Insights/components/insights"
SCOPE = f"{GROUP}/providers/Microsoft.Insights/privateLinkScopes/ampls"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/func"
EVENTS = "principal-of-the-topic"
SUBNETS = ("functions", "private-endpoints", "databricks-public", "databricks-private")
ENDPOINTS = {
    "data-blob": (DATA, "blob"), "data-dfs": (DATA, "dfs"), "data-table": (DATA, "table"),
    "host-blob": (HOST, "blob"), "host-queue": (HOST, "queue"), "host-table": (HOST, "table"),
    "bus": (BUS, "namespace"), "topic": (TOPIC, "topic"), "vault": (VAULT, "vault"),
    "databricks": (WORKSPACE, "databricks_ui_api"), "monitor": (SCOPE, "azuremonitor"),
    "root-blob": (MANAGED, "blob"), "root-dfs": (MANAGED, "dfs"), "app": (SITE, "sites"),
}  # fmt: skip

Values = dict[str, dict[str, Any]]


class Draft:
    """The parts of a plan, to be changed before it is made.

    Attributes:
        values: by address; the type is its first part.
        edges: what waits for what.
    """

    def __init__(self, environment: str = "prod") -> None:
        self.environment = environment
        self.roles: dict[str, Any] = yaml.safe_load((TERRAFORM / "roles.yml").read_text(encoding="utf-8"))
        self.registered = ["Microsoft.App"]
        self.registrations = "legacy"
        self.values: Values = {
            **_services(),
            **_network(self.roles["doors"]),
            **_app(),
            **_events(),
            **_grants(self.roles),
        }
        waits = ("azurerm_eventgrid_system_topic_event_subscription.uploads", "azapi_resource.flex")
        before = ("azurerm_role_assignment.this", "azurerm_private_endpoint.this", "azurerm_storage_container.this")
        self.edges = [(last, first) for last in waits for first in before]

    def plan(self) -> Plan:
        """The plan as it is now."""
        changes = [
            {"address": address, "type": address.partition(".")[0], "change": {"after": values}}
            for address, values in self.values.items()
        ]
        return Plan.of(self.environment, changes, self.edges, self.registered, self.roles, self.registrations)


def public_draft() -> Draft:
    """An environment without endpoints, whose firewalls let the subnets in."""
    draft = Draft("dev")
    for address in [name for name in draft.values if name.startswith(("azurerm_private", "azurerm_monitor_private"))]:
        del draft.values[address]
    workspace = draft.values["azurerm_databricks_workspace.this"]
    workspace |= {"public_network_access_enabled": True, "network_security_group_rules_required": "AllRules"}
    subnets = [f"{NETWORK}/virtualNetworks/vnet/subnets/{name}" for name in SUBNETS]
    for account in ("data", "host"):
        values = draft.values[f"azurerm_storage_account.{account}"]
        values["public_network_access_enabled"] = True
        values["network_rules"][0]["virtual_network_subnet_ids"] = subnets
    for name in SUBNETS:
        draft.values[f"azurerm_subnet.{name}"]["service_endpoints"] = ["Microsoft.Storage"]
    draft.values["azurerm_key_vault.this"] |= {"public_network_access_enabled": True}
    draft.values["azurerm_key_vault.this"]["network_acls"][0]["ip_rules"] = ["203.0.113.9/32"]
    draft.values["azurerm_eventgrid_topic.this"] |= {
        "public_network_access_enabled": True,
        "inbound_ip_rule": [{"action": "Allow", "ip_mask": "203.0.113.9"}],
    }
    draft.values["azurerm_servicebus_namespace.this"] |= {"public_network_access_enabled": True, "network_rule_set": []}
    return draft


def _services() -> Values:
    closed = {"public_network_access_enabled": False}
    firewall = {"default_action": "Deny", "ip_rules": [], "virtual_network_subnet_ids": []}
    return {
        "azurerm_resource_group.this": {"id": GROUP, "name": "rg"},
        "azurerm_storage_account.data": {"id": DATA, "network_rules": [firewall | {"bypass": ["AzureServices"]}]}
        | closed,
        "azurerm_storage_account.host": {"id": HOST, "network_rules": [firewall | {"bypass": ["None"]}]} | closed,
        **{
            f'azurerm_storage_container.this["{name}"]': {"name": name, "storage_account_id": account}
            for name, account in [
                *((name, DATA) for name in ("bronze", "silver", "evidence", "catalog", "event-dead-letters")),
                ("releases", HOST),
            ]
        },
        "azurerm_servicebus_namespace.this": closed
        | {"id": BUS, "network_rule_set": [{"default_action": "Allow", "trusted_services_allowed": True}]},
        **{
            f'azurerm_servicebus_queue.this["{name}"]': {"name": name, "namespace_id": BUS}
            for name in [*QUEUES.values(), "blob-events"]
        },
        "azurerm_eventgrid_topic.this": {"id": TOPIC, "inbound_ip_rule": []} | closed,
        "azurerm_key_vault.this": {"id": VAULT, "network_acls": [firewall | {"bypass": "None"}]} | closed,
        "azurerm_application_insights.this": {"id": INSIGHTS},
        "azurerm_monitor_private_link_scope.this": {"id": SCOPE},
        "azurerm_databricks_workspace.this": closed
        | {
            "id": WORKSPACE,
            "managed_resource_group_name": "rg-databricks",
            "network_security_group_rules_required": "NoAzureDatabricksRules",
            "default_storage_firewall_enabled": True,
        },
        "azurerm_databricks_access_connector.this": {
            "identity": [{"type": "UserAssigned", "identity_ids": [_identity("data")]}]
        },
        "azurerm_consumption_budget_resource_group.this": {"resource_group_id": GROUP},
        "azurerm_consumption_budget_resource_group.machines": {"resource_group_id": f"{GROUP}-databricks"},
    }


def _network(doors: dict[str, dict[str, Any]]) -> Values:
    network, group, gateway = (
        f"{NETWORK}/virtualNetworks/vnet",
        f"{NETWORK}/networkSecurityGroups/nsg",
        f"{NETWORK}/natGateways/ng",
    )
    rule = {"direction": "Inbound", "protocol": "Tcp", "source_address_prefix": "VirtualNetwork"}
    ports = ["443", "5671", "5672", "6666", "3306", "8443-8451"]
    found: Values = {
        "azurerm_virtual_network.this": {"id": network, "name": "vnet"},
        "azurerm_public_ip.egress": {"id": f"{NETWORK}/publicIPAddresses/pip", "ip_address": "203.0.113.9"},
        "azurerm_nat_gateway_public_ip_association.this": {
            "nat_gateway_id": gateway,
            "public_ip_address_id": f"{NETWORK}/publicIPAddresses/pip",
        },
        "azurerm_network_security_group.private_endpoints": {
            "id": group,
            "security_rule": [
                rule | {"priority": 100, "access": "Allow", "destination_port_ranges": ports},
                rule
                | {"priority": 4000, "access": "Deny", "source_address_prefix": "*", "destination_port_range": "*"},
            ],
        },
    }
    for name in SUBNETS:
        found[f"azurerm_subnet.{name}"] = {
            "id": f"{network}/subnets/{name}", "name": name, "virtual_network_name": "vnet",
            "private_endpoint_network_policies": "NetworkSecurityGroupEnabled",
        }  # fmt: skip
        found[f"azurerm_subnet_nat_gateway_association.{name}"] = {
            "subnet_id": f"{network}/subnets/{name}",
            "nat_gateway_id": gateway,
        }
    found["azurerm_subnet.functions"]["delegation"] = [{"service_delegation": [{"name": "Microsoft.App/environments"}]}]
    found["azurerm_subnet_network_security_group_association.private_endpoints"] = {
        "subnet_id": f"{network}/subnets/private-endpoints",
        "network_security_group_id": group,
    }
    zones = {door["part"]: door["zone"] for door in doors.values()}
    for name, (target, part) in ENDPOINTS.items():
        found[f'azurerm_private_endpoint.{"app" if name == "app" else "this"}["{name}"]'] = {
            "subnet_id": f"{network}/subnets/private-endpoints",
            "private_service_connection": [{"private_connection_resource_id": target, "subresource_names": [part]}],
            "private_dns_zone_group": [{"private_dns_zone_ids": [f"{NETWORK}/privateDnsZones/{zones[part]}"]}],
        }
    for zone in set(zones.values()):
        found[f'azurerm_private_dns_zone_virtual_network_link.this["{zone}"]'] = {
            "private_dns_zone_name": zone,
            "virtual_network_id": network,
        }
    return found


def _app() -> Values:
    ready = ["durable", "http", *(f"function:on_{queue.replace('-', '_')}" for queue in QUEUES.values())]
    scaling = {"alwaysReady": [{"name": name, "instanceCount": 1} for name in ready]}
    return {
        "azapi_resource.flex": {
            "id": SITE, "name": "func", "type": "Microsoft.Web/sites@2024-04-01",
            "identity": [{"type": "UserAssigned", "identity_ids": [_identity("app")]}],
            "body": {"properties": {"functionAppConfig": {"scaleAndConcurrency": scaling}, "siteConfig": {}}},
        },
        "azapi_update_resource.sign_in": {
            "type": "Microsoft.Web/sites/config@2024-04-01", "name": "authsettingsV2", "parent_id": SITE,
            "body": {"properties": {"globalValidation": {"excludedPaths": ["/api/health"]}}},
        },
        **{
            f'azurerm_user_assigned_identity.this["{who}"]': {
                "id": _identity(who),
                "principal_id": f"principal-of-{who}",
            }
            for who in ("app", "data", "training")
        },
        "azuread_application.this": {"object_id": "registration", "owners": ["who-applies"]},
        "azurerm_monitor_action_group.responder": {"webhook_receiver": [{"aad_auth": [{"object_id": "registration"}]}]},
    }  # fmt: skip


def _events() -> Values:
    return {
        "azurerm_eventgrid_system_topic.blobs": {
            "name": "blobs",
            "identity": [{"type": "SystemAssigned", "principal_id": EVENTS}],
        },
        "azurerm_eventgrid_system_topic_event_subscription.uploads": {
            "system_topic": "blobs",
            "service_bus_queue_endpoint_id": f"{BUS}/queues/blob-events",
            "delivery_identity": [{"type": "SystemAssigned"}],
            "dead_letter_identity": [{"type": "SystemAssigned"}],
            "storage_blob_dead_letter_destination": [
                {"storage_account_id": DATA, "storage_blob_container_name": "event-dead-letters"}
            ],
        },
    }


def _grants(roles: dict[str, Any]) -> Values:
    """One assignment per row and scope of the table, as modules/roles makes them."""
    queues, containers = [*QUEUES.values(), "blob-events"], f"{DATA}/blobServices/default/containers"
    scopes = {
        "data_account": [DATA], "host_account": [HOST], "lifecycle_topic": [TOPIC], "insights": [INSIGHTS],
        "key_vault": [VAULT], "queues": [f"{BUS}/queues/{name}" for name in queues],
        "alert_queues": [f"{BUS}/queues/{name}" for name in QUEUES.values()],
        "blob_events_queue": [f"{BUS}/queues/blob-events"],
        **{name: [f"{containers}/{name}"] for name in ("bronze", "silver", "evidence", "catalog")},
        "event_dead_letters": [f"{containers}/event-dead-letters"],
    }  # fmt: skip
    principals = {"app": "principal-of-app", "data": "principal-of-data", "events": EVENTS}
    return {
        f'azurerm_role_assignment.this["{row["who"]}: {row["role"]} on {scope.rsplit("/", 1)[-1]}"]': {
            "principal_id": principals[row["who"]],
            "role_definition_name": row["role"],
            "scope": scope,
        }
        for row in roles["azure"]
        if row["who"] in principals
        for scope in scopes.get(row["scope"], [])
    }


def _identity(who: str) -> str:
    return f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{who}"
