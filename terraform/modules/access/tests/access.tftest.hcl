# Who may sign in to the app, as what.

mock_provider "azuread" {
  source          = "../../tests/mocks/azuread"
  override_during = plan
}

variables {
  display_name          = "nightshift-dev"
  host_name             = "func-nightshift-dev-0000.azurewebsites.net"
  tenant_id             = "11111111-1111-1111-1111-111111111113"
  identity_principal_id = "11111111-1111-1111-1111-111111111119"
  alert_webhook         = false
  members               = { Reader = ["33333333-3333-3333-3333-333333333331"], Reviewer = ["33333333-3333-3333-3333-333333333331"], Operator = [], AlertWriter = [] }
}

run "the_app_has_the_roles_that_it_checks" {
  command = plan

  assert {
    condition     = jsonencode(sort([for role in azuread_application.this.app_role : role.value])) == jsonencode(["AlertWriter", "Operator", "Reader", "Reviewer"])
    error_message = "the app checks a role that nobody can have"
  }

  assert {
    condition     = alltrue([for role in azuread_application.this.app_role : role.value != "AlertWriter" || jsonencode(sort(role.allowed_member_types)) == jsonencode(["Application"])])
    error_message = "a person could pose as a machine that sends alerts"
  }

  assert {
    condition     = length(distinct([for role in azuread_application.this.app_role : role.id])) == 4
    error_message = "two roles share an id"
  }

  assert {
    condition     = azuread_application.this.sign_in_audience == "AzureADMyOrg"
    error_message = "people of other tenants may sign in"
  }

  assert {
    condition     = azuread_service_principal.this.app_role_assignment_required
    error_message = "everybody in the tenant may sign in"
  }

  assert {
    condition     = contains(azuread_application.this.web[0].redirect_uris, "https://func-nightshift-dev-0000.azurewebsites.net/.auth/login/aad/callback")
    error_message = "sign-in does not come back"
  }
}

run "who_applies_owns_the_registration" {
  command = plan

  assert {
    condition     = jsonencode(azuread_application.this.owners) == jsonencode(["33333333-3333-3333-3333-333333333339"])
    error_message = "Azure Monitor refuses the secure webhook: its registration is not owned by who applies"
  }
}

run "everybody_who_applies_is_an_owner" {
  command = plan

  variables {
    owners = ["33333333-3333-3333-3333-333333333331", "33333333-3333-3333-3333-333333333339"]
  }

  assert {
    condition     = jsonencode(azuread_application.this.owners) == jsonencode(["33333333-3333-3333-3333-333333333331", "33333333-3333-3333-3333-333333333339"])
    error_message = "who applies tonight takes the registration away from who applied yesterday"
  }
}

run "somebody_who_does_not_own_the_registration_is_warned" {
  command = plan

  variables {
    owners = ["33333333-3333-3333-3333-333333333331"]
  }

  expect_failures = [check.who_applies_owns_the_registration]
}

run "a_name_in_place_of_an_owner_is_refused" {
  command = plan

  variables {
    owners = ["mlops"]
  }

  expect_failures = [var.owners]
}

run "the_command_line_signs_people_in_by_the_azure_cli" {
  command = plan

  assert {
    condition     = azuread_application_pre_authorized.azure_cli.authorized_client_id == "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
    error_message = "another application gets tokens for the app without consent"
  }

  assert {
    condition     = jsonencode([for scope in one(azuread_application.this.api).oauth2_permission_scope : scope.id]) == jsonencode(tolist(azuread_application_pre_authorized.azure_cli.permission_ids))
    error_message = "the Azure CLI is let in by a scope that the app does not have"
  }
}

run "there_is_no_client_secret" {
  command = plan

  assert {
    condition     = azuread_application_federated_identity_credential.app.subject == var.identity_principal_id
    error_message = "another identity may pose as the app"
  }

  assert {
    condition     = azuread_application_federated_identity_credential.app.issuer == "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111113/v2.0"
    error_message = "tokens of another issuer are taken"
  }

  assert {
    condition     = length(azuread_application.this.password) == 0
    error_message = "there is a client secret"
  }
}

run "members_get_their_roles" {
  command = plan

  assert {
    condition     = length(azuread_app_role_assignment.this) == 2
    error_message = "a member has no role, or somebody else has one"
  }

  assert {
    condition     = azuread_app_role_assignment.this["Reviewer: 33333333-3333-3333-3333-333333333331"].app_role_id == output.role_ids["Reviewer"]
    error_message = "a reviewer got another role"
  }

  assert {
    condition     = length(azuread_app_role_assignment.action_group) == 0
    error_message = "action groups may send alerts though the webhook is off"
  }
}

run "action_groups_may_send_alerts_and_nothing_else" {
  command = plan

  variables {
    alert_webhook = true
  }

  assert {
    condition     = azuread_service_principal.action_group[0].client_id == "461e8683-5575-4561-ac7f-899cc907d62a" && azuread_service_principal.action_group[0].use_existing
    error_message = "the role goes to another application than Azure Monitor's"
  }

  assert {
    condition     = azuread_app_role_assignment.action_group[0].app_role_id == output.role_ids["AlertWriter"]
    error_message = "action groups got another role"
  }
}

run "a_name_in_place_of_an_id_is_refused" {
  command = plan

  variables {
    members = { Reader = ["ml-team"], Reviewer = [], Operator = [], AlertWriter = [] }
  }

  expect_failures = [var.members]
}
