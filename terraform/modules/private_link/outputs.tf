output "endpoints" {
  description = "Ids of the endpoints by name."
  value       = { for name, endpoint in azurerm_private_endpoint.this : name => endpoint.id }
}
