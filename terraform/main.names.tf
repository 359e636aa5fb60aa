data "azurerm_client_config" "current" {}

locals {
  stem = "${var.name}-${var.environment}"
  # Names that are unique in all of Azure get four digits of their own, the same at every plan.
  suffix = substr(sha256("${var.subscription_id}/${var.name}/${var.environment}"), 0, 4)

  names = {
    data_account      = "st${var.name}${var.environment}d${local.suffix}"
    host_account      = "st${var.name}${var.environment}h${local.suffix}"
    workspace_account = "st${var.name}${var.environment}w${local.suffix}"
    service_bus       = "sb-${local.stem}-${local.suffix}"
    event_topic       = "egt-${local.stem}-${local.suffix}"
    key_vault         = "kv-${local.stem}-${local.suffix}"
    function_app      = "func-${local.stem}-${local.suffix}"
    scheduler         = "dts-${local.stem}-${local.suffix}"
  }

  # One address, as each service wants it: storage refuses /32, App Service and Event Grid want it.
  allowed_addresses = distinct([for range in var.allowed_ip_ranges : trimsuffix(range, "/32")])
  allowed_ranges    = [for address in local.allowed_addresses : strcontains(address, "/") ? address : "${address}/32"]

  tags = merge(var.tags, { application = var.name, environment = var.environment, managed_by = "terraform" })

  tenant_id = data.azurerm_client_config.current.tenant_id
  flex      = var.function_plan.sku == "FC1"

  # The app gets it as a setting before the catalog exists; modules/databricks_content makes the catalog of this name.
  model_prefix = "${var.name}_${var.environment}.models."
}

resource "azurerm_resource_group" "this" {
  name     = "rg-${local.stem}"
  location = var.location
  tags     = local.tags
}
