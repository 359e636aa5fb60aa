# What the platform tells others: run started, promoted, rejected, flagged.
resource "azurerm_eventgrid_topic" "lifecycle" {
  #checkov:skip=CKV_AZURE_191: The topic delivers to nobody by itself; who subscribes brings an identity.
  name                          = var.topic_name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  input_schema                  = "CloudEventSchemaV1_0"
  local_auth_enabled            = false
  public_network_access_enabled = var.public_network_access_enabled
  inbound_ip_rule               = [for range in var.allowed_ip_ranges : { action = "Allow", ip_mask = range }]
  tags                          = var.tags
}
