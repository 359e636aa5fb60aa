# One identity per job, so that a right that one needs is not a right that all have. Event Grid has its own
# (modules/eventing).
resource "azurerm_user_assigned_identity" "this" {
  for_each = {
    app      = "the function app"
    training = "the Databricks jobs, as their service principal"
    data     = "Databricks' access connector, when it reads and writes storage"
  }

  name                = "id-${var.stem}-${each.key}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = merge(var.tags, { purpose = each.value })
}
