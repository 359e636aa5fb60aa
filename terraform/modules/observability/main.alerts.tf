locals {
  # One row per query rule. custom_properties tell POST /api/alerts the category (docs/alerts.md); where there is none,
  # the alert is for people.
  rules = {
    degradation = {
      description = "The error rate of a model in service is above its threshold."
      severity    = 1
      window      = "PT15M"
      frequency   = "PT5M"
      query       = <<-KQL
        AppMetrics
        | where Name == "nightshift.model.error_rate"
        | extend model = tostring(Properties.model), model_version = tostring(Properties.model_version)
        | summarize value = sum(Sum) / sum(ItemCount) by model, model_version, bin(TimeGenerated, 5m)
      KQL
      operator    = "GreaterThan"
      threshold   = var.thresholds.error_rate
      measure     = "value"
      aggregation = "Average"
      dimensions  = ["model", "model_version"]
      failing     = { minimum = 2, of = 3 }
      properties  = { "nightshift.category" = "degradation", "nightshift.metric" = "error_rate" }
    }
    # The platform measures no production traffic: a monitor of the model's team may write this metric.
    drift = {
      description = "The population stability index of a feature is above its threshold."
      severity    = 2
      window      = "PT1H"
      frequency   = "PT15M"
      query       = <<-KQL
        AppMetrics
        | where Name == "nightshift.feature.psi"
        | extend model = tostring(Properties.model), feature = tostring(Properties.feature)
        | summarize value = max(coalesce(Max, Sum)) by model, feature, bin(TimeGenerated, 15m)
      KQL
      operator    = "GreaterThan"
      threshold   = var.thresholds.psi
      measure     = "value"
      aggregation = "Maximum"
      dimensions  = ["model", "feature"]
      failing     = { minimum = 1, of = 1 }
      properties  = { "nightshift.category" = "drift", "nightshift.metric" = "psi" }
    }
    pipeline = {
      description = "Calls of the function app fail."
      severity    = 1
      window      = "PT15M"
      frequency   = "PT5M"
      query       = <<-KQL
        AppMetrics
        | where Name == "nightshift.calls.failed"
        | extend function = tostring(Properties.function)
        | where function !startswith "on_dead_"
        | summarize value = sum(Sum) by bin(TimeGenerated, 5m)
      KQL
      operator    = "GreaterThan"
      threshold   = var.thresholds.failed_calls
      measure     = "value"
      aggregation = "Total"
      dimensions  = []
      failing     = { minimum = 1, of = 1 }
      properties  = { "nightshift.category" = "pipeline", "nightshift.metric" = "failed_calls" }
    }
    internal-errors = {
      description = "A step of the app was given up after unknown failures."
      severity    = 1
      window      = "PT15M"
      frequency   = "PT5M"
      query       = <<-KQL
        AppMetrics
        | where Name == "nightshift.internal_errors"
        | summarize value = sum(Sum) by bin(TimeGenerated, 5m)
      KQL
      operator    = "GreaterThan"
      threshold   = 0
      measure     = "value"
      aggregation = "Total"
      dimensions  = []
      failing     = { minimum = 1, of = 1 }
      properties  = {}
    }
    # As many as nightshift/sweeps/self_check.py allows. For people: what is started again and again may take no webhook.
    restarts = {
      description = "Processes of the app on one machine were started more than five times within an hour."
      severity    = 1
      window      = "PT1H"
      frequency   = "PT15M"
      query       = <<-KQL
        AppMetrics
        | where Name == "nightshift.process.starts"
        | summarize value = sum(Sum) by AppRoleInstance
      KQL
      operator    = "GreaterThan"
      threshold   = 5
      measure     = "value"
      aggregation = "Maximum"
      dimensions  = ["AppRoleInstance"]
      failing     = { minimum = 1, of = 1 }
      properties  = {}
    }
    # The app's own timer beats every minute. For people: an app that stands still takes no webhook.
    heartbeat = {
      description = "The function app has been still for a quarter of an hour."
      severity    = 0
      window      = "PT15M"
      frequency   = "PT5M"
      query       = <<-KQL
        AppMetrics
        | where Name == "nightshift.heartbeat"
      KQL
      operator    = "LessThan"
      threshold   = 1
      measure     = null
      aggregation = "Count"
      dimensions  = []
      failing     = { minimum = 1, of = 1 }
      properties  = {}
    }
  }

  # Service Bus has no metric for the age of its oldest message; a queue that was never empty for 15 minutes is the same.
  queue_rules = {
    dead-letters = {
      description = "Messages were given up; nightshift dlq list tells why."
      metric      = "DeadletteredMessages"
      aggregation = "Maximum"
      threshold   = var.thresholds.dead_letters
      severity    = 1
    }
    queue-age = {
      description = "A queue has not been empty for 15 minutes: nobody takes its messages, or too slowly."
      metric      = "ActiveMessages"
      aggregation = "Minimum"
      threshold   = 0
      severity    = 1
    }
  }
}

resource "azurerm_monitor_action_group" "people" {
  name                = "ag-${var.stem}-people"
  resource_group_name = var.resource_group.name
  short_name          = "people"
  tags                = var.tags

  dynamic "email_receiver" {
    for_each = var.on_call_emails
    content {
      name                    = "on-call-${email_receiver.key}"
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }

}

# The responder: POST /api/alerts with a token of Entra, never a key in the address.
resource "azurerm_monitor_action_group" "responder" {
  count = var.webhook == null ? 0 : 1

  name                = "ag-${var.stem}-responder"
  resource_group_name = var.resource_group.name
  short_name          = "responder"
  tags                = var.tags

  webhook_receiver {
    name                    = "nightshift"
    service_uri             = var.webhook.url
    use_common_alert_schema = true

    # Azure fills in the identifier URI of the registration.
    aad_auth {
      object_id = var.webhook.object_id
      tenant_id = var.webhook.tenant_id
    }
  }
}

locals {
  people    = [azurerm_monitor_action_group.people.id]
  responder = azurerm_monitor_action_group.responder[*].id
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "this" {
  for_each = local.rules

  name                    = "alert-${var.stem}-${each.key}"
  description             = each.value.description
  resource_group_name     = var.resource_group.name
  location                = var.location
  scopes                  = [azurerm_log_analytics_workspace.this.id]
  severity                = each.value.severity
  window_duration         = each.value.window
  evaluation_frequency    = each.value.frequency
  auto_mitigation_enabled = true
  # The metrics' tables exist only after the first row; a rule must not wait for it.
  skip_query_validation = true
  tags                  = var.tags

  criteria {
    query                   = each.value.query
    operator                = each.value.operator
    threshold               = each.value.threshold
    metric_measure_column   = each.value.measure
    time_aggregation_method = each.value.aggregation

    dynamic "dimension" {
      for_each = each.value.dimensions
      content {
        name     = dimension.value
        operator = "Include"
        values   = ["*"]
      }
    }

    failing_periods {
      minimum_failing_periods_to_trigger_alert = each.value.failing.minimum
      number_of_evaluation_periods             = each.value.failing.of
    }
  }

  action {
    action_groups     = length(each.value.properties) == 0 ? local.people : concat(local.people, local.responder)
    custom_properties = each.value.properties
  }
}

resource "azurerm_monitor_metric_alert" "queues" {
  for_each = local.queue_rules

  name                = "alert-${var.stem}-${each.key}"
  description         = each.value.description
  resource_group_name = var.resource_group.name
  scopes              = [var.service_bus_namespace_id]
  severity            = each.value.severity
  frequency           = "PT5M"
  window_size         = "PT15M"
  auto_mitigate       = true
  tags                = var.tags

  criteria {
    metric_namespace = "Microsoft.ServiceBus/namespaces"
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = "GreaterThan"
    threshold        = each.value.threshold

    dimension {
      name     = "EntityName"
      operator = "Include"
      values   = ["*"]
    }
  }

  dynamic "action" {
    for_each = concat(local.people, local.responder)
    content {
      action_group_id    = action.value
      webhook_properties = { "nightshift.category" = "pipeline", "nightshift.metric" = each.key }
    }
  }
}

# Of the subscription, for two resource groups: Databricks keeps the clusters' machines, the largest cost of use, in one
# of its own.
resource "azurerm_consumption_budget_subscription" "this" {
  name            = "budget-${var.stem}"
  subscription_id = "/subscriptions/${split("/", var.resource_group.id)[2]}"
  amount          = var.budget.amount
  time_grain      = "Monthly"

  filter {
    dimension {
      name   = "ResourceGroupName"
      values = [var.resource_group.name, var.databricks_resource_group]
    }
  }

  # Azure takes no start before the month in which the budget is made, and none that moves later.
  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00'Z'", plantimestamp())
  }

  dynamic "notification" {
    for_each = { Actual = 80, Forecasted = 100 }
    content {
      operator       = "GreaterThanOrEqualTo"
      threshold      = notification.value
      threshold_type = notification.key
      contact_groups = concat(local.people, local.responder)
    }
  }

  lifecycle {
    ignore_changes = [time_period]
  }
}
