output "data_account" {
  description = "The account for data: id, name and the endpoints that the app gets as settings."
  value = {
    id             = azurerm_storage_account.data.id
    name           = azurerm_storage_account.data.name
    blob_endpoint  = azurerm_storage_account.data.primary_blob_endpoint
    table_endpoint = azurerm_storage_account.data.primary_table_endpoint
  }
}

output "host_account" {
  description = "The account of the host: id, name, and where packages go."
  value = {
    id                = azurerm_storage_account.host.id
    name              = azurerm_storage_account.host.name
    releases_endpoint = "https://${azurerm_storage_account.host.name}.blob.core.windows.net/${azurerm_storage_container.releases.name}"
  }
}

output "container_ids" {
  description = "Scopes for role assignments, by container."
  value = merge(
    {
      for name, container in azurerm_storage_container.data :
      name => "${azurerm_storage_account.data.id}/blobServices/default/containers/${container.name}"
    },
    { releases = "${azurerm_storage_account.host.id}/blobServices/default/containers/${azurerm_storage_container.releases.name}" },
  )
}

output "public" {
  description = "Whether each account answers outside the network."
  value = {
    data-account = azurerm_storage_account.data.public_network_access_enabled
    host-account = azurerm_storage_account.host.public_network_access_enabled
  }
}
