"""Whether a call reaches a service: by a private endpoint, by a rule for its subnet, or by a public address."""

from collections.abc import Mapping
from typing import Any

from nightshift.delivery.terraform_rules.plan import Plan, Resource

_STORAGE = "azurerm_storage_account"
_VAULT = "azurerm_key_vault"
_BUS = "azurerm_servicebus_namespace"
_TOPIC = "azurerm_eventgrid_topic"
_WORKSPACE = "azurerm_databricks_workspace"
# Service endpoint that a subnet must have before a firewall sees it as a subnet.
_SERVICE_ENDPOINTS = {
    _STORAGE: ("Microsoft.Storage", "Microsoft.Storage.Global"),
    _VAULT: ("Microsoft.KeyVault",),
    _BUS: ("Microsoft.ServiceBus",),
}


def is_closed(service: Resource) -> bool:
    """Whether the service answers callers from outside of the network only by exception, or not at all."""
    if service.values.get("public_network_access_enabled") is False:
        return True
    if service.type == _TOPIC:
        return bool(service.values.get("inbound_ip_rule"))
    return str(_firewall(service).get("default_action") or "Allow") == "Deny"


def lets_trusted_services_in(service: Resource) -> bool:
    """Whether Event Grid, which comes from no network of ours, may pass."""
    if service.type == _STORAGE:
        return "AzureServices" in (_firewall(service).get("bypass") or ["AzureServices"])
    if service.type == _BUS:
        return bool(_firewall(service).get("trusted_services_allowed"))
    return False


def public_way(plan: Plan, service: Resource, subnet: Resource) -> str:
    """How a subnet reaches the public address of a service; empty if it does not."""
    if service.values.get("public_network_access_enabled") is False:
        return ""
    if not is_closed(service):
        return "public address"
    allowed = [str(subnet_id).lower() for subnet_id in _allowed_subnets(service)]
    endpoints = _SERVICE_ENDPOINTS.get(service.type, ())
    if subnet.id.lower() in allowed and set(subnet.values.get("service_endpoints") or []) & set(endpoints):
        return "rule for the subnet"
    # A storage account does not see the public address of a caller in its own region.
    if service.type != _STORAGE and _allowed_addresses(service) & _egress(plan, subnet):
        return "rule for the egress address"
    return ""


def private_endpoints(plan: Plan, service: Resource, part: str) -> list[Resource]:
    """The private endpoints of one part of a service, such as ``blob`` of an account."""
    found = []
    for endpoint in plan.of_type("azurerm_private_endpoint"):
        connection = endpoint.block("private_service_connection")
        if str(connection.get("private_connection_resource_id")).lower() == service.id.lower() and part in (
            connection.get("subresource_names") or []
        ):
            found.append(endpoint)
    return found


def endpoint_resolves(plan: Plan, endpoint: Resource, zone: str, subnet: Resource) -> bool:
    """Whether the endpoint's name is in a zone that the caller's network asks."""
    listed = endpoint.block("private_dns_zone_group").get("private_dns_zone_ids") or []
    if not any(str(zone_id).lower().endswith(f"/{zone}") for zone_id in listed):
        return False
    return any(
        link.values.get("private_dns_zone_name") == zone and _network_of(plan, link) == _name_of_network(subnet)
        for link in plan.of_type("azurerm_private_dns_zone_virtual_network_link")
    )


def closed_ports(plan: Plan, endpoint: Resource, ports: list[int]) -> list[int]:
    """Ports that the security group of an endpoint's subnet does not let in from the network."""
    subnet = plan.by_id.get(str(endpoint.values.get("subnet_id")).lower())
    if subnet is None:
        return ports
    # Azure's default lets private endpoints pass by every security group.
    if subnet.values.get("private_endpoint_network_policies") not in {"Enabled", "NetworkSecurityGroupEnabled"}:
        return []
    return _kept_back(plan, subnet, ports, "Inbound", "VirtualNetwork")


def kept_in(plan: Plan, subnet: Resource, ports: list[int], to: str) -> list[int]:
    """Ports that the security group of a caller's subnet does not let out, to ``VirtualNetwork`` or ``Internet``."""
    return _kept_back(plan, subnet, ports, "Outbound", to)


def _kept_back(plan: Plan, subnet: Resource, ports: list[int], direction: str, other: str) -> list[int]:
    for link in plan.of_type("azurerm_subnet_network_security_group_association"):
        group = plan.by_id.get(str(link.values.get("network_security_group_id")).lower())
        if group is not None and str(link.values.get("subnet_id")).lower() == subnet.id.lower():
            return [port for port in ports if not _lets(group, port, direction, other)]
    return []


def _lets(group: Resource, port: int, direction: str, other: str) -> bool:
    end = "source" if direction == "Inbound" else "destination"
    for rule in sorted(group.blocks("security_rule"), key=lambda rule: int(rule["priority"])):
        ends = [rule.get(f"{end}_address_prefix"), *(rule.get(f"{end}_address_prefixes") or [])]
        if rule["direction"] != direction or rule["protocol"] not in {"Tcp", "*"}:
            continue
        if {"*", other} & set(ends) and _covers(rule, port):
            return bool(rule["access"] == "Allow")
    # Azure's own last rules: within the network and out of it, yes; in from the internet, no.
    return True


def _covers(rule: Mapping[str, Any], port: int) -> bool:
    for written in [rule.get("destination_port_range"), *(rule.get("destination_port_ranges") or [])]:
        first, _, last = str(written or "").partition("-")
        if written == "*" or (first.isdigit() and int(first) <= port <= int(last or first)):
            return True
    return False


def _firewall(service: Resource) -> Mapping[str, Any]:
    return service.block(
        {_STORAGE: "network_rules", _VAULT: "network_acls", _BUS: "network_rule_set"}.get(service.type, "")
    )


def _allowed_subnets(service: Resource) -> list[str]:
    if service.type == _BUS:
        return [rule["subnet_id"] for rule in _firewall(service).get("network_rules") or []]
    return _firewall(service).get("virtual_network_subnet_ids") or []


def _allowed_addresses(service: Resource) -> set[str]:
    rules = service.values.get("inbound_ip_rule") if service.type == _TOPIC else _firewall(service).get("ip_rules")
    texts = [str(rule.get("ip_mask") if isinstance(rule, dict) else rule) for rule in rules or []]
    return {text.removesuffix("/32") for text in texts}


def _egress(plan: Plan, subnet: Resource) -> set[str]:
    """Public addresses that a subnet's calls come from."""
    found = set()
    gateways = {
        str(link.values.get("nat_gateway_id")).lower()
        for link in plan.of_type("azurerm_subnet_nat_gateway_association")
        if str(link.values.get("subnet_id")).lower() == subnet.id.lower()
    }
    for link in plan.of_type("azurerm_nat_gateway_public_ip_association"):
        address = plan.by_id.get(str(link.values.get("public_ip_address_id")).lower())
        if address is not None and str(link.values.get("nat_gateway_id")).lower() in gateways:
            found.add(str(address.values.get("ip_address")))
    return found


def leaves_by_gateway(plan: Plan, subnet: Resource) -> bool:
    """Whether a subnet has a way out to the internet."""
    return bool(_egress(plan, subnet))


def _network_of(plan: Plan, link: Resource) -> str:
    network = plan.by_id.get(str(link.values.get("virtual_network_id")).lower())
    return str(network.values.get("name")) if network else ""


def _name_of_network(subnet: Resource) -> str:
    return str(subnet.values.get("virtual_network_name"))
