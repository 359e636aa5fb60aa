# Endpoints, their zones, and the zones' link to the network.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  stem                = "nightshift-dev"
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet/subnets/private-endpoints"
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet"
  endpoints = {
    data-blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock", subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
    host-blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock2", subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
  }
}

run "each_endpoint_resolves_within_the_network" {
  command = plan

  assert {
    condition     = length(azurerm_private_endpoint.this) == 2
    error_message = "an endpoint is missing"
  }

  assert {
    condition     = length(azurerm_private_dns_zone.this) == 1
    error_message = "two endpoints of one zone made two zones"
  }

  assert {
    condition     = length(azurerm_private_dns_zone_virtual_network_link.this) == length(azurerm_private_dns_zone.this)
    error_message = "a zone is not linked: its names resolve to public addresses"
  }

  assert {
    condition     = alltrue([for endpoint in azurerm_private_endpoint.this : !endpoint.private_service_connection[0].is_manual_connection])
    error_message = "an endpoint waits for somebody's approval"
  }

  assert {
    condition     = azurerm_private_endpoint.this["host-blob"].private_service_connection[0].private_connection_resource_id == var.endpoints["host-blob"].resource_id
    error_message = "an endpoint leads to another resource"
  }

  assert {
    condition     = alltrue([for endpoint in azurerm_private_endpoint.this : endpoint.subnet_id == var.subnet_id])
    error_message = "an endpoint lies in another subnet"
  }
}

run "a_second_endpoint_of_a_workspace_is_made_after_the_first" {
  command = plan

  variables {
    endpoints = {
      databricks         = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Databricks/workspaces/dbw", subresource = "databricks_ui_api", zones = ["privatelink.azuredatabricks.net"] }
      databricks-sign-in = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Databricks/workspaces/dbw", subresource = "browser_authentication", zones = ["privatelink.azuredatabricks.net"], later = true }
    }
  }

  assert {
    condition     = keys(azurerm_private_endpoint.this) == ["databricks"] && keys(azurerm_private_endpoint.later) == ["databricks-sign-in"]
    error_message = "both are made at once, which Databricks refuses"
  }

  assert {
    condition     = length(azurerm_private_dns_zone.this) == 1 && keys(output.endpoints) == ["databricks", "databricks-sign-in"]
    error_message = "the second endpoint has a zone of its own, or is not told"
  }
}

run "an_endpoint_without_a_zone_is_refused" {
  command = plan

  variables {
    endpoints = {
      data-blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock", subresource = "blob", zones = [] }
      host-blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock2", subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
    }
  }

  expect_failures = [var.endpoints]
}

run "a_public_zone_is_refused" {
  command = plan

  variables {
    endpoints = {
      data-blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock", subresource = "blob", zones = ["blob.core.windows.net"] }
      host-blob = { resource_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock2", subresource = "blob", zones = ["privatelink.blob.core.windows.net"] }
    }
  }

  expect_failures = [var.endpoints]
}
