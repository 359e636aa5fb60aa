output "id" {
  description = "Id of the vault."
  value       = azurerm_key_vault.this.id
}

output "uri" {
  description = "Address of the vault."
  value       = "https://${azurerm_key_vault.this.name}.vault.azure.net/"
}

output "public" {
  description = "Whether it answers outside the network."
  value       = azurerm_key_vault.this.public_network_access_enabled
}
