# The role table becomes assignments, one per principal and scope.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  roles              = [{ who = "app", role = "Storage Blob Data Reader", scope = "bronze", reason = "Reads uploads and never changes one." }, { who = "people", role = "Azure Service Bus Data Sender", scope = "queues", reason = "Put alerts on each of the queues." }]
  principals         = { app = { app = "11111111-1111-1111-1111-111111111119" }, people = { "p-1" = "33333333-3333-3333-3333-333333333331" } }
  managed_identities = ["app"]
  scopes = { bronze = { bronze = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Storage/storageAccounts/stmock/blobServices/default/containers/bronze" }
  queues = { a = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ServiceBus/namespaces/sb-mock/queues/a", b = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ServiceBus/namespaces/sb-mock/queues/b" } }
}

run "each_row_becomes_its_assignments" {
  command = plan

  assert {
    condition     = jsonencode(keys(azurerm_role_assignment.this)) == jsonencode(["app: Storage Blob Data Reader on bronze", "people-p-1: Azure Service Bus Data Sender on a", "people-p-1: Azure Service Bus Data Sender on b"])
    error_message = "an assignment is missing, or one too many"
  }

  assert {
    condition     = azurerm_role_assignment.this["app: Storage Blob Data Reader on bronze"].description == "Reads uploads and never changes one."
    error_message = "the reason is not beside the assignment"
  }

  assert {
    condition     = azurerm_role_assignment.this["app: Storage Blob Data Reader on bronze"].principal_type == "ServicePrincipal"
    error_message = "a new identity is refused until Entra has spread it"
  }

  assert {
    condition     = azurerm_role_assignment.this["people-p-1: Azure Service Bus Data Sender on b"].principal_id == "33333333-3333-3333-3333-333333333331"
    error_message = "somebody else got the role"
  }
}

run "a_role_without_a_reason_is_refused" {
  command = plan

  variables {
    roles = [{ who = "app", role = "Storage Blob Data Reader", scope = "bronze", reason = "Needed." }]
  }

  expect_failures = [var.roles]
}

run "contributor_is_refused" {
  command = plan

  variables {
    roles = [{ who = "app", role = "Contributor", scope = "bronze", reason = "Reads uploads and never changes one." }]
  }

  expect_failures = [var.roles]
}

run "an_unknown_principal_is_refused" {
  command = plan

  variables {
    roles = [{ who = "nobody", role = "Storage Blob Data Reader", scope = "bronze", reason = "Reads uploads and never changes one." }]
  }

  expect_failures = [var.roles]
}

run "an_unknown_scope_is_refused" {
  command = plan

  variables {
    roles = [{ who = "app", role = "Storage Blob Data Reader", scope = "gold", reason = "Reads uploads and never changes one." }]
  }

  expect_failures = [var.roles]
}
