"""The table of rules: what Azure or a provider refuses, where it is written, and what it refused here."""

from nightshift.delivery.terraform_rules import application, calls, messaging, surroundings
from nightshift.delivery.terraform_rules.rule import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        id="service-bus-deny-without-rule",
        forbids="a Service Bus firewall that denies by default and names nobody",
        because=(
            "azurerm makes the namespace, refuses the rule set and leaves it tainted; prevent_destroy blocks the repair"
        ),
        source=(
            "terraform-provider-azurerm v4.81.0, internal/services/servicebus/servicebus_namespace_resource.go, "
            "lines 734-737"
        ),
        refused="module.messaging.azurerm_servicebus_namespace.this in qa and prod",
        check=messaging.deny_without_rule,
    ),
    Rule(
        id="azapi-creates-what-exists",
        forbids="azapi_resource for a child that Azure makes with its parent",
        because='azapi looks before it creates and stops with "Resource already exists"',
        source=(
            "terraform-provider-azapi v2.12.0, internal/services/azapi_resource.go; "
            "hashicorp/terraform-provider-azurerm#31658"
        ),
        refused="module.function_app.azapi_resource.flex_sign_in and .flex_basic_publishing everywhere",
        check=application.creates_what_exists,
    ),
    Rule(
        id="registration-without-owner",
        forbids="a secure webhook whose app registration has no owner",
        because=(
            "Azure Monitor answers AadWebhookResourceNotOwnedByCaller; "
            "azuread takes the caller off the owners if none are named"
        ),
        source=(
            "Azure/azure-rest-api-specs#12003; terraform-provider-azuread v3.9.0, application_resource.go, "
            "lines 1185 and 1293-1296"
        ),
        refused="module.observability.azurerm_monitor_action_group.responder everywhere",
        check=surroundings.registration_without_owner,
    ),
    Rule(
        id="delegation-without-provider",
        forbids="a subnet delegated to Microsoft.App while nothing registers that resource provider",
        because="Azure refuses the delegation in an empty subscription; azurerm's own list has no Microsoft.App",
        source=(
            "learn.microsoft.com/azure/azure-functions/flex-consumption-plan; "
            "terraform-provider-azurerm v4.81.0, internal/resourceproviders/required.go"
        ),
        refused="module.network.azurerm_subnet.functions everywhere",
        check=surroundings.delegation_without_provider,
    ),
    Rule(
        id="provider-not-registered",
        forbids="resource_provider_registrations = none while a planned resource's provider is not listed",
        because="Azure answers MissingSubscriptionRegistration in a subscription where nobody registered it",
        source=(
            "registry.terraform.io azurerm 4.81.0, resource_provider_registrations; "
            "learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types"
        ),
        refused="nothing yet: azurerm registers its own list here",
        check=surroundings.provider_not_registered,
    ),
    Rule(
        id="subscription-without-identity",
        forbids="an event subscription that delivers to a queue or keeps dead letters without naming an identity",
        because=(
            "Event Grid then calls without the identity that the roles are for, and no firewall lets it in; "
            "queues and accounts take no key"
        ),
        source=(
            "learn.microsoft.com/azure/event-grid/managed-service-identity; "
            "learn.microsoft.com/azure/event-grid/consume-private-endpoints"
        ),
        refused="nothing yet: the subscription has named both",
        check=messaging.subscription_without_identity,
    ),
    Rule(
        id="subscription-before-rights",
        forbids="an event subscription that does not wait for its role assignments and its dead-letter container",
        because="Event Grid checks both when the subscription is saved",
        source=(
            "terraform-provider-azurerm v4.81.0, eventgrid_system_topic_event_subscription_resource_test.go, "
            "lines 2082-2085; MicrosoftDocs/azure-docs#98216"
        ),
        refused="module.eventing.azurerm_eventgrid_system_topic_event_subscription.uploads everywhere",
        check=messaging.subscription_before_rights,
    ),
    Rule(
        id="user-identity-through-firewall",
        forbids="Event Grid delivery or dead-lettering with a user-assigned identity to a service with a firewall",
        because="Event Grid passes a firewall as a trusted service with the topic's system-assigned identity only",
        source="MicrosoftDocs/azure-docs#105746; learn.microsoft.com/azure/event-grid/consume-private-endpoints",
        refused="module.eventing.azurerm_eventgrid_system_topic_event_subscription.uploads everywhere",
        check=messaging.user_identity_through_firewall,
    ),
    Rule(
        id="control-plane-ports",
        forbids="a security group before Databricks' endpoint that keeps out 443, 6666, 3306 or 8443 to 8451",
        because="clusters without a public address reach the control plane by that endpoint: none would start",
        source=(
            "learn.microsoft.com/azure/databricks/security/network/concepts/private-link, "
            "key considerations (2026-06-26)"
        ),
        refused="module.network.azurerm_network_security_group.private_endpoints in qa and prod",
        check=surroundings.control_plane_ports,
    ),
    Rule(
        id="public-root-storage",
        forbids="a private workspace whose own storage is public, or closed without endpoints for blob and dfs",
        because="MLflow keeps artifacts of experiments there, predictions among them",
        source=(
            "registry.terraform.io azurerm 4.81.0, azurerm_databricks_workspace: "
            "default_storage_firewall_enabled defaults to false"
        ),
        refused="module.databricks.azurerm_databricks_workspace.this in qa and prod",
        check=surroundings.public_root_storage,
    ),
    Rule(
        id="alerts-start-cold",
        forbids="always-ready instances in prod without the function of the model alerts, or with a name that is none",
        because="every function but those of the groups http, durable and blob scales, and is kept ready, by itself",
        source="learn.microsoft.com/azure/azure-functions/flex-consumption-how-to#set-always-ready-instance-counts",
        refused="module.function_app.azapi_resource.flex in prod",
        check=application.alerts_start_cold,
    ),
    Rule(
        id="budget-without-machines",
        forbids="a budget that does not cover the resource group in which Databricks puts its machines",
        because="it never sees the largest part of the bill",
        source="learn.microsoft.com/azure/databricks/security/network/classic/vnet-inject (managed resource group)",
        refused="module.observability.azurerm_consumption_budget_resource_group.this everywhere",
        check=surroundings.budget_without_machines,
    ),
    Rule(
        id="app-before-what-it-needs",
        forbids="a function app that does not wait for its roles and for the private endpoints",
        because="it starts at once, and fails until they are there",
        source="learn.microsoft.com/azure/role-based-access-control/troubleshooting (changes take up to ten minutes)",
        refused="nothing yet: no test saw that depends_on was taken away",
        check=application.app_before_what_it_needs,
    ),
    Rule(
        id="open-path-for-nobody",
        forbids="a path without sign-in for Databricks while the address rules keep Databricks out",
        because="every notification gets 403, and what remains is an open path",
        source="terraform/modules/function_app/main.access.tf",
        refused="module.function_app.azapi_resource.flex in dev",
        check=application.open_for_nobody,
    ),
    Rule(
        id="call-without-role",
        forbids="a call of the code whose identity has no right on what it calls",
        because="Azure answers 403",
        source="terraform/roles.yml, calls",
        refused="the redrive of a dead letter of blob-events everywhere",
        check=calls.without_role,
    ),
    Rule(
        id="call-without-way",
        forbids="a call for which there is no private endpoint, no rule for its subnet and no public address",
        because="firewalls refuse it; a storage account does not see public addresses of its own region",
        source=(
            "terraform/roles.yml, calls; learn.microsoft.com/azure/storage/common/storage-network-security-limitations"
        ),
        refused="storage accounts, key vault and topic in dev",
        check=calls.without_way,
    ),
    Rule(
        id="call-without-name",
        forbids="a private endpoint whose name the caller's network does not resolve",
        because="the call goes to the public address, which is closed",
        source="terraform/roles.yml, doors; learn.microsoft.com/azure/private-link/private-endpoint-dns",
        refused="nothing yet: each endpoint has had its zone",
        check=calls.without_name,
    ),
)
