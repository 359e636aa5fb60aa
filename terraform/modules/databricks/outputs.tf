output "workspace" {
  description = "The workspace: resource id, Databricks' own number, and address."
  value = {
    id     = azurerm_databricks_workspace.this.id
    number = azurerm_databricks_workspace.this.workspace_id
    url    = "https://${azurerm_databricks_workspace.this.workspace_url}"
  }
}

output "access_connector_id" {
  description = "Access connector that Unity Catalog's credentials name."
  value       = azurerm_databricks_access_connector.this.id
}

output "managed_resource_group" {
  description = "Name of the resource group in which Databricks keeps the clusters' machines and its own storage."
  value       = azurerm_databricks_workspace.this.managed_resource_group_name
}

output "storage_account_id" {
  description = "The workspace's own storage account, in the resource group that Databricks manages."
  value       = "${azurerm_databricks_workspace.this.managed_resource_group_id}/providers/Microsoft.Storage/storageAccounts/${var.storage_account_name}"
}

output "storage_public" {
  description = "Whether the workspace's own storage answers outside the network, to who has a token or an address that Databricks has signed."
  value       = !coalesce(azurerm_databricks_workspace.this.default_storage_firewall_enabled, false)
}

output "public" {
  description = "Whether it answers outside the network."
  value       = azurerm_databricks_workspace.this.public_network_access_enabled
}
