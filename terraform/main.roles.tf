locals {
  role_table = yamldecode(file("${path.module}/roles.yml"))

  # By who: principal ids, under names that are known before apply.
  principals = {
    app            = { app = module.identity.identities["app"].principal_id }
    events         = { events = module.eventing.system_topic.principal_id }
    data           = { data = module.identity.identities["data"].principal_id }
    deployers      = { for id in var.deployers : id => id }
    alert_sources  = { for id in var.alert_sources : id => id }
    data_producers = { for id in var.data_producers : id => id }
  }

  # By scope: resource ids, under names that are known before apply.
  scopes = {
    bronze             = { bronze = module.storage.container_ids["bronze"] }
    silver             = { silver = module.storage.container_ids["silver"] }
    evidence           = { evidence = module.storage.container_ids["evidence"] }
    catalog            = { catalog = module.storage.container_ids["catalog"] }
    event_dead_letters = { event-dead-letters = module.storage.container_ids["event-dead-letters"] }
    releases           = { releases = module.storage.container_ids["releases"] }
    data_account       = { data-account = module.storage.data_account.id }
    host_account       = { host-account = module.storage.host_account.id }
    queues             = { for queue in local.queues : queue.name => module.messaging.queue_ids[queue.name] }
    alert_queues       = { for name in local.alert_queues : name => module.messaging.queue_ids[name] }
    blob_events_queue  = { (local.blob_events_queue) = module.messaging.queue_ids[local.blob_events_queue] }
    lifecycle_topic    = { lifecycle-topic = module.eventing.topic.id }
    insights           = { insights = module.observability.insights_id }
    resource_group     = { resource-group = azurerm_resource_group.this.id }
    key_vault          = { key-vault = module.key_vault.id }
    task_hub           = { for index, hub in azapi_resource.task_hub : "task-hub" => hub.id }
  }
}

module "roles" {
  source = "./modules/roles"

  roles              = [for row in local.role_table.azure : row if row.scope != "function_app"]
  principals         = local.principals
  managed_identities = ["app", "events", "data"]
  scopes             = local.scopes
}

# By themselves, because the app waits for the roles above, and these are rights on the app.
module "roles_on_app" {
  source = "./modules/roles"

  roles              = [for row in local.role_table.azure : row if row.scope == "function_app"]
  principals         = local.principals
  managed_identities = ["app", "events", "data"]
  scopes             = { function_app = { function-app = module.function_app.id } }
}
