# What the root refuses at plan time. Each message says what to do (tests/unit/terraform looks at the texts).
# Sizes and overlaps of networks, plans and queues are refused by the modules: see their tests.

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

run "the_placeholder_subscription_is_refused" {
  command = plan

  variables {
    subscription_id = "00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.subscription_id]
}

run "an_unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}

run "a_name_that_is_too_long_is_refused" {
  command = plan

  variables {
    name = "nightshifter"
  }

  expect_failures = [var.name]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Night"
  }

  expect_failures = [var.name]
}

run "an_unknown_region_is_refused" {
  command = plan

  variables {
    location = "westeuropa"
  }

  expect_failures = [var.location]
}

run "a_regions_long_name_is_refused" {
  command = plan

  variables {
    location = "West Europe"
  }

  expect_failures = [var.location]
}

run "prod_with_public_access_is_refused" {
  command = plan

  variables {
    private = false
  }

  expect_failures = [var.private]
}

run "a_private_environment_with_public_ranges_is_refused" {
  command = plan

  variables {
    allowed_ip_ranges = ["203.0.113.0/28"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "prod_without_a_warm_instance_is_refused" {
  command = plan

  variables {
    function_plan = { sku = "FC1", maximum_instances = 100, instance_memory_mb = 2048, always_ready = {} }
  }

  expect_failures = [var.function_plan]
}

run "prod_with_a_standard_namespace_is_refused" {
  command = plan

  variables {
    service_bus = { sku = "Standard", messaging_units = 1 }
  }

  expect_failures = [var.service_bus]
}

run "prod_in_one_building_is_refused" {
  command = plan

  variables {
    storage_replication = "LRS"
  }

  expect_failures = [var.storage_replication]
}

run "an_unknown_durable_backend_is_refused" {
  command = plan

  variables {
    durable_backend = "netherite"
  }

  expect_failures = [var.durable_backend]
}

run "a_private_environment_on_the_scheduler_is_refused" {
  command = plan

  variables {
    durable_backend = "scheduler"
  }

  expect_failures = [var.durable_backend]
}

run "an_address_without_tls_is_refused" {
  command = plan

  variables {
    public_url = "http://on-call.example.com"
  }

  expect_failures = [var.public_url]
}

run "a_secret_in_place_of_its_version_is_refused" {
  command = plan

  variables {
    notify_urls_version = "pagerduty://key@account"
  }

  expect_failures = [var.notify_urls_version]
}

run "a_secret_of_the_second_channel_in_place_of_its_version_is_refused" {
  command = plan

  variables {
    notify_fallback_urls_version = "pagerduty://key@account"
  }

  expect_failures = [var.notify_fallback_urls_version]
}

run "tags_without_an_owner_are_refused" {
  command = plan

  variables {
    tags = { cost_center = "nightshift" }
  }

  expect_failures = [var.tags]
}

run "the_whole_internet_is_refused" {
  command = plan

  variables {
    environment       = "dev"
    private           = false
    allowed_ip_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_range_that_is_none_is_refused" {
  command = plan

  variables {
    environment       = "dev"
    private           = false
    allowed_ip_ranges = ["office"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_private_range_is_refused" {
  command = plan

  variables {
    environment       = "dev"
    private           = false
    allowed_ip_ranges = ["172.31.4.0/24"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_private_address_is_refused" {
  command = plan

  variables {
    environment       = "dev"
    private           = false
    allowed_ip_ranges = ["10.0.0.4"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_range_that_begins_in_its_middle_is_refused" {
  command = plan

  variables {
    environment       = "dev"
    private           = false
    allowed_ip_ranges = ["203.0.113.5/28"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_python_that_the_project_does_not_run_on_is_refused" {
  command = plan

  variables {
    python_version = "3.14"
  }

  expect_failures = [var.python_version]
}
