# For the one kind of secret that cannot be avoided: notification addresses that carry a key, such as PagerDuty's.
# People put it in; Terraform never reads it, so that it is in no state file.
resource "azurerm_key_vault" "this" {
  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.location
  tenant_id                     = var.tenant_id
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = var.public_network_access_enabled
  tags                          = var.tags

  network_acls {
    default_action = "Deny"
    # The app reads its reference through the network, so nobody needs a bypass.
    bypass   = "None"
    ip_rules = var.allowed_ip_ranges
  }

  lifecycle {
    prevent_destroy = true
  }
}
