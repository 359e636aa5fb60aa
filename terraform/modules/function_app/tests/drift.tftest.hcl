# The drift plan sees a setting that was changed or added by hand.

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
  python_version = "3.13"
  plan           = { sku = "FC1", maximum_instances = 40, instance_memory_mb = 2048, always_ready = { durable = 1 } }
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

run "an_apply_does_not_ask" {
  command = plan

  assert {
    condition     = length(data.azapi_resource_action.settings) == 0
    error_message = "the first apply asks an app that is not there yet"
  }
}

run "a_setting_that_nobody_knows_fails_the_drift_plan" {
  command = plan

  variables {
    check_settings = true
  }

  override_data {
    target          = data.azapi_resource_action.settings[0]
    override_during = plan
    values = {
      output = { properties = { NIGHTSHIFT_ENVIRONMENT = "dev", SOMEBODYS_SETTING = "1" } }
    }
  }

  expect_failures = [data.azapi_resource_action.settings]
}

run "settings_that_are_missing_fail_the_drift_plan" {
  command = plan

  variables {
    check_settings = true
  }

  override_data {
    target          = data.azapi_resource_action.settings[0]
    override_during = plan
    values = {
      output = { properties = { NIGHTSHIFT_ENVIRONMENT = "prod" } }
    }
  }

  expect_failures = [data.azapi_resource_action.settings]
}
