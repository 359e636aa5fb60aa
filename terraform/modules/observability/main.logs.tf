resource "azurerm_log_analytics_workspace" "this" {
  name                         = "log-${var.stem}"
  resource_group_name          = var.resource_group.name
  location                     = var.location
  sku                          = "PerGB2018"
  retention_in_days            = var.retention_days
  daily_quota_gb               = var.daily_quota_gb
  local_authentication_enabled = false
  internet_ingestion_enabled   = !var.private
  internet_query_enabled       = !var.private
  tags                         = var.tags
}

resource "azurerm_application_insights" "this" {
  name                         = "appi-${var.stem}"
  resource_group_name          = var.resource_group.name
  location                     = var.location
  workspace_id                 = azurerm_log_analytics_workspace.this.id
  application_type             = "web"
  local_authentication_enabled = false
  internet_ingestion_enabled   = !var.private
  internet_query_enabled       = !var.private
  # An alert's evidence must be whole: no call is left out.
  sampling_percentage = 100
  tags                = var.tags
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = var.diagnostics

  name                       = "to-log-analytics"
  target_resource_id         = each.value.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  dynamic "enabled_log" {
    for_each = each.value.categories
    content {
      category = enabled_log.value
    }
  }

  dynamic "enabled_log" {
    for_each = each.value.groups
    content {
      category_group = enabled_log.value
    }
  }
}
