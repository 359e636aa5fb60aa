# The topic of new blobs, and the topic for lifecycle events.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  stem                = "nightshift-dev"
  topic_name          = "egt-nightshift-dev-0000"
  source_account_id   = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock"
}

run "events_are_delivered_by_the_topics_own_identity" {
  command = plan

  assert {
    condition     = azurerm_eventgrid_system_topic.blobs.identity[0].type == "SystemAssigned" && length(coalesce(azurerm_eventgrid_system_topic.blobs.identity[0].identity_ids, [])) == 0
    error_message = "Event Grid does not pass a storage firewall with a user-assigned identity: dead letters would be lost"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic.blobs.source_resource_id == var.source_account_id
    error_message = "the topic tells of another account's blobs"
  }
}

run "the_topic_is_closed" {
  command = plan

  assert {
    condition     = !azurerm_eventgrid_topic.lifecycle.public_network_access_enabled
    error_message = "the topic answers the internet"
  }

  assert {
    condition     = !azurerm_eventgrid_topic.lifecycle.local_auth_enabled
    error_message = "the topic takes keys"
  }

  assert {
    condition     = azurerm_eventgrid_topic.lifecycle.input_schema == "CloudEventSchemaV1_0"
    error_message = "the topic refuses what nightshift/clients/lifecycle/event_grid.py sends"
  }
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    topic_name = "egt-nightshift-production-0000-0000-0000-0000-000000"
  }

  expect_failures = [var.topic_name]
}
