# Logs, alerts, budget, and who is told.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

# Left unknown, as in a real plan: one rule for linked resources knows only one of the two forms of id.
override_resource {
  target          = azurerm_log_analytics_workspace.this
  override_during = apply
}

variables {
  resource_group            = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock", name = "rg-mock" }
  location                  = "westeurope"
  stem                      = "nightshift-dev"
  retention_days            = 90
  daily_quota_gb            = 1
  on_call_emails            = ["on-call@example.com"]
  service_bus_namespace_id  = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ServiceBus/namespaces/sb-mock"
  diagnostics               = { key-vault = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.KeyVault/vaults/kv-mock", groups = ["audit"] } }
  thresholds                = { error_rate = 0.05, psi = 0.2, failed_calls = 10, dead_letters = 0 }
  databricks_resource_group = "rg-nightshift-dev-databricks"
  budget                    = { amount = 300 }
  webhook                   = { url = "https://func-mock.azurewebsites.net/api/alerts", object_id = "11111111-1111-1111-1111-111111111114", tenant_id = "11111111-1111-1111-1111-111111111113" }
}

run "logs_are_closed_and_keyless" {
  command = plan

  assert {
    condition     = !azurerm_log_analytics_workspace.this.internet_ingestion_enabled && !azurerm_log_analytics_workspace.this.internet_query_enabled
    error_message = "logs can be read or forged from the internet"
  }

  assert {
    condition     = !azurerm_application_insights.this.internet_ingestion_enabled && !azurerm_application_insights.this.internet_query_enabled
    error_message = "telemetry can be read or forged from the internet"
  }

  assert {
    condition     = !azurerm_log_analytics_workspace.this.local_authentication_enabled && !azurerm_application_insights.this.local_authentication_enabled
    error_message = "logs can be written and read with a key"
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.retention_in_days == 90 && azurerm_log_analytics_workspace.this.daily_quota_gb == 1
    error_message = "logs are kept for another time, or cost without limit"
  }

  assert {
    condition     = azurerm_monitor_private_link_scope.this[0].ingestion_access_mode == "PrivateOnly" && length(azurerm_monitor_private_link_scoped_service.this) == 2
    error_message = "logs leave the network"
  }

  assert {
    condition     = azurerm_monitor_diagnostic_setting.this["key-vault"].target_resource_id == var.diagnostics["key-vault"].id
    error_message = "nobody sees who read the vault"
  }
}

run "each_alert_says_its_category" {
  command = plan

  assert {
    condition     = jsonencode({ for name, rule in azurerm_monitor_scheduled_query_rules_alert_v2.this : name => try(rule.action[0].custom_properties["nightshift.category"], "") }) == jsonencode({ degradation = "degradation", drift = "drift", heartbeat = "", internal-errors = "", pipeline = "pipeline", restarts = "" })
    error_message = "the responder cannot tell what an alert is about"
  }

  assert {
    condition     = contains([for dimension in azurerm_monitor_scheduled_query_rules_alert_v2.this["degradation"].criteria[0].dimension : dimension.name], "model") && contains([for dimension in azurerm_monitor_scheduled_query_rules_alert_v2.this["drift"].criteria[0].dimension : dimension.name], "model")
    error_message = "an alert names no model"
  }

  assert {
    condition     = contains([for dimension in azurerm_monitor_scheduled_query_rules_alert_v2.this["drift"].criteria[0].dimension : dimension.name], "feature")
    error_message = "a drift alert names no feature"
  }

  assert {
    condition     = azurerm_monitor_scheduled_query_rules_alert_v2.this["degradation"].criteria[0].threshold == 0.05 && azurerm_monitor_scheduled_query_rules_alert_v2.this["drift"].criteria[0].threshold == 0.2
    error_message = "the thresholds of tfvars do not reach the rules"
  }

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.this : rule.auto_mitigation_enabled])
    error_message = "a resolved alert never closes its incident"
  }

  assert {
    condition     = azurerm_monitor_scheduled_query_rules_alert_v2.this["degradation"].criteria[0].failing_periods[0].minimum_failing_periods_to_trigger_alert == 2
    error_message = "one bad minute rolls a model back"
  }

  assert {
    condition     = alltrue([for name, rule in azurerm_monitor_scheduled_query_rules_alert_v2.this : !can(regex("^nightshift-", rule.name))])
    error_message = "the ingest would read an environment out of the rule's name as a model"
  }

  assert {
    condition     = azurerm_monitor_scheduled_query_rules_alert_v2.this["heartbeat"].criteria[0].operator == "LessThan"
    error_message = "an app that stands still goes unseen"
  }
}

run "machines_and_people_are_told" {
  command = plan

  assert {
    condition     = azurerm_monitor_action_group.responder[0].webhook_receiver[0].aad_auth[0].object_id == var.webhook.object_id
    error_message = "the webhook comes without a token"
  }

  assert {
    condition     = azurerm_monitor_action_group.responder[0].webhook_receiver[0].use_common_alert_schema
    error_message = "the ingest would not understand the alert"
  }

  assert {
    condition     = azurerm_monitor_action_group.responder[0].webhook_receiver[0].service_uri == "https://func-mock.azurewebsites.net/api/alerts"
    error_message = "alerts go elsewhere"
  }

  assert {
    condition     = [for receiver in azurerm_monitor_action_group.people.email_receiver : receiver.email_address][0] == "on-call@example.com"
    error_message = "nobody is mailed"
  }

  assert {
    condition     = length(azurerm_monitor_scheduled_query_rules_alert_v2.this["heartbeat"].action[0].action_groups) == 1 && length(azurerm_monitor_scheduled_query_rules_alert_v2.this["degradation"].action[0].action_groups) == 2
    error_message = "an alert about a still app goes to that app alone, or an alert about a model to people alone"
  }
}

run "queues_and_money_are_watched" {
  command = plan

  assert {
    condition     = azurerm_monitor_metric_alert.queues["dead-letters"].criteria[0].metric_name == "DeadletteredMessages" && azurerm_monitor_metric_alert.queues["dead-letters"].criteria[0].threshold == 0
    error_message = "a dead letter goes unseen"
  }

  assert {
    condition     = azurerm_monitor_metric_alert.queues["queue-age"].criteria[0].aggregation == "Minimum"
    error_message = "a short burst would look like a queue that nobody reads"
  }

  assert {
    condition     = azurerm_consumption_budget_subscription.this.amount == 300 && length(azurerm_consumption_budget_subscription.this.notification) == 2
    error_message = "nobody is told that the budget is spent"
  }

  assert {
    condition     = azurerm_consumption_budget_subscription.this.time_period[0].start_date == "${formatdate("YYYY-MM", plantimestamp())}-01T00:00:00Z"
    error_message = "Azure refuses a budget that begins before the month in which it is made"
  }

  assert {
    condition     = toset(one(azurerm_consumption_budget_subscription.this.filter[0].dimension).values) == toset(["rg-mock", "rg-nightshift-dev-databricks"])
    error_message = "the clusters' machines are not in the budget, or others' bills are"
  }
}

run "without_the_webhook_people_are_told" {
  command = plan

  variables {
    webhook = null
  }

  assert {
    condition     = length(azurerm_monitor_action_group.responder) == 0
    error_message = "alerts go to an app that refuses them"
  }

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.this : length(rule.action[0].action_groups) == 1])
    error_message = "a rule notifies nobody"
  }
}

run "public_logs_need_no_scope" {
  command = plan

  variables {
    private = false
  }

  assert {
    condition     = length(azurerm_monitor_private_link_scope.this) == 0 && output.private_link_scope_id == null && output.public
    error_message = "a public environment pays for a private scope"
  }
}

run "alerts_that_nobody_gets_are_refused" {
  command = plan

  variables {
    on_call_emails = []
  }

  expect_failures = [var.on_call_emails]
}

run "a_name_in_place_of_an_address_is_refused" {
  command = plan

  variables {
    on_call_emails = ["on-call"]
  }

  expect_failures = [var.on_call_emails]
}

run "a_short_memory_is_refused" {
  command = plan

  variables {
    retention_days = 7
  }

  expect_failures = [var.retention_days]
}

run "an_error_rate_in_percent_is_refused" {
  command = plan

  variables {
    thresholds = { error_rate = 5, psi = 0.2, failed_calls = 10, dead_letters = 0 }
  }

  expect_failures = [var.thresholds]
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    budget = { amount = 0 }
  }

  expect_failures = [var.budget]
}
