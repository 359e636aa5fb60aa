locals {
  # What has a firewall, by the part that the app and the jobs talk to. In every environment: an address rule does not
  # hold for calls from the same region, so that the network would have no way to its own storage otherwise.
  firewalled = {
    data-blob   = { resource_id = module.storage.data_account.id, subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
    data-dfs    = { resource_id = module.storage.data_account.id, subresource = "dfs", zones = ["privatelink.dfs.core.windows.net"] }
    data-table  = { resource_id = module.storage.data_account.id, subresource = "table", zones = ["privatelink.table.core.windows.net"] }
    host-blob   = { resource_id = module.storage.host_account.id, subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
    host-queue  = { resource_id = module.storage.host_account.id, subresource = "queue", zones = ["privatelink.queue.core.windows.net"] }
    host-table  = { resource_id = module.storage.host_account.id, subresource = "table", zones = ["privatelink.table.core.windows.net"] }
    event-topic = { resource_id = module.eventing.topic.id, subresource = "topic", zones = ["privatelink.eventgrid.azure.net"] }
    key-vault   = { resource_id = module.key_vault.id, subresource = "vault", zones = ["privatelink.vaultcore.azure.net"] }
  }

  # Service Bus has a firewall, and takes a private endpoint, as Premium only.
  firewalled_premium = {
    service-bus = { resource_id = module.messaging.namespace.id, subresource = "namespace", zones = ["privatelink.servicebus.windows.net"] }
  }

  # What has no public address in a private environment.
  closed = {
    databricks = { resource_id = module.databricks.workspace.id, subresource = "databricks_ui_api", zones = ["privatelink.azuredatabricks.net"] }
    databricks-sign-in = {
      resource_id = module.databricks.workspace.id
      subresource = "browser_authentication"
      zones       = ["privatelink.azuredatabricks.net"]
      later       = true
    }
    # The workspace's own storage: runs' artifacts, predictions among them, which the app reads.
    workspace-blob = { resource_id = module.databricks.storage_account_id, subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
    workspace-dfs  = { resource_id = module.databricks.storage_account_id, subresource = "dfs", zones = ["privatelink.dfs.core.windows.net"] }
    monitor = {
      resource_id = module.observability.private_link_scope_id
      subresource = "azuremonitor"
      zones = [
        "privatelink.monitor.azure.com",
        "privatelink.oms.opinsights.azure.com",
        "privatelink.ods.opinsights.azure.com",
        "privatelink.agentsvc.azure-automation.net",
        "privatelink.blob.core.windows.net",
      ]
    }
  }

  private_endpoints = merge(
    local.firewalled,
    { for name, endpoint in local.firewalled_premium : name => endpoint if var.service_bus.sku == "Premium" },
    { for name, endpoint in local.closed : name => endpoint if var.private },
  )
}

module "private_link" {
  source = "./modules/private_link"

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  stem                = local.stem
  tags                = local.tags
  subnet_id           = module.network.private_endpoints_subnet_id
  virtual_network_id  = module.network.virtual_network_id
  endpoints           = local.private_endpoints
}

# By itself, because the app starts only after the endpoints above, and this one only after the app.
module "private_link_app" {
  source = "./modules/private_link"
  count  = var.private ? 1 : 0

  resource_group_name = azurerm_resource_group.this.name
  location            = var.location
  stem                = local.stem
  tags                = local.tags
  subnet_id           = module.network.private_endpoints_subnet_id
  virtual_network_id  = module.network.virtual_network_id
  endpoints = {
    function-app = { resource_id = module.function_app.id, subresource = "sites", zones = ["privatelink.azurewebsites.net"] }
  }
}
