# What docs/observability.md explains, on one page. The queries name the app's metrics; a test compares.
resource "azurerm_application_insights_workbook" "this" {
  # A workbook's name must be a UUID; this one is the same in every apply.
  name                = uuidv5("url", "https://nightshift/${var.stem}/workbook")
  resource_group_name = var.resource_group.name
  location            = var.location
  display_name        = "Nightshift ${var.stem}"
  source_id           = lower(azurerm_application_insights.this.id)
  tags                = var.tags

  data_json = templatefile("${path.module}/workbook.json.tftpl", {
    workspace_id = azurerm_log_analytics_workspace.this.id
    environment  = var.stem
  })
}
