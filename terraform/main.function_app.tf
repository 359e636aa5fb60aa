locals {
  app_url = "https://${local.names.function_app}.azurewebsites.net"
}

module "function_app" {
  source = "./modules/function_app"

  name           = local.names.function_app
  resource_group = { id = azurerm_resource_group.this.id, name = azurerm_resource_group.this.name }
  location       = var.location
  environment    = var.environment
  tags           = local.tags
  plan           = var.function_plan
  python_version = var.python_version
  subnet_id      = module.network.functions_subnet_id
  identity = {
    id        = module.identity.identities["app"].id
    client_id = module.identity.identities["app"].client_id
  }
  host_storage      = { name = module.storage.host_account.name, releases_endpoint = module.storage.host_account.releases_endpoint }
  private           = var.private
  alert_webhook     = var.alert_webhook
  push_events       = var.blob_event_delivery == "push"
  allowed_ip_ranges = local.allowed_ranges

  sign_in = {
    tenant_id      = local.tenant_id
    client_id      = module.access.application.client_id
    identifier_uri = module.access.application.identifier_uri
  }

  connections = {
    blob_endpoint              = module.storage.data_account.blob_endpoint
    table_endpoint             = module.storage.data_account.table_endpoint
    event_topic_endpoint       = module.eventing.topic.endpoint
    service_bus_host           = module.messaging.namespace.host
    databricks_url             = module.databricks.workspace.url
    model_prefix               = local.model_prefix
    insights_connection_string = module.observability.insights.connection_string
    public_url                 = var.public_url == "" ? local.app_url : var.public_url
  }

  notify_urls_secret_uri = var.notify_urls_version == "" ? "" : "${module.key_vault.uri}secrets/notify-urls/${var.notify_urls_version}"

  notify_fallback_urls_secret_uri = var.notify_fallback_urls_version == "" ? "" : "${module.key_vault.uri}secrets/notify-fallback-urls/${var.notify_fallback_urls_version}"

  language_model    = var.language_model
  keep_history_days = var.keep_history_days
  check_settings    = var.check_settings

  durable = {
    backend  = var.durable_backend
    endpoint = try(azapi_resource.scheduler[0].output.properties.endpoint, "")
    task_hub = "nightshift"
  }

  # The app must not start before it may and can reach what it needs.
  depends_on = [module.private_link, module.roles]
}

resource "azapi_resource" "scheduler" {
  count = var.durable_backend == "scheduler" ? 1 : 0

  type      = "Microsoft.DurableTask/schedulers@2025-11-01"
  name      = local.names.scheduler
  parent_id = azurerm_resource_group.this.id
  location  = var.location
  tags      = local.tags

  body = {
    properties = {
      ipAllowlist = ["0.0.0.0/0"]
      sku         = { name = "Consumption" }
    }
  }
  response_export_values = ["properties.endpoint"]
}

resource "azapi_resource" "task_hub" {
  count = var.durable_backend == "scheduler" ? 1 : 0

  type      = "Microsoft.DurableTask/schedulers/taskHubs@2025-11-01"
  name      = "nightshift"
  parent_id = azapi_resource.scheduler[0].id
  body      = { properties = {} }
}
