output "topic" {
  description = "The topic for lifecycle events: id, and the endpoint that the app publishes to."
  value = {
    id       = azurerm_eventgrid_topic.lifecycle.id
    endpoint = azurerm_eventgrid_topic.lifecycle.endpoint
  }
}

output "system_topic" {
  description = "The system topic of the data account: name, and principal id of its own identity."
  value = {
    name         = azurerm_eventgrid_system_topic.blobs.name
    principal_id = azurerm_eventgrid_system_topic.blobs.identity[0].principal_id
  }
}

output "public" {
  description = "Whether it answers outside the network."
  value       = azurerm_eventgrid_topic.lifecycle.public_network_access_enabled
}
