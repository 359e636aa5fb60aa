module "identity" {
  source = "./modules/identity"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  stem                = local.stem
  tags                = local.tags
}

module "access" {
  source = "./modules/access"

  display_name          = local.stem
  host_name             = "${local.names.function_app}.azurewebsites.net"
  tenant_id             = local.tenant_id
  identity_principal_id = module.identity.identities["app"].principal_id
  members               = var.app_role_members
  owners                = var.app_owners
  alert_webhook         = var.alert_webhook
}
