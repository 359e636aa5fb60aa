output "insights" {
  description = "Application Insights: id, and the connection string, which is an address and no secret where local authentication is off."
  value = {
    id                = azurerm_application_insights.this.id
    connection_string = azurerm_application_insights.this.connection_string
  }
  sensitive = true
}

output "insights_id" {
  description = "Id of Application Insights."
  value       = azurerm_application_insights.this.id
}

output "private_link_scope_id" {
  description = "Azure Monitor's private link scope; null where logs are public."
  value       = var.private ? azurerm_monitor_private_link_scope.this[0].id : null
}

output "people_action_group_id" {
  description = "Action group that mails on-call."
  value       = azurerm_monitor_action_group.people.id
}

output "public" {
  description = "Whether logs can be written or read outside the network."
  value       = azurerm_log_analytics_workspace.this.internet_query_enabled || azurerm_application_insights.this.internet_ingestion_enabled
}
