"""The function app: what exists already, what it waits for, what is kept ready, which doors are open for nobody."""

from collections.abc import Iterator, Mapping
from typing import Any

from nightshift.delivery.terraform_rules.plan import Plan, Resource, azure_type
from nightshift.delivery.terraform_rules.rule import Breach
from nightshift.domain.response.alert import QUEUES

# Children that Azure makes together with their parent, in lower case.
_SINGLETONS = {
    "microsoft.web/sites/config",
    "microsoft.web/sites/basicpublishingcredentialspolicies",
    "microsoft.storage/storageaccounts/blobservices",
    "microsoft.storage/storageaccounts/fileservices",
    "microsoft.storage/storageaccounts/queueservices",
    "microsoft.storage/storageaccounts/tableservices",
    "microsoft.servicebus/namespaces/networkrulesets",
    "microsoft.databricks/workspaces/defaultstoragefirewall",
}
_GROUPS = {"http", "durable", "blob"}
# Degraded models first; nightshift/triggers/alert_queues.py names them after their queues.
_FUNCTIONS = [f"function:on_{queue.replace('-', '_')}" for queue in (QUEUES["degradation"], *sorted(QUEUES.values()))]
_JOBS_DOOR = "/api/jobs/finished"


def creates_what_exists(plan: Plan) -> Iterator[Breach]:
    """azapi_resource checks first, and stops if the resource exists."""
    for resource in plan.of_type("azapi_resource"):
        if azure_type(resource).lower() in _SINGLETONS:
            yield Breach(resource.address, f"azapi_resource of {azure_type(resource)}; use azapi_update_resource")


def app_before_what_it_needs(plan: Plan) -> Iterator[Breach]:
    """The app starts as soon as it is made."""
    for site in plan.sites():
        ahead = plan.waits_for(site)
        needed = [*_own_roles(plan, site), *_ways_out(plan, site)]
        for address in sorted({resource.configured_at for resource in needed} - ahead):
            yield Breach(site.address, f"does not wait for {address}")


def _own_roles(plan: Plan, site: Resource) -> list[Resource]:
    principal = plan.principal_of(site)
    return [
        grant
        for grant in plan.of_type("azurerm_role_assignment")
        if principal and grant.values.get("principal_id") == principal and grant.values.get("scope") != site.id
    ]


def _ways_out(plan: Plan, site: Resource) -> list[Resource]:
    return [
        endpoint
        for endpoint in plan.of_type("azurerm_private_endpoint")
        if endpoint.block("private_service_connection").get("private_connection_resource_id") != site.id
    ]


def alerts_start_cold(plan: Plan) -> Iterator[Breach]:
    """In prod the function that answers a degraded model must be named: groups hold other triggers."""
    for site in plan.sites():
        scaling = _properties(site).get("functionAppConfig", {}).get("scaleAndConcurrency", {})
        ready = {str(entry["name"]) for entry in scaling.get("alwaysReady") or [] if entry["instanceCount"]}
        for name in sorted(ready - _GROUPS):
            if name not in _FUNCTIONS:
                yield Breach(
                    site.address, f"alwaysReady: {name} is neither a group nor function:NAME of an alert queue"
                )
        wanted = _FUNCTIONS[0]
        if plan.environment == "prod" and _properties(site) and wanted not in ready:
            yield Breach(site.address, f"alwaysReady lacks {wanted}")


def open_for_nobody(plan: Plan) -> Iterator[Breach]:
    """A path without sign-in for Databricks, which the address rules do not let in."""
    for site in plan.sites():
        excluded, tags = _open_paths(plan, site), _tags(site)
        if _JOBS_DOOR in excluded and "AzureDatabricks" not in tags:
            yield Breach(
                site.address, f"{_JOBS_DOOR} needs no sign-in, and the service tag AzureDatabricks is not let in"
            )


def _properties(site: Resource) -> Mapping[str, Any]:
    body = site.values.get("body") or {}
    found: Mapping[str, Any] = body.get("properties") or {}
    return found


def _open_paths(plan: Plan, site: Resource) -> list[str]:
    for settings in plan.of_type("azapi_resource", "azapi_update_resource"):
        if settings.values.get("parent_id") == site.id and settings.values.get("name") == "authsettingsV2":
            validation = _properties(settings).get("globalValidation") or {}
            return list(validation.get("excludedPaths") or [])
    return list(site.block("auth_settings_v2").get("excluded_paths") or [])


def _tags(site: Resource) -> set[str]:
    flex = _properties(site).get("siteConfig", {}).get("ipSecurityRestrictions") or []
    premium = site.block("site_config").get("ip_restriction") or []
    return {str(rule.get("ipAddress")) for rule in flex} | {str(rule.get("service_tag")) for rule in premium}
