resource "azurerm_servicebus_namespace" "this" {
  #checkov:skip=CKV_AZURE_202: The namespace calls nobody, so it needs no identity.
  name                          = var.namespace_name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  sku                           = var.sku
  capacity                      = var.sku == "Premium" ? var.messaging_units : 0
  premium_messaging_partitions  = var.sku == "Premium" ? 1 : 0
  local_auth_enabled            = false
  minimum_tls_version           = "1.2"
  public_network_access_enabled = var.public_network_access_enabled
  tags                          = var.tags

  dynamic "network_rule_set" {
    for_each = var.sku == "Premium" ? [1] : []
    content {
      public_network_access_enabled = var.public_network_access_enabled
      # azurerm refuses Deny without a rule, and only after it has made the namespace. Without ranges public access is
      # off, which closes the namespace to all but private endpoints and trusted services whatever this says.
      default_action = length(var.allowed_ip_ranges) > 0 ? "Deny" : "Allow"
      ip_rules       = var.allowed_ip_ranges
      # Event Grid cannot use a private endpoint; it comes in as a trusted service with its own identity.
      trusted_services_allowed = true
    }
  }

  # Alerts that wait here, and dead letters, exist nowhere else.
  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_servicebus_queue" "this" {
  for_each = { for queue in var.queues : queue.name => queue }

  name                                    = each.key
  namespace_id                            = azurerm_servicebus_namespace.this.id
  lock_duration                           = each.value.lock_duration
  max_delivery_count                      = each.value.max_delivery_count
  default_message_ttl                     = each.value.default_message_ttl
  requires_duplicate_detection            = each.value.duplicate_detection_window != null
  duplicate_detection_history_time_window = each.value.duplicate_detection_window
  dead_lettering_on_message_expiration    = each.value.dead_lettering_on_expiration
}
