# Tells of new blobs. Who hears of them is in modules/upload_events, because a subscription can only be made after the
# rights that this topic's identity needs. The identity is the topic's own: Event Grid does not pass a storage firewall
# with a user-assigned one (MicrosoftDocs/azure-docs#105746).
resource "azurerm_eventgrid_system_topic" "blobs" {
  name                = "egst-${var.stem}-blobs"
  resource_group_name = var.resource_group_name
  location            = var.location
  source_resource_id  = var.source_account_id
  topic_type          = "Microsoft.Storage.StorageAccounts"
  tags                = var.tags

  identity {
    type = "SystemAssigned"
  }
}
