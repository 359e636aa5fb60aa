# The workspace in the network.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  stem                = "nightshift-dev"

  storage_account_name = "stnightshiftdevw0000"
  network = {
    virtual_network_id              = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet"
    public_subnet_name              = "databricks-public"
    private_subnet_name             = "databricks-private"
    public_security_association_id  = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet/subnets/databricks-public"
    private_security_association_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet/subnets/databricks-private"
  }
  data_identity_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-data"
}

run "the_workspace_is_closed" {
  command = plan

  assert {
    condition     = !azurerm_databricks_workspace.this.public_network_access_enabled
    error_message = "the workspace answers the internet"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.custom_parameters[0].no_public_ip
    error_message = "clusters have public addresses"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.network_security_group_rules_required == "NoAzureDatabricksRules"
    error_message = "a workspace without public access cannot be made with Databricks' own rules"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.default_storage_firewall_enabled && azurerm_databricks_workspace.this.access_connector_id != null && !output.storage_public
    error_message = "the workspace's own storage, where runs keep predictions, answers the internet, or not even Databricks"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.custom_parameters[0].storage_account_name == "stnightshiftdevw0000" && endswith(output.storage_account_id, "/providers/Microsoft.Storage/storageAccounts/stnightshiftdevw0000")
    error_message = "the private endpoints lead to another account than the workspace's own"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.sku == "premium"
    error_message = "Unity Catalog, policies and private endpoints need premium"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.custom_parameters[0].public_subnet_name == "databricks-public" && azurerm_databricks_workspace.this.custom_parameters[0].private_subnet_name == "databricks-private"
    error_message = "the subnets are swapped"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.custom_parameters[0].virtual_network_id == var.network.virtual_network_id
    error_message = "clusters run outside of the network"
  }

  assert {
    condition     = contains(azurerm_databricks_access_connector.this.identity[0].identity_ids, var.data_identity_id)
    error_message = "Unity Catalog has no identity for storage"
  }
}

run "a_public_workspace_still_has_no_public_clusters" {
  command = plan

  variables {
    private = false
  }

  assert {
    condition     = azurerm_databricks_workspace.this.public_network_access_enabled && azurerm_databricks_workspace.this.network_security_group_rules_required == "AllRules"
    error_message = "the workspace cannot be reached"
  }

  assert {
    condition     = azurerm_databricks_workspace.this.custom_parameters[0].no_public_ip
    error_message = "clusters have public addresses"
  }

  assert {
    condition     = output.storage_public
    error_message = "a firewall without private endpoints locks the clusters out of their own storage"
  }
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    storage_account_name = "stnightshiftproductionw00"
  }

  expect_failures = [var.storage_account_name]
}
