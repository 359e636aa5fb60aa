# New blobs of the uploads' container, to the queue or to the app.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name   = "rg-nightshift-dev"
  system_topic_name     = "egst-nightshift-dev-blobs"
  source_account_id     = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock"
  private               = true
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
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.delivery_identity[0].type == "SystemAssigned"
    error_message = "events are delivered without an identity, which a namespace without keys refuses"
  }

  assert {
    condition     = length(azurerm_eventgrid_system_topic_event_subscription.uploads.azure_function_endpoint) == 0
    error_message = "uploads are pushed as well: each would come twice"
  }

  assert {
    condition     = jsonencode(sort(azurerm_eventgrid_system_topic_event_subscription.uploads.included_event_types)) == jsonencode(["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobRenamed", "Microsoft.Storage.DirectoryRenamed"])
    error_message = "other events are told, or an upload that is renamed into place goes unseen"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.subject_filter[0].subject_begins_with == "/blobServices/default/containers/bronze/"
    error_message = "blobs that the platform itself writes would start a lifecycle"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.advanced_filter[0].string_in[0].key == "data.api" && jsonencode(sort(azurerm_eventgrid_system_topic_event_subscription.uploads.advanced_filter[0].string_in[0].values)) == jsonencode(["CopyBlob", "FlushWithClose", "PutBlob", "PutBlockList", "RenameDirectory", "RenameFile", "SftpCommit", "SftpRename"])
    error_message = "a way of uploading (whole, in blocks, copied, Data Lake, SFTP, renamed) goes unseen, or a file that is still empty starts a lifecycle"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic_event_subscription.uploads.storage_blob_dead_letter_destination[0].storage_blob_container_name == "event-dead-letters" && azurerm_eventgrid_system_topic_event_subscription.uploads.dead_letter_identity[0].type == "SystemAssigned"
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

run "a_public_app_may_be_pushed_to" {
  command = plan

  variables {
    delivery = "push"
    private  = false
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
