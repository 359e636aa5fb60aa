locals {
  blob_events_queue = "blob-events"

  # One file for Azure and for the local broker.
  queues       = yamldecode(file("${path.module}/service_bus_queues.yml")).queues
  alert_queues = [for queue in local.queues : queue.name if queue.name != local.blob_events_queue]
}

module "messaging" {
  source = "./modules/messaging"

  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  namespace_name                = local.names.service_bus
  sku                           = var.service_bus.sku
  messaging_units               = var.service_bus.messaging_units
  public_network_access_enabled = var.private ? false : true
  allowed_ip_ranges             = local.allowed_addresses
  queues                        = local.queues
  tags                          = local.tags
}
