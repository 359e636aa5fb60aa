"""Service Bus and Event Grid: what is refused, and what is made before its rights are."""

from collections.abc import Iterator

from nightshift.delivery.terraform_rules.firewalls import is_closed
from nightshift.delivery.terraform_rules.plan import Plan, Resource
from nightshift.delivery.terraform_rules.rule import Breach

_SUBSCRIPTIONS = ("azurerm_eventgrid_system_topic_event_subscription", "azurerm_eventgrid_event_subscription")
_CONTAINERS = "/blobServices/default/containers/"


def deny_without_rule(plan: Plan) -> Iterator[Breach]:
    """Service Bus: the default is Deny, and nobody is named."""
    for namespace in plan.of_type("azurerm_servicebus_namespace"):
        rules = namespace.block("network_rule_set")
        if rules.get("default_action") == "Deny" and not rules.get("ip_rules") and not rules.get("network_rules"):
            yield Breach(
                namespace.address, "network_rule_set.default_action = Deny with no ip_rules and no network_rules"
            )


def subscription_without_identity(plan: Plan) -> Iterator[Breach]:
    """Without its block, Event Grid does not call as the identity that has the role."""
    for subscription in plan.of_type(*_SUBSCRIPTIONS):
        for block, target in _targets(subscription):
            if target and not subscription.blocks(block):
                yield Breach(subscription.address, f"has no {block} for {target.rsplit('/', 1)[-1]}")


def subscription_before_rights(plan: Plan) -> Iterator[Breach]:
    """Event Grid checks rights and container when a subscription is saved."""
    for subscription in plan.of_type(*_SUBSCRIPTIONS):
        ahead = plan.waits_for(subscription)
        container = _dead_letter_container(subscription)
        for block, scope in _targets(subscription):
            if not subscription.blocks(block) or not scope:
                continue
            grants = _grants(plan, _caller(plan, subscription, block), scope)
            if not grants:
                yield Breach(subscription.address, f"{block}: has no role on {scope.rsplit('/', 1)[-1]}")
            elif not any(grant.configured_at in ahead for grant in grants):
                yield Breach(subscription.address, f"does not wait for {grants[0].address}")
        for made in plan.of_type("azurerm_storage_container"):
            if _container_id(made).lower() == container.lower() and made.configured_at not in ahead:
                yield Breach(subscription.address, f"does not wait for {made.address}")


def user_identity_through_firewall(plan: Plan) -> Iterator[Breach]:
    """Event Grid passes a firewall as a trusted service with the topic's own identity only."""
    for subscription in plan.of_type(*_SUBSCRIPTIONS):
        for block, target in _targets(subscription):
            service = plan.holder_of(_account_of(target))
            kind = str(subscription.block(block).get("type") or "")
            if kind == "UserAssigned" and service is not None and is_closed(service):
                yield Breach(
                    subscription.address, f"{block}.type = UserAssigned before the firewall of {service.address}"
                )


def _targets(subscription: Resource) -> list[tuple[str, str]]:
    """What a subscription calls, by the block that names the identity for it; empty where it calls nothing."""
    queue = str(subscription.values.get("service_bus_queue_endpoint_id") or "")
    return [("delivery_identity", queue), ("dead_letter_identity", _dead_letter_container(subscription))]


def _caller(plan: Plan, subscription: Resource, block: str) -> str:
    """Object id of the identity that a subscription delivers with."""
    identity = subscription.block(block)
    if identity.get("type") == "UserAssigned":
        known = plan.by_id.get(str(identity.get("user_assigned_identity")).lower())
        return str(known.values.get("principal_id")) if known else ""
    for topic in plan.of_type("azurerm_eventgrid_system_topic"):
        if topic.values.get("name") == subscription.values.get("system_topic"):
            return plan.principal_of(topic)
    return ""


def _grants(plan: Plan, principal: str, scope: str) -> list[Resource]:
    return [
        grant
        for grant in plan.of_type("azurerm_role_assignment")
        if principal
        and grant.values.get("principal_id") == principal
        and scope.lower().startswith(str(grant.values.get("scope")).lower())
    ]


def _dead_letter_container(subscription: Resource) -> str:
    place = subscription.block("storage_blob_dead_letter_destination")
    if not place:
        return ""
    return f"{place.get('storage_account_id')}{_CONTAINERS}{place.get('storage_blob_container_name')}"


def _container_id(container: Resource) -> str:
    return f"{container.values.get('storage_account_id')}{_CONTAINERS}{container.values.get('name')}"


def _account_of(scope: str) -> str:
    """The account or namespace that a container or a queue lies in."""
    return scope.partition("/blobServices/")[0].partition("/queues/")[0]
