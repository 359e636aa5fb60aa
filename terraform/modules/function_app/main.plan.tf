resource "azurerm_service_plan" "this" {
  #checkov:skip=CKV_AZURE_225: Redundancy across zones doubles what is kept ready; a lost instance costs seconds, as Durable goes on elsewhere.
  #checkov:skip=CKV_AZURE_212: Instances are kept ready by always_ready and elastic_instance_minimum, not by a fixed number of workers.
  name                = "asp-${var.name}"
  resource_group_name = var.resource_group.name
  location            = var.location
  os_type             = "Linux"
  sku_name            = var.plan.sku
  tags                = var.tags

  maximum_elastic_worker_count = var.plan.sku == "FC1" ? null : var.plan.maximum_instances
}
