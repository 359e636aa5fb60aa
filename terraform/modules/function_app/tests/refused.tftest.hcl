# What the module refuses at plan time.

mock_provider "azapi" {
  source          = "../../tests/mocks/azapi"
  override_during = plan
}

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  name           = "func-nightshift-dev-0000"
  resource_group = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock", name = "rg-mock" }
  location       = "westeurope"
  environment    = "dev"
  plan           = { sku = "FC1", maximum_instances = 40, instance_memory_mb = 2048, always_ready = { durable = 1 } }
  python_version = "3.12"
  subnet_id      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet/subnets/functions"
  identity       = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-app", client_id = "11111111-1111-1111-1111-111111111118" }
  host_storage   = { name = "stnightshiftdevh0000", releases_endpoint = "https://stnightshiftdevh0000.blob.core.windows.net/releases" }
  sign_in        = { tenant_id = "11111111-1111-1111-1111-111111111113", client_id = "11111111-1111-1111-1111-111111111115", identifier_uri = "api://11111111-1111-1111-1111-111111111115" }
  connections = {
    blob_endpoint              = "https://stmock.blob.core.windows.net/"
    table_endpoint             = "https://stmock.table.core.windows.net/"
    event_topic_endpoint       = "https://egt-mock.westeurope-1.eventgrid.azure.net/api/events"
    service_bus_host           = "sb-mock.servicebus.windows.net"
    databricks_url             = "https://adb-1.2.azuredatabricks.net"
    model_prefix               = "nightshift_dev.models."
    insights_connection_string = "InstrumentationKey=0;IngestionEndpoint=https://example.com/"
    public_url                 = "https://func-nightshift-dev-0000.azurewebsites.net"
  }
}

run "an_unknown_plan_is_refused" {
  command = plan

  variables {
    plan = { sku = "Y1", maximum_instances = 40, instance_memory_mb = 2048, always_ready = {} }
  }

  expect_failures = [var.plan]
}

run "a_basic_plan_is_refused" {
  command = plan

  variables {
    plan = { sku = "B1", maximum_instances = 3, instance_memory_mb = 2048, always_ready = {} }
  }

  expect_failures = [var.plan]
}

run "memory_that_is_not_sold_is_refused" {
  command = plan

  variables {
    plan = { sku = "FC1", maximum_instances = 40, instance_memory_mb = 1024, always_ready = {} }
  }

  expect_failures = [var.plan]
}

run "too_few_instances_are_refused" {
  command = plan

  variables {
    plan = { sku = "FC1", maximum_instances = 1, instance_memory_mb = 2048, always_ready = {} }
  }

  expect_failures = [var.plan]
}

run "an_unknown_group_is_refused" {
  command = plan

  variables {
    plan = { sku = "FC1", maximum_instances = 40, instance_memory_mb = 2048, always_ready = { queues = 1 } }
  }

  expect_failures = [var.plan]
}

run "a_secret_without_its_version_is_refused" {
  command = plan

  variables {
    notify_urls_secret_uri = "https://kv-mock.vault.azure.net/secrets/notify-urls"
  }

  expect_failures = [var.notify_urls_secret_uri]
}

run "a_secret_of_the_second_channel_without_its_version_is_refused" {
  command = plan

  variables {
    notify_fallback_urls_secret_uri = "https://kv-mock.vault.azure.net/secrets/notify-fallback-urls"
  }

  expect_failures = [var.notify_fallback_urls_secret_uri]
}

run "no_day_of_history_is_refused" {
  command = plan

  variables {
    keep_history_days = 0
  }

  expect_failures = [var.keep_history_days]
}

run "an_unknown_durable_backend_is_refused" {
  command = plan

  variables {
    durable = { backend = "mssql" }
  }

  expect_failures = [var.durable]
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    name = "func-nightshift-production-00000000"
  }

  expect_failures = [var.name]
}

run "a_language_model_without_tls_is_refused" {
  command = plan

  variables {
    language_model = { url = "http://models.example/v1/" }
  }

  expect_failures = [var.language_model]
}

run "an_unknown_family_of_language_models_is_refused" {
  command = plan

  variables {
    language_model = { url = "https://models.example/v1/", deployment = "night", family = "gpt3" }
  }

  expect_failures = [var.language_model]
}

run "a_language_model_without_a_deployment_is_refused" {
  command = plan

  variables {
    language_model = { url = "https://models.example/v1/" }
  }

  expect_failures = [var.language_model]
}

run "a_language_model_that_may_take_ten_minutes_is_refused" {
  command = plan

  variables {
    language_model = { url = "https://models.example/v1/", deployment = "gpt-5-mini", timeout_seconds = 600 }
  }

  expect_failures = [var.language_model]
}

run "a_language_model_at_an_address_that_can_only_fail_is_refused" {
  command = plan

  variables {
    language_model = { url = "https://models.example/v1/chat/completions", deployment = "gpt-5-mini" }
  }

  expect_failures = [var.language_model]
}

run "an_unknown_reasoning_effort_is_refused" {
  command = plan

  variables {
    language_model = { url = "https://models.example/v1/", deployment = "gpt-5-mini", reasoning_effort = "max" }
  }

  expect_failures = [var.language_model]
}

run "a_ceiling_of_no_tokens_is_refused" {
  command = plan

  variables {
    language_model = { url = "https://models.example/v1/", deployment = "gpt-5-mini", tokens_per_day = 0 }
  }

  expect_failures = [var.language_model]
}
