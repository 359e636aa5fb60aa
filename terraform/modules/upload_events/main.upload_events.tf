resource "azurerm_eventgrid_system_topic_event_subscription" "uploads" {
  name                          = "uploads"
  system_topic                  = var.system_topic_name
  resource_group_name           = var.resource_group_name
  event_delivery_schema         = "EventGridSchema"
  included_event_types          = ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobRenamed", "Microsoft.Storage.DirectoryRenamed"]
  service_bus_queue_endpoint_id = var.delivery == "queue" ? var.queue_id : null

  subject_filter {
    subject_begins_with = "/blobServices/default/containers/${var.source_container}/"
  }

  # CreateFile (Data Lake) and SftpCreate fire for a file that is still empty; these fire when it is whole, or has its
  # name. A rename raises no BlobCreated. Which names are no uploads (_SUCCESS, .crc) the app decides and logs.
  advanced_filter {
    string_in {
      key    = "data.api"
      values = ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit", "RenameFile", "RenameDirectory", "SftpRename"]
    }
  }

  dynamic "azure_function_endpoint" {
    for_each = var.delivery == "push" ? [var.function_id] : []
    content {
      function_id                       = azure_function_endpoint.value
      max_events_per_batch              = 1
      preferred_batch_size_in_kilobytes = 64
    }
  }

  dynamic "delivery_identity" {
    for_each = var.delivery == "queue" ? ["SystemAssigned"] : []
    content {
      type = delivery_identity.value
    }
  }

  dead_letter_identity {
    type = "SystemAssigned"
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = var.source_account_id
    storage_blob_container_name = var.dead_letter_container
  }

  retry_policy {
    max_delivery_attempts = 30
    event_time_to_live    = 1440
  }
}
