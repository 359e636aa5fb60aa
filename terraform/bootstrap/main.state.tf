resource "azurerm_resource_group" "state" {
  name     = "rg-nightshift-tfstate"
  location = var.location
  tags     = var.tags
}

resource "azurerm_storage_account" "state" {
  #checkov:skip=CKV_AZURE_59: Made before there is a network; its firewall lets in the named ranges and subnets only.
  #checkov:skip=CKV2_AZURE_33: Made before there is a network; its firewall lets in the named ranges and subnets only.
  name                              = "stnightshifttf${substr(sha256(var.subscription_id), 0, 8)}"
  resource_group_name               = azurerm_resource_group.state.name
  location                          = azurerm_resource_group.state.location
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
  tags                              = var.tags

  network_rules {
    default_action = "Deny"
    bypass         = ["None"]
    # Storage takes a single address without /32 only.
    ip_rules                   = distinct([for range in var.allowed_ip_ranges : trimsuffix(range, "/32")])
    virtual_network_subnet_ids = var.virtual_network_subnet_ids
  }

  # An earlier state is a version of the same blob.
  blob_properties {
    versioning_enabled = true
    delete_retention_policy {
      days = 90
    }
    container_delete_retention_policy {
      days = 90
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_storage_container" "state" {
  name                  = "tfstate"
  storage_account_id    = azurerm_storage_account.state.id
  container_access_type = "private"

  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_role_assignment" "state" {
  for_each = toset(var.state_writers)

  scope                = azurerm_storage_account.state.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = each.key
  description          = "Runs Terraform: reads, writes and locks the state."
}
