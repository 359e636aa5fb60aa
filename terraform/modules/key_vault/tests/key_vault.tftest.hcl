# The vault: closed, and its content comes back.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  name                = "kv-nightshift-dev-0000"
  tenant_id           = "11111111-1111-1111-1111-111111111113"
}

run "nobody_gets_in_from_outside" {
  command = plan

  assert {
    condition     = !azurerm_key_vault.this.public_network_access_enabled && azurerm_key_vault.this.network_acls[0].default_action == "Deny" && azurerm_key_vault.this.network_acls[0].bypass == "None"
    error_message = "the vault answers strangers"
  }

  assert {
    condition     = azurerm_key_vault.this.rbac_authorization_enabled
    error_message = "access policies stand beside the role table"
  }

  assert {
    condition     = azurerm_key_vault.this.purge_protection_enabled && azurerm_key_vault.this.soft_delete_retention_days == 90
    error_message = "a deleted secret is gone"
  }

  assert {
    condition     = output.uri == "https://kv-nightshift-dev-0000.vault.azure.net/"
    error_message = "references point to another vault"
  }
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    name = "kv-nightshift-production-0000"
  }

  expect_failures = [var.name]
}
