output "endpoints" {
  description = "Ids of the endpoints by name."
  value       = { for name, endpoint in merge(azurerm_private_endpoint.this, azurerm_private_endpoint.later) : name => endpoint.id }
}
