# Blob events to the queue, and the topic for lifecycle events.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name   = "rg-nightshift-dev"
  location              = "westeurope"
  stem                  = "nightshift-dev"
  topic_name            = "egt-nightshift-dev-0000"
  source_account_id     = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock"
  identity_id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-events"
  queue_id              = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ServiceBus/namespaces/sb-mock/queues/blob-events"
  function_id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Web/sites/func-mock/functions/on_blob_created"
  dead_letter_container = "event-dead-letters"
}

run "uploads_go_to_the_queue_with_an_identity" {
  command = plan

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.service_bus_queue_endpoint_id == var.queue_id
    error_message = "uploads do not reach the queue"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.delivery_identity[0].user_assigned_identity == var.identity_id
    error_message = "events are delivered without an identity, which a namespace without keys refuses"
  }

  assert {
    condition     = length(azurerm_eventgrid_system_topic_event_subscription.uploads.azure_function_endpoint) == 0
    error_message = "uploads are pushed as well: each would come twice"
  }

  assert {
    condition     = jsonencode(azurerm_eventgrid_system_topic_event_subscription.uploads.included_event_types) == jsonencode(["Microsoft.Storage.BlobCreated"])
    error_message = "other events are told, or none"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.subject_filter[0].subject_begins_with == "/blobServices/default/containers/bronze/"
    error_message = "blobs that the platform itself writes would start a lifecycle"
  }

  assert {
    condition     = !contains(azurerm_eventgrid_system_topic_event_subscription.uploads.advanced_filter[0].string_in[0].values, "CreateFile") && contains(azurerm_eventgrid_system_topic_event_subscription.uploads.advanced_filter[0].string_in[0].values, "FlushWithClose")
    error_message = "a file that is still empty would start a lifecycle"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.storage_blob_dead_letter_destination[0].storage_blob_container_name == "event-dead-letters" && azurerm_eventgrid_system_topic_event_subscription.uploads.dead_letter_identity[0].user_assigned_identity == var.identity_id
    error_message = "an event that cannot be delivered is lost"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.event_delivery_schema == "EventGridSchema"
    error_message = "the app would not understand the event"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.retry_policy[0].event_time_to_live == 1440
    error_message = "events are given up before a night is over"
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
    error_message = "the topic refuses what clients/event_grid.py sends"
  }
}

run "a_public_app_may_be_pushed_to" {
  command = plan

  variables {
    delivery                      = "push"
    public_network_access_enabled = true
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.azure_function_endpoint[0].function_id == var.function_id
    error_message = "uploads are not pushed to the app"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.service_bus_queue_endpoint_id == null && length(azurerm_eventgrid_system_topic_event_subscription.uploads.delivery_identity) == 0
    error_message = "uploads go to the queue as well: each would come twice"
  }
}

run "push_to_a_private_app_is_refused" {
  command = plan

  variables {
    delivery = "push"
  }

  expect_failures = [var.delivery]
}

run "an_unknown_delivery_is_refused" {
  command = plan

  variables {
    delivery = "webhook"
  }

  expect_failures = [var.delivery]
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    topic_name = "egt-nightshift-production-0000-0000-0000-0000-000000"
  }

  expect_failures = [var.topic_name]
}
