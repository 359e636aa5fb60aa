output "workspace" {
  description = "The workspace: resource id and address."
  value = {
    id  = azurerm_databricks_workspace.this.id
    url = "https://${azurerm_databricks_workspace.this.workspace_url}"
  }
}

output "access_connector_id" {
  description = "Access connector that Unity Catalog's credentials name."
  value       = azurerm_databricks_access_connector.this.id
}

output "public" {
  description = "Whether it answers outside the network."
  value       = azurerm_databricks_workspace.this.public_network_access_enabled
}
