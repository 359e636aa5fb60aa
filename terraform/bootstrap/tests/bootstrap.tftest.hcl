# The account of Terraform's state.

mock_provider "azurerm" {
  source          = "../tests/mocks/azurerm"
  override_during = plan
}

variables {
  subscription_id   = "00000000-0000-0000-0000-000000000001"
  allowed_ip_ranges = ["203.0.113.0/28"]
  state_writers     = ["33333333-3333-3333-3333-333333333331"]
}

run "the_state_is_closed_and_comes_back" {
  command = plan

  assert {
    condition     = !azurerm_storage_account.state.shared_access_key_enabled
    error_message = "the state can be read with a key"
  }

  assert {
    condition     = azurerm_storage_account.state.network_rules[0].default_action == "Deny"
    error_message = "everybody may knock at the state"
  }

  assert {
    condition     = azurerm_storage_account.state.blob_properties[0].versioning_enabled
    error_message = "a broken state cannot be put back"
  }

  assert {
    condition     = length(azurerm_storage_account.state.name) <= 24
    error_message = "the name is too long"
  }

  assert {
    condition     = azurerm_role_assignment.state["33333333-3333-3333-3333-333333333331"].role_definition_name == "Storage Blob Data Contributor"
    error_message = "nobody may lock the state"
  }
}

run "the_placeholder_subscription_is_refused" {
  command = plan

  variables {
    subscription_id = "00000000-0000-0000-0000-000000000000"
  }

  expect_failures = [var.subscription_id]
}

run "a_state_that_nobody_writes_is_refused" {
  command = plan

  variables {
    state_writers = []
  }

  expect_failures = [var.state_writers]
}

run "a_state_that_nobody_reaches_is_refused" {
  command = plan

  variables {
    allowed_ip_ranges = []
  }

  expect_failures = [var.virtual_network_subnet_ids]
}
