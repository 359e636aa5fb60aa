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

run "one_address_may_be_allowed" {
  command = plan

  variables {
    allowed_ip_ranges = ["203.0.113.5/32", "203.0.113.5", "203.0.113.9", "198.51.100.0/28"]
  }

  assert {
    condition     = toset(azurerm_storage_account.state.network_rules[0].ip_rules) == toset(["203.0.113.5", "203.0.113.9", "198.51.100.0/28"])
    error_message = "storage refuses /32: a single address must come without it"
  }
}

run "who_plans_reads_and_no_more" {
  command = plan

  variables {
    plan_readers = ["33333333-3333-3333-3333-333333333332"]
  }

  assert {
    condition     = jsonencode(sort(azurerm_role_definition.plan.permissions[0].actions)) == jsonencode(["Microsoft.EventGrid/topics/listKeys/action", "Microsoft.Web/sites/config/list/action"]) && length(coalesce(azurerm_role_definition.plan.permissions[0].data_actions, [])) == 0
    error_message = "a plan that reads stops at a topic's keys or an app's settings, or may do more than read"
  }

  assert {
    condition     = azurerm_role_assignment.plan_reader["33333333-3333-3333-3333-333333333332"].role_definition_name == "Reader" && azurerm_role_assignment.plan_state["33333333-3333-3333-3333-333333333332"].role_definition_name == "Storage Blob Data Reader" && azurerm_role_assignment.plan["33333333-3333-3333-3333-333333333332"].principal_id == "33333333-3333-3333-3333-333333333332"
    error_message = "who plans cannot read what there is, or may write"
  }
}

run "a_region_without_a_pair_keeps_three_zones" {
  command = plan

  variables {
    location    = "polandcentral"
    replication = "ZRS"
  }

  assert {
    condition     = azurerm_storage_account.state.account_replication_type == "ZRS"
    error_message = "the state has another redundancy than ordered"
  }
}

run "a_second_region_that_there_is_not_is_refused" {
  command = plan

  variables {
    location = "polandcentral"
  }

  expect_failures = [var.replication]
}

run "zones_that_there_are_not_are_refused" {
  command = plan

  variables {
    location = "ukwest"
  }

  expect_failures = [var.replication]
}

run "an_unknown_redundancy_is_refused" {
  command = plan

  variables {
    replication = "RAGRS"
  }

  expect_failures = [var.replication]
}

run "two_addresses_in_one_range_are_refused" {
  command = plan

  variables {
    allowed_ip_ranges = ["203.0.113.4/31"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_private_range_is_refused" {
  command = plan

  variables {
    allowed_ip_ranges = ["172.31.4.0/24"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_private_address_is_refused" {
  command = plan

  variables {
    allowed_ip_ranges = ["10.0.0.4"]
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "a_range_that_begins_in_its_middle_is_refused" {
  command = plan

  variables {
    allowed_ip_ranges = ["203.0.113.5/28"]
  }

  expect_failures = [var.allowed_ip_ranges]
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
