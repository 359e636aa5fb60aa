# The three environments as they are shipped, each planned whole. Mocks cannot prove that Azure accepts the plan, that an
# identity reaches what it may, or that a name is free: docs/deploy.md lists it.

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

run "dev_is_public_for_named_ranges_only_and_reaches_its_own_services" {
  command = plan

  variables {
    subscription_id              = "00000000-0000-0000-0000-000000000001"
    environment                  = run.files.dev.environment
    name                         = run.files.dev.name
    location                     = run.files.dev.location
    private                      = run.files.dev.private
    allowed_ip_ranges            = ["203.0.113.0/28", "198.51.100.5", "198.51.100.5/32", "198.51.100.9/32"]
    network                      = run.files.dev.network
    function_plan                = run.files.dev.function_plan
    durable_backend              = run.files.dev.durable_backend
    service_bus                  = run.files.dev.service_bus
    storage_replication          = run.files.dev.storage_replication
    blob_event_delivery          = run.files.dev.blob_event_delivery
    alert_webhook                = run.files.dev.alert_webhook
    databricks                   = run.files.dev.databricks
    language_model               = run.files.dev.language_model
    observability                = run.files.dev.observability
    budget                       = run.files.dev.budget
    public_url                   = run.files.dev.public_url
    notify_urls_version          = run.files.dev.notify_urls_version
    notify_fallback_urls_version = run.files.dev.notify_fallback_urls_version
    keep_history_days            = run.files.dev.keep_history_days
    app_role_members             = run.files.dev.app_role_members
    deployers                    = run.files.dev.deployers
    alert_sources                = run.files.dev.alert_sources
    data_producers               = run.files.dev.data_producers
    tags                         = run.files.dev.tags
  }

  assert {
    condition     = output.app_url == "https://func-nightshift-dev-${substr(sha256("00000000-0000-0000-0000-000000000001/nightshift/dev"), 0, 4)}.azurewebsites.net"
    error_message = "dev: the app has another address than its name says"
  }

  assert {
    condition     = jsonencode(output.gate.queues) == jsonencode(["blob-events", "budget-alerts", "drift-alerts", "model-alerts", "pipeline-alerts"])
    error_message = "dev: a queue is missing or unknown"
  }

  assert {
    condition     = length(setsubtract(["bronze", "silver", "evidence", "catalog", "event-dead-letters", "releases"], output.gate.containers)) == 0
    error_message = "dev: a container is missing"
  }

  assert {
    condition     = length(output.environment.roles) == length([for key in output.gate.roles : key if startswith(key, "app: ")]) && length(output.environment.roles) > 0
    error_message = "dev: the gate asks for other roles than the app gets"
  }

  assert {
    condition     = jsonencode(sort(flatten(values(output.environment.containers)))) == jsonencode(sort(output.gate.containers)) && jsonencode(output.environment.queues) == jsonencode(output.gate.queues)
    error_message = "dev: the gate asks for other containers or queues than there are"
  }

  assert {
    condition     = "${output.environment.model_schema}." == output.gate.model_prefix && output.environment.app_url == output.app_url && output.environment.wheel == output.wheel_upload
    error_message = "dev: the command line would speak to another environment"
  }

  assert {
    condition     = output.gate.model_prefix == "nightshift_dev.models."
    error_message = "dev: the registry has another prefix than the app is told"
  }

  assert {
    condition     = strcontains(output.next, "nightshift --env dev doctor")
    error_message = "dev: the output does not say what to open next"
  }

  assert {
    condition     = azurerm_resource_group.this.tags.owner != "" && azurerm_resource_group.this.tags.cost_center != "" && azurerm_resource_group.this.tags.environment == "dev"
    error_message = "dev: bills would find no owner"
  }

  assert {
    condition = jsonencode(output.private_endpoints) == jsonencode([
      "data-blob", "data-dfs", "data-table", "event-topic", "host-blob", "host-queue", "host-table", "key-vault",
    ])
    error_message = "dev: what has a firewall cannot be reached from dev's own network, or an endpoint is paid for in vain"
  }

  assert {
    condition     = jsonencode(output.public.app_callers) == jsonencode(["ActionGroup", "203.0.113.0/28", "198.51.100.5/32", "198.51.100.9/32"]) && jsonencode(local.allowed_addresses) == jsonencode(["203.0.113.0/28", "198.51.100.5", "198.51.100.9"])
    error_message = "dev: others than the named range and addresses and Azure Monitor may call, or a service gets an address in a form that it refuses"
  }
}

run "qa_is_private" {
  command = plan

  variables {
    subscription_id              = "00000000-0000-0000-0000-000000000001"
    environment                  = run.files.qa.environment
    name                         = run.files.qa.name
    location                     = run.files.qa.location
    private                      = run.files.qa.private
    allowed_ip_ranges            = run.files.qa.allowed_ip_ranges
    network                      = run.files.qa.network
    function_plan                = run.files.qa.function_plan
    durable_backend              = run.files.qa.durable_backend
    service_bus                  = run.files.qa.service_bus
    storage_replication          = run.files.qa.storage_replication
    blob_event_delivery          = run.files.qa.blob_event_delivery
    alert_webhook                = run.files.qa.alert_webhook
    databricks                   = run.files.qa.databricks
    language_model               = run.files.qa.language_model
    observability                = run.files.qa.observability
    budget                       = run.files.qa.budget
    public_url                   = run.files.qa.public_url
    notify_urls_version          = run.files.qa.notify_urls_version
    notify_fallback_urls_version = run.files.qa.notify_fallback_urls_version
    keep_history_days            = run.files.qa.keep_history_days
    app_role_members             = run.files.qa.app_role_members
    deployers                    = run.files.qa.deployers
    alert_sources                = run.files.qa.alert_sources
    data_producers               = run.files.qa.data_producers
    tags                         = run.files.qa.tags
  }

  assert {
    condition     = output.app_url == "https://func-nightshift-qa-${substr(sha256("00000000-0000-0000-0000-000000000001/nightshift/qa"), 0, 4)}.azurewebsites.net"
    error_message = "qa: the app has another address than its name says"
  }

  assert {
    condition     = jsonencode(output.gate.queues) == jsonencode(["blob-events", "budget-alerts", "drift-alerts", "model-alerts", "pipeline-alerts"])
    error_message = "qa: a queue is missing or unknown"
  }

  assert {
    condition     = length(setsubtract(["bronze", "silver", "evidence", "catalog", "event-dead-letters", "releases"], output.gate.containers)) == 0
    error_message = "qa: a container is missing"
  }

  assert {
    condition     = output.gate.model_prefix == "nightshift_qa.models."
    error_message = "qa: the registry has another prefix than the app is told"
  }

  assert {
    condition     = strcontains(output.next, "nightshift --env qa doctor")
    error_message = "qa: the output does not say what to open next"
  }

  assert {
    condition     = azurerm_resource_group.this.tags.owner != "" && azurerm_resource_group.this.tags.cost_center != "" && azurerm_resource_group.this.tags.environment == "qa"
    error_message = "qa: bills would find no owner"
  }

  assert {
    condition     = alltrue([for service, public in output.public.services : !public])
    error_message = "qa: a service answers outside of the network"
  }

  assert {
    condition     = !contains(output.public.egress.clusters, "anything to anywhere") && contains(output.public.egress.clusters, "Internet 443")
    error_message = "qa: what leaves the clusters is not limited, or not told"
  }

  assert {
    condition     = length(output.public.services) == 8
    error_message = "qa: a service is missing from the list of what is public"
  }

  assert {
    condition     = jsonencode(output.public.app_callers) == jsonencode(["ActionGroup"])
    error_message = "qa: somebody other than Azure Monitor's action groups may call the app from outside"
  }

  assert {
    condition = jsonencode(output.private_endpoints) == jsonencode([
      "data-blob", "data-dfs", "data-table", "databricks", "databricks-sign-in", "event-topic", "function-app",
      "host-blob", "host-queue", "host-table", "key-vault", "monitor", "service-bus", "workspace-blob", "workspace-dfs",
    ])
    error_message = "qa: a private endpoint is missing: what it belongs to cannot be reached"
  }
}

run "prod_is_private" {
  command = plan

  variables {
    subscription_id              = "00000000-0000-0000-0000-000000000001"
    environment                  = run.files.prod.environment
    name                         = run.files.prod.name
    location                     = run.files.prod.location
    private                      = run.files.prod.private
    allowed_ip_ranges            = run.files.prod.allowed_ip_ranges
    network                      = run.files.prod.network
    function_plan                = run.files.prod.function_plan
    durable_backend              = run.files.prod.durable_backend
    service_bus                  = run.files.prod.service_bus
    storage_replication          = run.files.prod.storage_replication
    blob_event_delivery          = run.files.prod.blob_event_delivery
    alert_webhook                = run.files.prod.alert_webhook
    databricks                   = run.files.prod.databricks
    language_model               = run.files.prod.language_model
    observability                = run.files.prod.observability
    budget                       = run.files.prod.budget
    public_url                   = run.files.prod.public_url
    notify_urls_version          = run.files.prod.notify_urls_version
    notify_fallback_urls_version = run.files.prod.notify_fallback_urls_version
    keep_history_days            = run.files.prod.keep_history_days
    app_role_members             = run.files.prod.app_role_members
    deployers                    = run.files.prod.deployers
    alert_sources                = run.files.prod.alert_sources
    data_producers               = run.files.prod.data_producers
    tags                         = run.files.prod.tags
  }

  assert {
    condition     = output.app_url == "https://func-nightshift-prod-${substr(sha256("00000000-0000-0000-0000-000000000001/nightshift/prod"), 0, 4)}.azurewebsites.net"
    error_message = "prod: the app has another address than its name says"
  }

  assert {
    condition     = jsonencode(output.gate.queues) == jsonencode(["blob-events", "budget-alerts", "drift-alerts", "model-alerts", "pipeline-alerts"])
    error_message = "prod: a queue is missing or unknown"
  }

  assert {
    condition     = length(setsubtract(["bronze", "silver", "evidence", "catalog", "event-dead-letters", "releases"], output.gate.containers)) == 0
    error_message = "prod: a container is missing"
  }

  assert {
    condition     = output.gate.model_prefix == "nightshift_prod.models."
    error_message = "prod: the registry has another prefix than the app is told"
  }

  assert {
    condition     = strcontains(output.next, "nightshift --env prod doctor")
    error_message = "prod: the output does not say what to open next"
  }

  assert {
    condition     = azurerm_resource_group.this.tags.owner != "" && azurerm_resource_group.this.tags.cost_center != "" && azurerm_resource_group.this.tags.environment == "prod"
    error_message = "prod: bills would find no owner"
  }

  assert {
    condition     = alltrue([for service, public in output.public.services : !public])
    error_message = "prod: a service answers outside of the network"
  }

  assert {
    condition     = !contains(output.public.egress.clusters, "anything to anywhere") && contains(output.public.egress.clusters, "Internet 443")
    error_message = "prod: what leaves the clusters is not limited, or not told"
  }

  assert {
    condition     = length(output.public.services) == 8
    error_message = "prod: a service is missing from the list of what is public"
  }

  assert {
    condition     = jsonencode(output.public.app_callers) == jsonencode(["ActionGroup"])
    error_message = "prod: somebody other than Azure Monitor's action groups may call the app from outside"
  }

  assert {
    condition = jsonencode(output.private_endpoints) == jsonencode([
      "data-blob", "data-dfs", "data-table", "databricks", "databricks-sign-in", "event-topic", "function-app",
      "host-blob", "host-queue", "host-table", "key-vault", "monitor", "service-bus", "workspace-blob", "workspace-dfs",
    ])
    error_message = "prod: a private endpoint is missing: what it belongs to cannot be reached"
  }
}

run "the_first_apply_of_a_private_environment_leaves_out_the_workspace_content" {
  command = plan

  variables {
    subscription_id              = "00000000-0000-0000-0000-000000000001"
    environment                  = run.files.prod.environment
    name                         = run.files.prod.name
    location                     = run.files.prod.location
    private                      = run.files.prod.private
    allowed_ip_ranges            = run.files.prod.allowed_ip_ranges
    network                      = run.files.prod.network
    function_plan                = run.files.prod.function_plan
    durable_backend              = run.files.prod.durable_backend
    service_bus                  = run.files.prod.service_bus
    storage_replication          = run.files.prod.storage_replication
    blob_event_delivery          = run.files.prod.blob_event_delivery
    alert_webhook                = run.files.prod.alert_webhook
    databricks                   = merge(run.files.prod.databricks, { deploy_content = false })
    observability                = run.files.prod.observability
    budget                       = run.files.prod.budget
    public_url                   = run.files.prod.public_url
    notify_urls_version          = run.files.prod.notify_urls_version
    notify_fallback_urls_version = run.files.prod.notify_fallback_urls_version
    keep_history_days            = run.files.prod.keep_history_days
    app_role_members             = run.files.prod.app_role_members
    deployers                    = run.files.prod.deployers
    alert_sources                = run.files.prod.alert_sources
    data_producers               = run.files.prod.data_producers
    tags                         = run.files.prod.tags
  }

  assert {
    condition     = output.wheel_upload == null && output.gate.model_prefix == null
    error_message = "content is planned though the workspace cannot be reached yet"
  }

  assert {
    condition     = strcontains(output.next, "deploy_content is off")
    error_message = "the output does not say that a second apply is needed"
  }
}
