# The two accounts: closed, without keys, and forgiving.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  data_account        = "stnightshiftdevd0000"
  host_account        = "stnightshiftdevh0000"
  replication         = "ZRS"
  access_connector_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Databricks/accessConnectors/dbac"
}

run "nobody_gets_in_with_a_key_or_from_outside" {
  command = plan

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : !account.shared_access_key_enabled])
    error_message = "an account takes shared keys"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : !account.public_network_access_enabled])
    error_message = "an account answers the internet"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : !account.allow_nested_items_to_be_public])
    error_message = "a container could be made public"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : !account.local_user_enabled])
    error_message = "an account takes local users with passwords"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : account.network_rules[0].default_action == "Deny"])
    error_message = "an account lets strangers in by default"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : account.min_tls_version == "TLS1_2" && account.https_traffic_only_enabled])
    error_message = "an account takes plain or old connections"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : !account.cross_tenant_replication_enabled && account.allowed_copy_scope == "AAD"])
    error_message = "data could be copied to another tenant"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : account.default_to_oauth_authentication])
    error_message = "the portal would ask for a key"
  }

  assert {
    condition     = contains(azurerm_storage_account.data.network_rules[0].bypass, "AzureServices")
    error_message = "Event Grid cannot write its dead letters"
  }

  assert {
    condition     = [for rule in azurerm_storage_account.data.network_rules[0].private_link_access : rule.endpoint_resource_id] == [var.access_connector_id]
    error_message = "Unity Catalog's control plane cannot write to its volumes, or somebody else may"
  }

  assert {
    condition     = jsonencode(azurerm_storage_account.host.network_rules[0].bypass) == jsonencode(["None"])
    error_message = "Azure services may pass the host account's firewall"
  }
}

run "what_is_deleted_by_mistake_comes_back" {
  command = plan

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : account.blob_properties[0].delete_retention_policy[0].days == 30 && account.blob_properties[0].container_delete_retention_policy[0].days == 30])
    error_message = "deleted blobs are gone at once"
  }

  assert {
    condition     = azurerm_storage_account.host.blob_properties[0].versioning_enabled
    error_message = "an earlier package cannot be put back"
  }

  assert {
    condition     = azurerm_storage_account.data.is_hns_enabled && !coalesce(azurerm_storage_account.data.blob_properties[0].versioning_enabled, false)
    error_message = "the data account is no ADLS account, or asks for versions, which Azure refuses there"
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : account.account_replication_type == "ZRS"])
    error_message = "an account has another redundancy than ordered"
  }
}

run "every_container_is_there_and_private" {
  command = plan

  assert {
    condition     = jsonencode(keys(azurerm_storage_container.data)) == jsonencode(["bronze", "catalog", "event-dead-letters", "evidence", "silver"])
    error_message = "a container is missing or unknown"
  }

  assert {
    condition     = alltrue([for container in concat(values(azurerm_storage_container.data), [azurerm_storage_container.releases]) : container.container_access_type == "private"])
    error_message = "a container is public"
  }

  assert {
    condition     = endswith(output.container_ids["bronze"], "/blobServices/default/containers/bronze")
    error_message = "a container's scope is not its own"
  }

  assert {
    condition     = output.host_account.releases_endpoint == "https://stnightshiftdevh0000.blob.core.windows.net/releases"
    error_message = "packages go elsewhere"
  }
}

run "nothing_deletes_data_or_evidence" {
  command = plan

  assert {
    condition     = alltrue([for rule in azurerm_storage_management_policy.data.rule : rule.actions[0].base_blob[0].delete_after_days_since_modification_greater_than == null || tolist(rule.filters[0].prefix_match)[0] == "event-dead-letters/"])
    error_message = "a lifecycle rule deletes data"
  }

  assert {
    condition     = alltrue([for rule in azurerm_storage_management_policy.data.rule : length(rule.filters[0].prefix_match) == 1])
    error_message = "a lifecycle rule holds for more than one container"
  }
}

run "a_public_account_still_has_a_firewall" {
  command = plan

  variables {
    public_network_access_enabled = true
    allowed_ip_ranges             = ["203.0.113.0/28"]
  }

  assert {
    condition     = alltrue([for account in [azurerm_storage_account.data, azurerm_storage_account.host] : account.network_rules[0].default_action == "Deny" && contains(account.network_rules[0].ip_rules, "203.0.113.0/28")])
    error_message = "public access lets everybody in, or not the named range"
  }
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    data_account = "stnightshiftproductiond00"
  }

  expect_failures = [var.data_account]
}

run "a_name_with_a_hyphen_is_refused" {
  command = plan

  variables {
    host_account = "st-nightshift"
  }

  expect_failures = [var.host_account]
}

run "an_unknown_redundancy_is_refused" {
  command = plan

  variables {
    replication = "RAGRS"
  }

  expect_failures = [var.replication]
}

run "a_short_memory_is_refused" {
  command = plan

  variables {
    soft_delete_days = 1
  }

  expect_failures = [var.soft_delete_days]
}
