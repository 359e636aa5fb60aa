output "app_url" {
  description = "Address of the app."
  value       = local.app_url
}

output "databricks_url" {
  description = "Address of the workspace."
  value       = module.databricks.workspace.url
}

output "package_upload" {
  description = "Where the delivery pipeline puts the app's package."
  value       = module.storage.host_account.releases_endpoint
}

output "wheel_upload" {
  description = "Where the training wheel must lie before the first job run."
  value       = one(module.databricks_content[*].wheel)
}

output "gate" {
  description = "What must answer before a package is deployed: containers, queues, roles, registry."
  value = {
    containers   = keys(module.storage.container_ids)
    queues       = keys(module.messaging.queue_ids)
    roles        = concat(keys(module.roles.assignments), keys(module.roles_on_app.assignments))
    model_prefix = one(module.databricks_content[*].model_prefix)
  }
}

output "key_vault" {
  description = "Name of the vault for notification addresses."
  value       = local.names.key_vault
}

output "egress_address" {
  description = "Address that the platform's calls to the outside come from."
  value       = module.network.egress_address
}

output "next" {
  description = "What to do now."
  value       = <<-TEXT
    1. Put the training wheel at ${coalesce(one(module.databricks_content[*].wheel), "(deploy_content is off: connect to the network, switch it on, apply again)")}
    2. Deploy the app's package to ${local.names.function_app}.
    3. nightshift --env ${var.environment} doctor
    4. Open ${local.app_url}
  TEXT
}

output "public" {
  description = "What can be reached from outside the network: true or false, and for the app, by whom."
  value = {
    services = merge(module.storage.public, {
      service-bus = module.messaging.public
      event-topic = module.eventing.public
      key-vault   = module.key_vault.public
      databricks  = module.databricks.public
      logs        = module.observability.public
    })
    app_callers = module.function_app.public
  }
}

output "private_endpoints" {
  description = "Names of the private endpoints."
  value       = sort(concat(flatten([for link in module.private_link : keys(link.endpoints)]), flatten([for link in module.private_link_app : keys(link.endpoints)])))
}
