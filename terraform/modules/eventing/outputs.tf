output "topic" {
  description = "The topic for lifecycle events: id, and the endpoint that the app publishes to."
  value = {
    id       = azurerm_eventgrid_topic.lifecycle.id
    endpoint = azurerm_eventgrid_topic.lifecycle.endpoint
  }
}

output "public" {
  description = "Whether it answers outside the network."
  value       = azurerm_eventgrid_topic.lifecycle.public_network_access_enabled
}
