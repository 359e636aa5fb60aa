locals {
  zones = toset(flatten([for endpoint in values(var.endpoints) : endpoint.zones]))
}

resource "azurerm_private_dns_zone" "this" {
  for_each = local.zones

  name                = each.key
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = azurerm_private_dns_zone.this

  name                  = "link-${var.stem}"
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = each.value.name
  virtual_network_id    = var.virtual_network_id
  tags                  = var.tags
}

resource "azurerm_private_endpoint" "this" {
  for_each = { for name, endpoint in var.endpoints : name => endpoint if !endpoint.later }

  name                = "pe-${var.stem}-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.resource_id
    subresource_names              = [each.value.subresource]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [for zone in each.value.zones : azurerm_private_dns_zone.this[zone].id]
  }

  # An endpoint whose name does not resolve yet sends the first caller to the public address.
  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}

# Databricks takes one new endpoint of a workspace at a time (ConcurrentUpdateError,
# hashicorp/terraform-provider-azurerm#26373), and azurerm tries again for storage only.
resource "azurerm_private_endpoint" "later" {
  for_each = { for name, endpoint in var.endpoints : name => endpoint if endpoint.later }

  name                = "pe-${var.stem}-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.resource_id
    subresource_names              = [each.value.subresource]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [for zone in each.value.zones : azurerm_private_dns_zone.this[zone].id]
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.this, azurerm_private_endpoint.this]
}
