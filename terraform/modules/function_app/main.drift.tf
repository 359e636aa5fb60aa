# Azure does not give an app's settings back with the app, so that a plan cannot see one that was changed by hand. The
# drift plan asks for them by themselves and fails where they differ; an apply does not ask (there may be no app yet).
data "azapi_resource_action" "settings" {
  count = var.check_settings && var.plan.sku == "FC1" ? 1 : 0

  type                   = "Microsoft.Web/sites@2024-04-01"
  resource_id            = "${var.resource_group.id}/providers/Microsoft.Web/sites/${var.name}"
  action                 = "config/appsettings/list"
  method                 = "POST"
  response_export_values = ["properties"]

  lifecycle {
    postcondition {
      condition     = length(setsubtract(keys(self.output.properties), keys(local.settings))) == 0
      error_message = "The app has settings that Terraform does not know: ${join(", ", setsubtract(keys(self.output.properties), keys(local.settings)))}. Take them out (az functionapp config appsettings delete), or write them into main.settings.tf."
    }

    postcondition {
      condition     = alltrue([for name, value in local.settings : lookup(self.output.properties, name, null) == value])
      error_message = "The app's settings differ from main.settings.tf: ${join(", ", [for name, value in local.settings : name if lookup(self.output.properties, name, null) != value])}. Put them back (az functionapp config appsettings set), or apply the change that is wanted."
    }
  }
}
