output "app_url" {
  description = "Address of the app."
  value       = local.app_url
}

output "databricks_url" {
  description = "Address of the workspace."
  value       = module.databricks.workspace.url
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

# nightshift/delivery/environment.py reads it: a name changed here is changed there.
output "environment" {
  description = "What the command line and the delivery need to know of this environment; no secret. `nightshift env add` keeps it."
  value = {
    name              = var.environment
    app_url           = local.app_url
    audience          = module.access.application.identifier_uri
    tenant_id         = local.tenant_id
    subscription_id   = var.subscription_id
    resource_group    = azurerm_resource_group.this.name
    function_app      = local.names.function_app
    plan              = var.function_plan.sku
    python_version    = var.python_version
    app_principal_id  = module.identity.identities["app"].principal_id
    blob_endpoint     = module.storage.data_account.blob_endpoint
    data_account      = local.names.data_account
    host_account      = module.storage.host_account.name
    releases_endpoint = module.storage.host_account.releases_endpoint
    service_bus       = local.names.service_bus
    databricks_url    = module.databricks.workspace.url
    model_schema      = trimsuffix(local.model_prefix, ".")
    wheel             = one(module.databricks_content[*].wheel)
    containers = {
      (local.names.data_account)         = [for name, id in module.storage.container_ids : name if name != "releases"]
      (module.storage.host_account.name) = ["releases"]
    }
    queues = keys(module.messaging.queue_ids)
    roles = [
      for assignment, scope in module.roles.assignments :
      { role = regex("^app: (.+) on [^ ]+$", assignment)[0], scope = scope } if startswith(assignment, "app: ")
    ]
  }
}

output "next" {
  description = "What to do now."
  value       = <<-TEXT
    1. nightshift env add ${var.environment}
    2. make package, then make deploy ENV=${var.environment}, which puts the training wheel at ${coalesce(one(module.databricks_content[*].wheel), "(deploy_content is off: connect to the network, switch it on, apply again)")}
    3. nightshift --env ${var.environment} doctor
    4. nightshift --env ${var.environment} smoke
    5. Open ${local.app_url}
  TEXT
}

output "public" {
  description = "What can be reached from outside the network: true or false, for the app by whom, and what may leave."
  value = {
    services = merge(module.storage.public, {
      service-bus = module.messaging.public
      event-topic = module.eventing.public
      key-vault   = module.key_vault.public
      databricks  = module.databricks.public

      databricks-storage = module.databricks.storage_public
      logs               = module.observability.public
    })
    app_callers = module.function_app.public
    egress      = module.network.egress
  }
}

output "private_endpoints" {
  description = "Names of the private endpoints."
  value       = sort(concat(keys(module.private_link.endpoints), flatten([for link in module.private_link_app : keys(link.endpoints)])))
}
