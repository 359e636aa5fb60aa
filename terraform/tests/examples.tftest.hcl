# The two examples, each planned whole.

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

run "files" {
  command = plan

  module {
    source = "./tests/env_file"
  }
}

run "the_smallest_environment_is_public_for_one_address" {
  command = plan

  variables {
    subscription_id              = "00000000-0000-0000-0000-000000000001"
    environment                  = run.files.smallest.environment
    name                         = run.files.smallest.name
    location                     = run.files.smallest.location
    private                      = run.files.smallest.private
    allowed_ip_ranges            = run.files.smallest.allowed_ip_ranges
    network                      = run.files.smallest.network
    function_plan                = run.files.smallest.function_plan
    durable_backend              = run.files.smallest.durable_backend
    service_bus                  = run.files.smallest.service_bus
    storage_replication          = run.files.smallest.storage_replication
    blob_event_delivery          = run.files.smallest.blob_event_delivery
    alert_webhook                = run.files.smallest.alert_webhook
    databricks                   = run.files.smallest.databricks
    language_model               = run.files.smallest.language_model
    observability                = run.files.smallest.observability
    budget                       = run.files.smallest.budget
    public_url                   = run.files.smallest.public_url
    notify_urls_version          = run.files.smallest.notify_urls_version
    notify_fallback_urls_version = run.files.smallest.notify_fallback_urls_version
    keep_history_days            = run.files.smallest.keep_history_days
    app_role_members             = run.files.smallest.app_role_members
    app_owners                   = run.files.smallest.app_owners
    deployers                    = run.files.smallest.deployers
    alert_sources                = run.files.smallest.alert_sources
    data_producers               = run.files.smallest.data_producers
    tags                         = run.files.smallest.tags
  }

  assert {
    condition     = jsonencode(output.public.app_callers) == jsonencode(["203.0.113.5/32"])
    error_message = "smallest: somebody other than the one address may call the app"
  }

  assert {
    condition     = length(output.private_endpoints) == 8
    error_message = "smallest: the app cannot reach its own storage, vault or topic, or an endpoint is paid for in vain"
  }

  assert {
    condition     = module.function_app.plan.sku == "FC1" && strcontains(output.next, "nightshift --env dev doctor")
    error_message = "smallest: it is not the cheapest, or does not say what to do next"
  }
}

run "the_private_environment_has_no_public_address" {
  command = plan

  variables {
    subscription_id              = "00000000-0000-0000-0000-000000000001"
    environment                  = run.files.private.environment
    name                         = run.files.private.name
    location                     = run.files.private.location
    private                      = run.files.private.private
    allowed_ip_ranges            = run.files.private.allowed_ip_ranges
    network                      = run.files.private.network
    function_plan                = run.files.private.function_plan
    durable_backend              = run.files.private.durable_backend
    service_bus                  = run.files.private.service_bus
    storage_replication          = run.files.private.storage_replication
    blob_event_delivery          = run.files.private.blob_event_delivery
    alert_webhook                = run.files.private.alert_webhook
    databricks                   = run.files.private.databricks
    language_model               = run.files.private.language_model
    observability                = run.files.private.observability
    budget                       = run.files.private.budget
    public_url                   = run.files.private.public_url
    notify_urls_version          = run.files.private.notify_urls_version
    notify_fallback_urls_version = run.files.private.notify_fallback_urls_version
    keep_history_days            = run.files.private.keep_history_days
    app_role_members             = run.files.private.app_role_members
    app_owners                   = run.files.private.app_owners
    deployers                    = run.files.private.deployers
    alert_sources                = run.files.private.alert_sources
    data_producers               = run.files.private.data_producers
    tags                         = run.files.private.tags
  }

  assert {
    condition     = alltrue([for service, public in output.public.services : !public]) && length(output.public.app_callers) == 0 && !module.function_app.public_network_access_enabled
    error_message = "private: something answers outside of the network"
  }

  assert {
    condition     = length(output.private_endpoints) == 15
    error_message = "private: a private endpoint is missing: what it belongs to cannot be reached"
  }

  assert {
    condition     = !contains(output.public.egress.clusters, "anything to anywhere")
    error_message = "private: what leaves the clusters is not limited"
  }
}
