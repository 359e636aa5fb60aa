# How the parts are put together: what the root hands to its modules.

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

run "flex_consumption_is_wired" {
  command = plan

  assert {
    condition     = module.function_app.plan.sku == "FC1" && module.function_app.plan.flex
    error_message = "Flex Consumption was ordered and something else planned"
  }

  assert {
    condition     = module.network.functions_delegation == "Microsoft.App/environments"
    error_message = "Flex Consumption cannot join a subnet that is delegated to somebody else"
  }
}

run "premium_is_wired" {
  command = plan

  variables {
    function_plan = { sku = "EP1", maximum_instances = 10, instance_memory_mb = 2048, always_ready = {} }
  }

  assert {
    condition     = module.function_app.plan.sku == "EP1" && !module.function_app.plan.flex
    error_message = "Premium was ordered and something else planned"
  }

  assert {
    condition     = module.network.functions_delegation == "Microsoft.Web/serverFarms"
    error_message = "Premium cannot join a subnet that is delegated to somebody else"
  }
}

run "a_public_premium_namespace_is_reached_from_the_network" {
  command = plan

  variables {
    environment       = "dev"
    private           = false
    allowed_ip_ranges = ["203.0.113.5"]
  }

  assert {
    condition     = contains(output.private_endpoints, "service-bus")
    error_message = "its firewall names people's addresses only: the app has no way to its own queues"
  }
}

run "without_the_webhook_nobody_calls_from_outside" {
  command = plan

  variables {
    alert_webhook = false
  }

  assert {
    condition     = length(output.public.app_callers) == 0 && !module.function_app.public_network_access_enabled
    error_message = "the app answers from outside though the webhook is off"
  }

  assert {
    condition     = jsonencode(module.function_app.open_paths) == jsonencode(["/api/health"])
    error_message = "a path of a private app asks for no sign-in"
  }
}

run "notifications_come_by_key_vault" {
  command = plan

  variables {
    notify_urls_version = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = contains(module.function_app.settings, "NIGHTSHIFT_NOTIFY_URLS")
    error_message = "the app tells nobody though addresses are in the vault"
  }
}

run "the_second_channel_comes_by_key_vault" {
  command = plan

  variables {
    notify_fallback_urls_version = "0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = contains(module.function_app.settings, "NIGHTSHIFT_NOTIFY_FALLBACK_URLS") && !contains(module.function_app.settings, "NIGHTSHIFT_NOTIFY_URLS")
    error_message = "the app has no second channel though its addresses are in the vault"
  }
}

run "without_notifications_there_is_no_reference" {
  command = plan

  assert {
    condition     = !contains(module.function_app.settings, "NIGHTSHIFT_NOTIFY_URLS")
    error_message = "the app would read a reference that cannot be resolved"
  }
}

run "the_app_and_the_registry_agree" {
  command = plan

  assert {
    condition     = output.gate.model_prefix == local.model_prefix
    error_message = "the app looks for models elsewhere than the jobs register them"
  }
}

run "names_keep_to_azures_limits" {
  command = plan

  variables {
    name = "abcdefghij"
  }

  assert {
    condition     = alltrue([for key in ["data_account", "host_account", "workspace_account"] : length(local.names[key]) <= 24])
    error_message = "a storage account's name is longer than 24"
  }

  assert {
    condition     = length(local.names.key_vault) <= 24
    error_message = "the vault's name is longer than 24"
  }

  assert {
    condition     = length(local.names.function_app) <= 32
    error_message = "the app's name is longer than the host's id"
  }

  assert {
    condition     = length(local.names.service_bus) <= 50 && length(local.names.event_topic) <= 50
    error_message = "a namespace's or topic's name is longer than 50"
  }
}
