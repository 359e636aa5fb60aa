output "id" {
  description = "Id of the function app."
  value       = var.plan.sku == "FC1" ? azapi_resource.flex[0].id : azurerm_linux_function_app.premium[0].id
}

output "url" {
  description = "Address of the app."
  value       = "https://${var.name}.azurewebsites.net"
}

output "settings" {
  description = "Names of the app settings; tests hold them against nightshift/wiring/settings.py."
  value       = sort(keys(local.settings))
}

output "public" {
  description = "Who may call the app from outside the network, by rule; empty where nobody may."
  value       = local.public_network_access_enabled ? [for rule in local.ip_restrictions : coalesce(rule.service_tag, rule.ip_address)] : []
}

output "plan" {
  description = "Which plan was made."
  value = {
    sku  = azurerm_service_plan.this.sku_name
    flex = length(azapi_resource.flex) == 1
  }
}

output "public_network_access_enabled" {
  description = "Whether the app has a public address at all."
  value       = local.public_network_access_enabled
}

output "open_paths" {
  description = "Paths that ask for no sign-in."
  value       = local.open_paths
}
