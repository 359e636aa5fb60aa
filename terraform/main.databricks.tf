module "databricks" {
  source = "./modules/databricks"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  stem                = local.stem
  tags                = local.tags
  private             = var.private
  network             = merge(module.network.databricks, { virtual_network_id = module.network.virtual_network_id })
  data_identity_id    = module.identity.identities["data"].id
}

# What lies in the workspace. Terraform talks to the workspace itself for it, so a private one must exist, and the
# machine that runs Terraform must reach it, before deploy_content is switched on (docs/deploy.md).
module "databricks_content" {
  source = "./modules/databricks_content"
  count  = var.databricks.deploy_content ? 1 : 0

  environment = var.environment
  name        = var.name
  tags        = local.tags
  service_principals = {
    app      = module.identity.identities["app"].client_id
    training = module.identity.identities["training"].client_id
  }
  storage = {
    account_name        = module.storage.data_account.name
    catalog_container   = "catalog"
    access_connector_id = module.databricks.access_connector_id
    managed_identity_id = module.identity.identities["data"].id
    skip_validation     = var.private
  }
  job_definitions = [
    for file in fileset("${path.module}/../training/job_definitions", "*.yml") :
    yamldecode(file("${path.module}/../training/job_definitions/${file}"))
  ]
  wheel             = var.databricks.wheel
  git_commit        = var.databricks.git_commit
  pool              = var.databricks.pool
  max_dbus_per_hour = var.databricks.max_dbus_per_hour
  grants            = local.role_table.grants
  permissions       = local.role_table.permissions

  depends_on = [module.private_link, module.roles]
}
