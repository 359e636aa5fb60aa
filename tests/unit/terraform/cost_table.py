"""The cost tables of docs/deploy.md from terraform/prices.yml, what Terraform makes and each environment's tfvars.

``python -m tests.unit.terraform.cost_table`` writes them anew.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.unit.terraform.hcl import ENVIRONMENTS, ROOT, TERRAFORM, block

PAGE = ROOT / "docs" / "deploy.md"
FIRST = "<!-- costs, written by python -m tests.unit.terraform.cost_table -->"
LAST = "<!-- end of costs -->"
EXAMPLES = ("smallest", "private")
HOURS = 730
SECONDS = HOURS * 3600


@dataclass(frozen=True)
class Item:
    """One row: how many of what, in which environment."""

    what: str
    price: str
    times: dict[str, float]


def prices() -> dict[str, dict[str, Any]]:
    """The price list."""
    listed: dict[str, dict[str, Any]] = yaml.safe_load((TERRAFORM / "prices.yml").read_text(encoding="utf-8"))["prices"]
    return listed


def files() -> dict[str, Path]:
    """tfvars by column of the table."""
    return {
        **{name: TERRAFORM / "envs" / f"{name}.tfvars" for name in ENVIRONMENTS},
        **{name: TERRAFORM / "examples" / f"{name}.tfvars" for name in EXAMPLES},
    }


def _value(text: str, name: str) -> str:
    found = re.search(rf'^\s*{name}\s*= "?([\w.]+)"?$', text, re.MULTILINE)
    assert found is not None, name
    return found[1]


def _ready(text: str) -> int:
    found = re.search(r"always_ready\s*= \{(.*)\}", text)
    assert found is not None
    return sum(int(count) for count in re.findall(r"= (\d+)", found[1]))


def _endpoints(private: bool) -> tuple[int, int]:
    """Private endpoints and DNS zones that are made."""
    code = (TERRAFORM / "main.private_link.tf").read_text(encoding="utf-8")
    text = code if private else block(code, "firewalled = {")
    return len(re.findall(r"subresource\s*=", text)), len(set(re.findall(r'"(privatelink\.[\w.-]+)"', text)))


def _alerts() -> tuple[int, int, int]:
    """Log alert rules at 5 and at 15 minutes, and series of the metric alerts: one per queue."""
    code = (TERRAFORM / "modules" / "observability" / "main.alerts.tf").read_text(encoding="utf-8")
    queues = yaml.safe_load((TERRAFORM / "service_bus_queues.yml").read_text(encoding="utf-8"))["queues"]
    metrics = len(re.findall(r"metric\s+= \"", code))
    return (
        len(re.findall(r'frequency\s+= "PT5M"\n\s+query', code)),
        len(re.findall(r'"PT15M"\n\s+query', code)),
        (metrics * len(queues)),
    )


def fixed() -> list[Item]:
    """What is paid while nothing happens, each month."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in files().items()}
    private = {name: _value(text, "private") == "true" for name, text in texts.items()}
    premium = {name: '"Premium"' in text for name, text in texts.items()}
    units = {name: int(_value(text, "messaging_units")) for name, text in texts.items()}
    five, fifteen, series = _alerts()
    return [
        Item("private endpoints", "private_endpoint", {name: _endpoints(private[name])[0] * HOURS for name in texts}),
        Item("private DNS zones", "private_dns_zone", {name: _endpoints(private[name])[1] for name in texts}),
        Item("NAT gateway", "nat_gateway", dict.fromkeys(texts, HOURS)),
        Item("its public address", "public_address", dict.fromkeys(texts, HOURS)),
        Item("Service Bus Standard", "service_bus_standard", {name: int(not premium[name]) for name in texts}),
        Item(
            "Service Bus Premium",
            "service_bus_premium_unit",
            {name: units[name] if premium[name] else 0 for name in texts},
        ),
        Item(
            "app instances kept ready",
            "functions_ready",
            {n: _ready(t) * int(_value(t, "instance_memory_mb")) / 1024 * SECONDS for n, t in texts.items()},
        ),
        Item(
            "machines kept idle", "machine_d4ds_v5", {n: int(_value(t, "min_idle")) * HOURS for n, t in texts.items()}
        ),
        Item("log alert rules, 5 minutes", "log_alert_5_minutes", dict.fromkeys(texts, five)),
        Item("log alert rules, 15 minutes", "log_alert_15_minutes", dict.fromkeys(texts, fifteen)),
        Item("metric alerts, one series per queue", "metric_alert_series", dict.fromkeys(texts, series)),
    ]


# What grows with use: a price, and what it depends on.
USED = (
    ("app, running on demand", "functions_on_demand", "events and alerts"),
    ("app, running where it is kept ready", "functions_ready_busy", "events and alerts"),
    ("app on EP1 instead, per instance", "functions_premium_ep1", "`function_plan.sku`; at least one instance, always"),
    ("training: Databricks", "databricks_jobs_dbu", "uploads; `max_dbus_per_hour` bounds a cluster"),
    ("training: the machine", "machine_d4ds_v5", "uploads; `pool.max_capacity` bounds it; a spot machine costs less"),
    ("logs taken in", "logs", "`daily_quota_gb` bounds it"),
    ("logs kept beyond 31 days", "logs_kept", "`retention_days`"),
    ("data, LRS", "storage_LRS", "uploads, datasets, models: dev"),
    ("data, ZRS", "storage_ZRS", "the same: qa"),
    ("data, GRS", "storage_GRS", "the same"),
    ("data, GZRS", "storage_GZRS", "the same: prod"),
    ("through private endpoints", "private_endpoint_data", "bytes, both ways"),
    ("through the NAT gateway", "nat_gateway_data", "bytes, both ways"),
    ("Event Grid", "event_grid", "uploads and lifecycle events"),
    ("Key Vault", "key_vault", "starts of the app"),
)


def _daily_gb(path: Path) -> float:
    return float(_value(path.read_text(encoding="utf-8"), "daily_quota_gb"))


# Each type of resource that Terraform makes: what it costs by itself, or why it costs nothing by itself.
COSTS: dict[str, tuple[str, ...] | str] = {
    "azapi_resource": ("functions_ready", "functions_ready_busy", "functions_on_demand"),
    "azapi_update_resource": "a setting of the app",
    "azuread_app_role_assignment": "Entra",
    "azuread_application": "Entra",
    "azuread_application_federated_identity_credential": "Entra",
    "azuread_application_identifier_uri": "Entra",
    "azuread_application_pre_authorized": "Entra",
    "azuread_service_principal": "Entra",
    "azurerm_application_insights": ("logs", "logs_kept"),
    "azurerm_application_insights_workbook": "a page over the logs",
    "azurerm_consumption_budget_subscription": "a budget",
    "azurerm_databricks_access_connector": "an identity",
    "azurerm_databricks_workspace": ("databricks_jobs_dbu", "machine_d4ds_v5"),
    "azurerm_eventgrid_system_topic": ("event_grid",),
    "azurerm_eventgrid_system_topic_event_subscription": ("event_grid",),
    "azurerm_eventgrid_topic": ("event_grid",),
    "azurerm_key_vault": ("key_vault",),
    "azurerm_linux_function_app": ("functions_premium_ep1",),
    "azurerm_log_analytics_workspace": ("logs", "logs_kept"),
    "azurerm_monitor_action_group": "two cents for a thousand mails",
    "azurerm_monitor_diagnostic_setting": "what it writes is in logs",
    "azurerm_monitor_metric_alert": ("metric_alert_series",),
    "azurerm_monitor_private_link_scope": "its endpoint is one of the private endpoints",
    "azurerm_monitor_private_link_scoped_service": "its endpoint is one of the private endpoints",
    "azurerm_monitor_scheduled_query_rules_alert_v2": ("log_alert_5_minutes", "log_alert_15_minutes"),
    "azurerm_nat_gateway": ("nat_gateway", "nat_gateway_data"),
    "azurerm_nat_gateway_public_ip_association": "part of the NAT gateway",
    "azurerm_network_security_group": "part of the network",
    "azurerm_private_dns_zone": ("private_dns_zone",),
    "azurerm_private_dns_zone_virtual_network_link": "part of the zone",
    "azurerm_private_endpoint": ("private_endpoint", "private_endpoint_data"),
    "azurerm_public_ip": ("public_address",),
    "azurerm_resource_group": "a name",
    "azurerm_role_assignment": "a right",
    "azurerm_role_definition": "a right",
    "azurerm_service_plan": ("functions_premium_ep1", "functions_ready"),
    "azurerm_servicebus_namespace": ("service_bus_standard", "service_bus_premium_unit"),
    "azurerm_servicebus_queue": "part of the namespace",
    "azurerm_storage_account": ("storage_LRS", "storage_ZRS", "storage_GRS", "storage_GZRS"),
    "azurerm_storage_container": "part of the account",
    "azurerm_storage_management_policy": "part of the account",
    "azurerm_subnet": "part of the network",
    "azurerm_subnet_nat_gateway_association": "part of the NAT gateway",
    "azurerm_subnet_network_security_group_association": "part of the network",
    "azurerm_user_assigned_identity": "an identity",
    "azurerm_virtual_network": "part of the network",
    "databricks_access_control_rule_set": "a right",
    "databricks_catalog": "what lies in it is in storage",
    "databricks_cluster_policy": "a rule",
    "databricks_credential": "an identity",
    "databricks_directory": "a folder",
    "databricks_external_location": "a name",
    "databricks_grant": "a right",
    "databricks_instance_pool": ("machine_d4ds_v5",),
    "databricks_job": ("databricks_jobs_dbu", "machine_d4ds_v5"),
    "databricks_metastore_assignment": "a right",
    "databricks_permissions": "a right",
    "databricks_schema": "a name",
    "databricks_service_principal": "an identity",
    "databricks_storage_credential": "an identity",
    "databricks_volume": "what lies in it is in storage",
}


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def render() -> str:
    """Both tables, as they stand on the page."""
    listed, columns = prices(), list(files())
    lines = ["| a month | price | " + " | ".join(columns) + " |", "|" + "---|" * (len(columns) + 2)]
    sums = dict.fromkeys(columns, 0.0)
    for item in fixed():
        price = listed[item.price]
        cells = []
        for name in columns:
            amount = round(item.times[name] * price["usd"], 2)
            sums[name] += amount
            cells.append(_dollars(amount) if amount else "0")
        lines.append(f"| {item.what} | {_price(price)} | " + " | ".join(cells) + " |")
    lines.append("| **sum** | | " + " | ".join(f"**{_dollars(sums[name])}**" for name in columns) + " |")
    lines += ["", "What grows with use:", "", "| what | price | depends on |", "|---|---|---|"]
    lines += [f"| {what} | {_price(listed[price])} | {depends} |" for what, price, depends in USED]
    logs = ", ".join(
        f"{name} {_dollars(_daily_gb(path) * 30 * listed['logs']['usd'])}" for name, path in files().items()
    )
    oldest = min(price["of"] for price in listed.values())
    newest = max(price["of"] for price in listed.values())
    lines += ["", f"At most for logs taken in, a month of 30 days: {logs}. Prices are of {oldest} to {newest}."]
    return "\n".join(lines)


def _price(price: dict[str, Any]) -> str:
    of: date = price["of"]
    usd = f"{price['usd']:.6f}".rstrip("0") if price["usd"] < 0.01 else f"{price['usd']:g}"
    return f"${usd} per {price['unit']} ({price['region']}, {of:%Y-%m})"


def page_with_tables(page: str) -> str:
    """The page, with the tables written anew."""
    before, rest = page.split(FIRST)
    return f"{before}{FIRST}\n{render()}\n{LAST}{rest.split(LAST)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
