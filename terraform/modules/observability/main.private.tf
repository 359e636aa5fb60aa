# Azure Monitor's own way to be private: one scope for all its parts, reached by one endpoint.
resource "azurerm_monitor_private_link_scope" "this" {
  count = var.private ? 1 : 0

  name                  = "ampls-${var.stem}"
  resource_group_name   = var.resource_group.name
  ingestion_access_mode = "PrivateOnly"
  query_access_mode     = "PrivateOnly"
  tags                  = var.tags
}

resource "azurerm_monitor_private_link_scoped_service" "this" {
  for_each = var.private ? {
    logs     = azurerm_log_analytics_workspace.this.id
    insights = azurerm_application_insights.this.id
  } : {}

  name                = each.key
  resource_group_name = var.resource_group.name
  scope_name          = azurerm_monitor_private_link_scope.this[0].name
  linked_resource_id  = each.value
}
