"""Each rule turns red when its fault is put back into a sound plan, and only then."""

from collections.abc import Callable
from typing import Any

import pytest

from nightshift.delivery.terraform_rules.plan import Plan
from nightshift.delivery.terraform_rules.table import RULES
from tests.unit.delivery.terraform_rules.sound_plan import BUS, DATA, GROUP, NETWORK, Draft, public_draft

Fault = Callable[[Draft], object]
_BUS = "azurerm_servicebus_namespace.this"
_SUBSCRIPTION = "azurerm_eventgrid_system_topic_event_subscription.uploads"
_ROLES = "azurerm_role_assignment.this"
_WORKSPACE = "azurerm_databricks_workspace.this"
_LINK = "azurerm_private_dns_zone_virtual_network_link.this"
_SITE = "azapi_resource.flex"


def _broken(plan: Plan) -> set[str]:
    return {rule.id for rule in RULES if list(rule.check(plan))}


def _deny(draft: Draft) -> None:
    draft.values[_BUS]["network_rule_set"] = [
        {"default_action": "Deny", "ip_rules": [], "trusted_services_allowed": True}
    ]


def _create(kind: str) -> Fault:
    return lambda draft: draft.values.update({"azapi_resource.child": {"type": f"{kind}@2024-04-01"}})


def _drop_edge(last: str, first: str) -> Fault:
    return lambda draft: draft.edges.remove((last, first))


def _user_identity(block: str) -> Fault:
    return lambda draft: draft.values[_SUBSCRIPTION].update({block: [{"type": "UserAssigned"}]})


def _ports(*ports: str) -> Fault:
    def change(draft: Draft) -> None:
        rules = draft.values["azurerm_network_security_group.private_endpoints"]["security_rule"]
        rules[0]["destination_port_ranges"] = list(ports)

    return change


def _nothing_leaves(to: str) -> Fault:
    def change(draft: Draft) -> None:
        group = f"{NETWORK}/networkSecurityGroups/functions"
        rule = {
            "priority": 100,
            "direction": "Outbound",
            "access": "Deny",
            "protocol": "*",
            "destination_port_range": "*",
        }
        draft.values["azurerm_network_security_group.functions"] = {
            "id": group,
            "security_rule": [rule | {"destination_address_prefix": to}],
        }
        draft.values["azurerm_subnet_network_security_group_association.functions"] = {
            "subnet_id": f"{NETWORK}/virtualNetworks/vnet/subnets/functions",
            "network_security_group_id": group,
        }

    return change


def _no_endpoint(name: str) -> Fault:
    return lambda draft: draft.values.pop(f'azurerm_private_endpoint.this["{name}"]')


def _always_ready(*names: str) -> Fault:
    def change(draft: Draft) -> None:
        scaling = draft.values[_SITE]["body"]["properties"]["functionAppConfig"]["scaleAndConcurrency"]
        scaling["alwaysReady"] = [{"name": name, "instanceCount": 1} for name in names]

    return change


def _open_path(draft: Draft) -> None:
    validation = draft.values["azapi_update_resource.sign_in"]["body"]["properties"]["globalValidation"]
    validation["excludedPaths"].append("/api/jobs/finished")


def _set(address: str, **values: Any) -> Fault:
    return lambda draft: draft.values[address].update(values)


def _firewall(account: str, **rules: Any) -> Fault:
    return lambda draft: draft.values[f"azurerm_storage_account.{account}"]["network_rules"][0].update(rules)


def _drop(address: str) -> Fault:
    return lambda draft: draft.values.pop(address)


FAULTS: list[tuple[str, Fault]] = [
    ("service-bus-deny-without-rule", _deny),
    ("azapi-creates-what-exists", _create("Microsoft.Web/sites/config")),
    ("azapi-creates-what-exists", _create("Microsoft.Web/sites/basicPublishingCredentialsPolicies")),
    ("azapi-creates-what-exists", _create("Microsoft.Storage/storageAccounts/blobServices")),
    ("registration-without-owner", _set("azuread_application.this", owners=None)),
    ("registration-without-owner", _drop("azuread_application.this")),
    ("delegation-without-provider", lambda draft: draft.registered.clear()),
    ("provider-not-registered", lambda draft: setattr(draft, "registrations", "none")),
    ("subscription-without-identity", _set(_SUBSCRIPTION, delivery_identity=[])),
    ("subscription-without-identity", _set(_SUBSCRIPTION, dead_letter_identity=[])),
    ("subscription-before-rights", _drop_edge(_SUBSCRIPTION, _ROLES)),
    ("subscription-before-rights", _drop_edge(_SUBSCRIPTION, "azurerm_storage_container.this")),
    ("user-identity-through-firewall", _user_identity("delivery_identity")),
    ("user-identity-through-firewall", _user_identity("dead_letter_identity")),
    ("control-plane-ports", _ports("443", "5671", "5672")),
    ("control-plane-ports", _ports("443", "5671", "6666", "3306", "8443-8450")),
    ("control-plane-ports", _no_endpoint("databricks")),
    ("public-root-storage", _set(_WORKSPACE, default_storage_firewall_enabled=None)),
    ("public-root-storage", _no_endpoint("root-dfs")),
    ("alerts-start-cold", _always_ready("durable", "http")),
    ("alerts-start-cold", _always_ready("durable", "on_model_alerts")),
    ("budget-without-machines", _drop("azurerm_consumption_budget_resource_group.machines")),
    ("app-before-what-it-needs", _drop_edge(_SITE, _ROLES)),
    ("app-before-what-it-needs", _drop_edge(_SITE, "azurerm_private_endpoint.this")),
    ("open-path-for-nobody", _open_path),
    ("call-without-role", _drop(f'{_ROLES}["app: Azure Service Bus Data Sender on blob-events"]')),
    ("call-without-role", _set(f'{_ROLES}["app: EventGrid Data Sender on topic"]', principal_id="another")),
    ("call-without-role", _drop('azurerm_storage_container.this["silver"]')),
    ("call-without-way", _no_endpoint("vault")),
    ("call-without-way", _no_endpoint("data-dfs")),
    ("call-without-way", _ports("443", "6666", "3306", "8443-8451")),
    ("call-without-way", _nothing_leaves("VirtualNetwork")),
    ("call-without-way", _nothing_leaves("Internet")),
    ("call-without-way", _drop("azurerm_nat_gateway_public_ip_association.this")),
    ("call-without-way", _firewall("data", bypass=["None"])),
    ("call-without-name", _drop(f'{_LINK}["privatelink.vaultcore.azure.net"]')),
    ("call-without-name", _set('azurerm_private_endpoint.this["bus"]', private_dns_zone_group=[])),
]
IN_PUBLIC: list[Fault] = [
    lambda draft: draft.values["azurerm_storage_account.host"]["network_rules"][0].update(
        virtual_network_subnet_ids=[]
    ),
    lambda draft: draft.values["azurerm_subnet.databricks-private"].update(service_endpoints=[]),
    _firewall("data", virtual_network_subnet_ids=[], ip_rules=["203.0.113.9"]),
    lambda draft: draft.values["azurerm_key_vault.this"]["network_acls"][0].update(ip_rules=[]),
    lambda draft: draft.values["azurerm_eventgrid_topic.this"].update(inbound_ip_rule=[{"ip_mask": "198.51.100.0/24"}]),
]


@pytest.mark.parametrize("make", [Draft, public_draft])
def test_a_sound_plan_breaks_no_rule(make: Callable[[], Draft]) -> None:
    """Neither a private environment nor one whose firewalls let the subnets in."""
    assert _broken(make().plan()) == set()


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_a_fault_that_is_put_back_turns_its_rule_red(rule: str, fault: Fault) -> None:
    """What Azure refuses is found by the rule that is there for it."""
    draft = Draft()
    fault(draft)
    assert rule in _broken(draft.plan())


def test_every_rule_has_a_fault_that_breaks_it() -> None:
    """A rule that nothing breaks checks nothing."""
    assert {rule.id for rule in RULES} == {rule for rule, _ in FAULTS}


@pytest.mark.parametrize("fault", IN_PUBLIC)
def test_without_endpoints_a_firewall_must_let_the_subnets_in(fault: Fault) -> None:
    """Storage does not see the egress address of its own region; vault and topic do."""
    draft = public_draft()
    fault(draft)
    assert _broken(draft.plan()) == {"call-without-way"}


def test_a_rule_says_where_it_is_written() -> None:
    """Each row has its source, what it refused, and an id of its own."""
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert [text for text in (rule.forbids, rule.because, rule.source, rule.refused) if len(text) < 10] == []


def test_the_breach_names_the_resource() -> None:
    """Address and value, so that it is found without reading the rule."""
    draft = Draft()
    _deny(draft)
    check = next(rule.check for rule in RULES if rule.id == "service-bus-deny-without-rule")
    assert [(breach.address, breach.value.split(" with ")[0]) for breach in check(draft.plan())] == [
        (_BUS, "network_rule_set.default_action = Deny")
    ]


def test_a_right_on_the_account_covers_its_containers() -> None:
    """A scope above is enough, one beside it is not."""
    draft = Draft()
    address = f'{_ROLES}["app: Storage Blob Data Contributor on silver"]'
    draft.values[address]["scope"] = DATA
    assert _broken(draft.plan()) == set()
    draft.values[address]["scope"] = f"{DATA}/blobServices/default/containers/silver-2"
    assert _broken(draft.plan()) == {"call-without-role"}


def test_what_is_listed_is_registered_without_a_list_of_azurerms_own() -> None:
    """Providers that Azure registers itself need no row; each other one does, however it is written."""
    draft = Draft()
    draft.registrations = "none"
    names = {
        part.split("/")[0]
        for values in draft.values.values()
        for part in str(values.get("id")).split("/providers/")[1:]
    }
    draft.registered = [name.upper() for name in names | {"Microsoft.App"}]
    draft.values["azurerm_role_assignment.of_its_own"] = {
        "id": f"{GROUP}/providers/Microsoft.Authorization/roleAssignments/a"
    }
    assert "provider-not-registered" not in _broken(draft.plan())
    draft.registered.remove("MICROSOFT.WEB")
    assert "provider-not-registered" in _broken(draft.plan())


def test_a_subscription_that_calls_nothing_names_no_identity() -> None:
    """An event that is pushed to the app is not delivered with an identity."""
    draft = Draft()
    draft.values[_SUBSCRIPTION].update(service_bus_queue_endpoint_id=None, delivery_identity=[])
    assert "subscription-without-identity" not in _broken(draft.plan())


def test_a_subscription_budget_covers_the_machines() -> None:
    """One for the whole subscription sees the managed group, unless it is for named groups without it."""
    draft = Draft()
    del draft.values["azurerm_consumption_budget_resource_group.machines"]
    budget: dict[str, Any] = {"amount": 1}
    draft.values["azurerm_consumption_budget_subscription.this"] = budget
    assert _broken(draft.plan()) == set()
    groups = {"name": "ResourceGroupName", "values": ["rg"]}
    budget["filter"] = [{"dimension": [groups]}]
    assert _broken(draft.plan()) == {"budget-without-machines"}
    groups["values"] = ["rg", "rg-databricks"]
    assert _broken(draft.plan()) == set()


def test_ids_lead_to_what_holds_them() -> None:
    """A queue is in its namespace, an unknown id in nothing."""
    plan = Draft().plan()
    holder = plan.holder_of(f"{BUS}/queues/x")
    assert holder is not None
    assert holder.address == _BUS
    assert plan.holder_of(f"{NETWORK}/virtualNetworks/none") is None
    assert plan.holder_of(GROUP) is not None
