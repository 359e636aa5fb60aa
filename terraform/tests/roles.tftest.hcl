# Who gets which role on what: each assignment by name and scope. Mocks cannot prove that a role suffices.

mock_provider "azapi" {
  source          = "./tests/mocks/azapi"
  override_during = plan
}

mock_provider "azuread" {
  source          = "./tests/mocks/azuread"
  override_during = plan
}

mock_provider "azurerm" {
  source          = "./tests/mocks/azurerm"
  override_during = plan
}

mock_provider "databricks" {
  source          = "./tests/mocks/databricks"
  override_during = plan
}

# Left unknown, as in a real plan: one rule for linked resources knows only one of the two forms of id.
override_resource {
  target          = module.observability.azurerm_log_analytics_workspace.this
  override_during = apply
}

override_resource {
  target          = module.storage.azurerm_storage_account.data
  override_during = plan
  values = {
    id                     = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/data"
    primary_blob_endpoint  = "https://stmock.blob.core.windows.net/"
    primary_table_endpoint = "https://stmock.table.core.windows.net/"
  }
}

override_resource {
  target          = module.storage.azurerm_storage_account.host
  override_during = plan
  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/host"
  }
}

variables {
  subscription_id              = "00000000-0000-0000-0000-000000000001"
  environment                  = "prod"
  name                         = "nightshift"
  location                     = "westeurope"
  private                      = true
  allowed_ip_ranges            = []
  durable_backend              = "storage"
  storage_replication          = "GZRS"
  blob_event_delivery          = "queue"
  alert_webhook                = true
  public_url                   = ""
  notify_urls_version          = ""
  notify_fallback_urls_version = ""
  keep_history_days            = 30
  deployers                    = []
  alert_sources                = []
  data_producers               = []
  network = {
    virtual_network    = "10.42.0.0/20"
    functions          = "10.42.0.0/25"
    private_endpoints  = "10.42.0.128/26"
    databricks_public  = "10.42.4.0/24"
    databricks_private = "10.42.5.0/24"
  }
  function_plan = { sku = "FC1", maximum_instances = 100, instance_memory_mb = 2048, always_ready = { durable = 1, http = 1, "function:on_model_alerts" = 1 } }
  service_bus   = { sku = "Premium", messaging_units = 1 }
  databricks = {
    deploy_content    = true
    wheel             = "nightshift_training-0.1.0-py3-none-any.whl"
    git_commit        = "0123456"
    max_dbus_per_hour = 4
    pool              = { min_idle = 0, max_capacity = 2, idle_minutes = 15, spot = false }
  }
  observability = {
    retention_days = 90
    daily_quota_gb = 1
    on_call_emails = ["on-call@example.com"]
    thresholds     = { error_rate = 0.05, psi = 0.2, failed_calls = 10, dead_letters = 0 }
  }
  budget           = { amount = 100 }
  app_role_members = { Reader = [], Reviewer = [], Operator = [], AlertWriter = [] }
  tags             = { owner = "mlops", cost_center = "nightshift" }
}

run "every_role_has_its_scope" {
  command = plan

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Blob Data Reader on bronze"], ""), "/containers/bronze")
    error_message = "missing, or of another scope: app: Storage Blob Data Reader on bronze"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Blob Data Contributor on silver"], ""), "/containers/silver")
    error_message = "missing, or of another scope: app: Storage Blob Data Contributor on silver"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Blob Data Contributor on evidence"], ""), "/containers/evidence")
    error_message = "missing, or of another scope: app: Storage Blob Data Contributor on evidence"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Table Data Contributor on data-account"], ""), "/storageAccounts/data")
    error_message = "missing, or of another scope: app: Storage Table Data Contributor on data-account"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Blob Data Owner on host-account"], ""), "/storageAccounts/host")
    error_message = "missing, or of another scope: app: Storage Blob Data Owner on host-account"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Queue Data Contributor on host-account"], ""), "/storageAccounts/host")
    error_message = "missing, or of another scope: app: Storage Queue Data Contributor on host-account"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Storage Table Data Contributor on host-account"], ""), "/storageAccounts/host")
    error_message = "missing, or of another scope: app: Storage Table Data Contributor on host-account"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Azure Service Bus Data Receiver on blob-events"], ""), "/queues/blob-events")
    error_message = "missing, or of another scope: app: Azure Service Bus Data Receiver on blob-events"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Azure Service Bus Data Receiver on model-alerts"], ""), "/queues/model-alerts")
    error_message = "missing, or of another scope: app: Azure Service Bus Data Receiver on model-alerts"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Azure Service Bus Data Sender on model-alerts"], ""), "/queues/model-alerts")
    error_message = "missing, or of another scope: app: Azure Service Bus Data Sender on model-alerts"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Azure Service Bus Data Sender on blob-events"], ""), "/queues/blob-events")
    error_message = "missing, or of another scope: app: Azure Service Bus Data Sender on blob-events"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: EventGrid Data Sender on lifecycle-topic"], ""), "/topics/topic1")
    error_message = "missing, or of another scope: app: EventGrid Data Sender on lifecycle-topic"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Monitoring Metrics Publisher on insights"], ""), "/components/instance1")
    error_message = "missing, or of another scope: app: Monitoring Metrics Publisher on insights"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["app: Key Vault Secrets User on key-vault"], ""), "/vaults/vault1")
    error_message = "missing, or of another scope: app: Key Vault Secrets User on key-vault"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["events: Azure Service Bus Data Sender on blob-events"], ""), "/queues/blob-events")
    error_message = "missing, or of another scope: events: Azure Service Bus Data Sender on blob-events"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["events: Storage Blob Data Contributor on event-dead-letters"], ""), "/containers/event-dead-letters")
    error_message = "missing, or of another scope: events: Storage Blob Data Contributor on event-dead-letters"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["data: Storage Blob Data Reader on bronze"], ""), "/containers/bronze")
    error_message = "missing, or of another scope: data: Storage Blob Data Reader on bronze"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["data: Storage Blob Data Reader on silver"], ""), "/containers/silver")
    error_message = "missing, or of another scope: data: Storage Blob Data Reader on silver"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["data: Storage Blob Data Contributor on evidence"], ""), "/containers/evidence")
    error_message = "missing, or of another scope: data: Storage Blob Data Contributor on evidence"
  }

  assert {
    condition     = endswith(try(module.roles.assignments["data: Storage Blob Data Contributor on catalog"], ""), "/containers/catalog")
    error_message = "missing, or of another scope: data: Storage Blob Data Contributor on catalog"
  }

  assert {
    condition     = length([for key in output.gate.roles : key if startswith(key, "events")]) == 2
    error_message = "Event Grid's identity got a right that it does not need"
  }

  assert {
    condition     = length([for key in output.gate.roles : key if startswith(key, "data:")]) == 4
    error_message = "Databricks' identity got a right that it does not need"
  }

  assert {
    condition     = sort([for key in output.gate.roles : split(":", key)[0] if strcontains(key, "Data Sender on blob-events")]) == tolist(["app", "events"])
    error_message = "somebody other than Event Grid, and the app that redrives, may forge blob events; or a lost upload cannot be redriven"
  }

  assert {
    condition     = alltrue([for key, scope in module.roles.assignments : !endswith(scope, "resourceGroups/rg-mock") && length(split("/", scope)) > 5])
    error_message = "a role is assigned to a whole resource group"
  }

  assert {
    condition     = length([for key in output.gate.roles : key if strcontains(key, "data-account")]) == 1
    error_message = "a second role is assigned to the whole data account"
  }

  assert {
    condition     = length(module.roles_on_app.assignments) == 0
    error_message = "nobody was named, and somebody may change the app"
  }
}

run "named_people_and_machines_get_their_roles_and_no_more" {
  command = plan

  variables {
    deployers      = ["33333333-3333-3333-3333-333333333331"]
    alert_sources  = ["33333333-3333-3333-3333-333333333332"]
    data_producers = ["33333333-3333-3333-3333-333333333333"]
  }

  assert {
    condition     = jsonencode(keys(module.roles_on_app.assignments)) == jsonencode(["deployers-33333333-3333-3333-3333-333333333331: Website Contributor on function-app"])
    error_message = "the pipeline cannot publish, or may more than that"
  }

  assert {
    condition     = jsonencode([for key in output.gate.roles : key if startswith(key, "deployers-33333333-3333-3333-3333-333333333331: Storage")]) == jsonencode(["deployers-33333333-3333-3333-3333-333333333331: Storage Blob Data Contributor on releases"])
    error_message = "the pipeline cannot put packages, or may write elsewhere"
  }

  assert {
    condition     = length([for key in output.gate.roles : key if startswith(key, "alert_sources-33333333-3333-3333-3333-333333333332: Azure Service Bus Data Sender on ")]) == length(local.alert_queues)
    error_message = "an alert source cannot reach every alert queue"
  }

  assert {
    condition     = !contains(output.gate.roles, "alert_sources-33333333-3333-3333-3333-333333333332: Azure Service Bus Data Sender on blob-events")
    error_message = "an alert source may forge blob events"
  }

  assert {
    condition     = jsonencode([for key in output.gate.roles : key if startswith(key, "data_producers-33333333-3333-3333-3333-333333333333")]) == jsonencode(["data_producers-33333333-3333-3333-3333-333333333333: Storage Blob Data Contributor on bronze"])
    error_message = "a data producer may more than upload"
  }
}

run "the_scheduler_gets_its_role" {
  command = plan

  variables {
    environment     = "dev"
    private         = false
    service_bus     = { sku = "Standard", messaging_units = 1 }
    durable_backend = "scheduler"
  }

  assert {
    condition     = contains(output.gate.roles, "app: Durable Task Data Contributor on task-hub")
    error_message = "the app may not use the scheduler"
  }

  assert {
    condition     = azapi_resource.scheduler[0].body.properties.sku.name == "Consumption"
    error_message = "the scheduler costs money while it idles"
  }

  assert {
    condition     = contains(module.function_app.settings, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING")
    error_message = "the app does not know of the scheduler"
  }
}
