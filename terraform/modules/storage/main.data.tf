# Uploads, accepted datasets, evidence, and the tables of the ledger, the alias history and the upload queues.
resource "azurerm_storage_account" "data" {
  name                     = var.data_account
  resource_group_name      = var.resource_group_name
  location                 = var.location
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.replication
  # ADLS Gen2. Azure has no blob versions on such accounts; soft delete stands in for them.
  is_hns_enabled                    = true
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
    # Event Grid writes what it cannot deliver to the dead-letter container, as a trusted service.
    bypass   = ["AzureServices"]
    ip_rules = var.allowed_ip_ranges

    # Unity Catalog's control plane, with the connector's identity: uploads to volumes and what is tried out there.
    private_link_access {
      endpoint_resource_id = var.access_connector_id
    }
  }

  blob_properties {
    delete_retention_policy {
      days = var.soft_delete_days
    }
    container_delete_retention_policy {
      days = var.soft_delete_days
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "data" {
  for_each = {
    bronze             = "uploads as they came"
    silver             = "accepted datasets, by digest"
    evidence           = "reports and comparisons that decisions cite"
    event-dead-letters = "events that Event Grid could not deliver"
    catalog            = "managed storage of Unity Catalog"
  }

  name                  = each.key
  storage_account_id    = azurerm_storage_account.data.id
  container_access_type = "private"

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_management_policy" "data" {
  storage_account_id = azurerm_storage_account.data.id

  # Uploads are read once; what was accepted is kept in silver. Nothing here deletes evidence.
  rule {
    name    = "cool-old-uploads"
    enabled = true
    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["bronze/"]
    }
    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = 30
      }
    }
  }

  rule {
    name    = "drop-old-event-dead-letters"
    enabled = true
    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["event-dead-letters/"]
    }
    actions {
      base_blob {
        delete_after_days_since_modification_greater_than = 90
      }
    }
  }
}
