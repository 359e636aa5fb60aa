# The Functions host: Durable's history and queues, leases, and the deployed packages.
resource "azurerm_storage_account" "host" {
  name                              = var.host_account
  resource_group_name               = var.resource_group_name
  location                          = var.location
  account_kind                      = "StorageV2"
  account_tier                      = "Standard"
  account_replication_type          = var.replication
  infrastructure_encryption_enabled = true
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  local_user_enabled                = false
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  allowed_copy_scope                = "AAD"
  public_network_access_enabled     = var.public_network_access_enabled
  tags                              = var.tags

  network_rules {
    default_action = "Deny"
    bypass         = ["None"]
    ip_rules       = var.allowed_ip_ranges
  }

  blob_properties {
    # The package before this one is a version of the same blob: what a rollback puts back.
    versioning_enabled = true
    delete_retention_policy {
      days = var.soft_delete_days
    }
    container_delete_retention_policy {
      days = var.soft_delete_days
    }
  }

  # Running orchestrations live here.
  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "releases" {
  name                  = "releases"
  storage_account_id    = azurerm_storage_account.host.id
  container_access_type = "private"

  # What a rollback puts back.
  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_management_policy" "host" {
  storage_account_id = azurerm_storage_account.host.id

  rule {
    name    = "drop-old-package-versions"
    enabled = true
    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["releases/"]
    }
    actions {
      version {
        delete_after_days_since_creation = 180
      }
    }
  }
}
