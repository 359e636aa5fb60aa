output "namespace" {
  description = "The namespace: id, name, and the host name that clients connect to."
  value = {
    id   = azurerm_servicebus_namespace.this.id
    name = azurerm_servicebus_namespace.this.name
    host = "${azurerm_servicebus_namespace.this.name}.servicebus.windows.net"
  }
}

output "queue_ids" {
  description = "Ids of the queues by name."
  value       = { for name, queue in azurerm_servicebus_queue.this : name => "${azurerm_servicebus_namespace.this.id}/queues/${queue.name}" }
}

output "public" {
  description = "Whether it answers outside the network."
  value       = azurerm_servicebus_namespace.this.public_network_access_enabled
}
