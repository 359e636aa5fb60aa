module "observability" {
  source = "./modules/observability"

  resource_group = {
    id   = azurerm_resource_group.this.id
    name = azurerm_resource_group.this.name
  }
  location                  = var.location
  stem                      = local.stem
  tags                      = local.tags
  private                   = var.private
  retention_days            = var.observability.retention_days
  daily_quota_gb            = var.observability.daily_quota_gb
  on_call_emails            = var.observability.on_call_emails
  thresholds                = var.observability.thresholds
  budget                    = var.budget
  databricks_resource_group = module.databricks.managed_resource_group
  service_bus_namespace_id  = module.messaging.namespace.id

  webhook = var.alert_webhook ? {
    url       = "${local.app_url}/api/alerts"
    object_id = module.access.application.object_id
    tenant_id = local.tenant_id
  } : null

  diagnostics = {
    # Who read or changed data and decisions.
    data-blobs   = { id = "${module.storage.data_account.id}/blobServices/default", categories = ["StorageRead", "StorageWrite", "StorageDelete"] }
    data-tables  = { id = "${module.storage.data_account.id}/tableServices/default", categories = ["StorageWrite", "StorageDelete"] }
    service-bus  = { id = module.messaging.namespace.id, groups = ["allLogs"] }
    key-vault    = { id = module.key_vault.id, groups = ["audit"] }
    event-topic  = { id = module.eventing.topic.id, groups = ["allLogs"] }
    databricks   = { id = module.databricks.workspace.id, categories = ["accounts", "clusters", "jobs", "unityCatalog"] }
    function-app = { id = module.function_app.id, categories = ["FunctionAppLogs", "AppServiceAuthenticationLogs"] }
  }
}
