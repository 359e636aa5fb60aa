module "eventing" {
  source = "./modules/eventing"

  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  stem                          = local.stem
  topic_name                    = local.names.event_topic
  source_account_id             = module.storage.data_account.id
  public_network_access_enabled = var.private ? false : true
  allowed_ip_ranges             = local.allowed_ranges
  tags                          = local.tags
}

module "upload_events" {
  source = "./modules/upload_events"

  resource_group_name   = azurerm_resource_group.this.name
  system_topic_name     = module.eventing.system_topic.name
  source_account_id     = module.storage.data_account.id
  private               = var.private
  delivery              = var.blob_event_delivery
  queue_id              = module.messaging.queue_ids[local.blob_events_queue]
  function_id           = "${azurerm_resource_group.this.id}/providers/Microsoft.Web/sites/${local.names.function_app}/functions/on_blob_created"
  dead_letter_container = "event-dead-letters"

  # Azure tries the rights when the subscription is made. It waits for the app too, because a new assignment takes
  # minutes to spread and the app takes longer.
  depends_on = [module.roles, module.storage, module.function_app]
}
