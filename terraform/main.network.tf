module "network" {
  source = "./modules/network"

  resource_group_name  = azurerm_resource_group.this.name
  location             = var.location
  stem                 = local.stem
  tags                 = local.tags
  private              = var.private
  cidrs                = var.network
  functions_delegation = local.flex ? "Microsoft.App/environments" : "Microsoft.Web/serverFarms"
}
