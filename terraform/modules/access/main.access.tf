locals {
  # The roles that nightshift/domain/platform/principal.py knows.
  roles = {
    Reader      = "Sees runs, models, incidents and reviews."
    Reviewer    = "Approves or rejects flagged promotions."
    Operator    = "Undoes mitigations, redrives dead letters, starts runs."
    AlertWriter = "Sends alerts. For machines."
  }
  role_ids = { for role in keys(local.roles) : role => uuidv5("url", "https://nightshift/roles/${role}") }

  # The Azure CLI; the same id in every tenant. People who use `nightshift --env` sign in with it.
  azure_cli_client_id = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
  scope_id            = uuidv5("url", "https://nightshift/scopes/user_impersonation")

  # Microsoft's application that calls secure webhooks of action groups; the same id in every tenant.
  action_group_client_id = "461e8683-5575-4561-ac7f-899cc907d62a"

  assignments = merge([
    for role, members in var.members : { for id in members : "${role}: ${id}" => { role = role, id = id } }
  ]...)
}

data "azuread_client_config" "current" {}

resource "azuread_application" "this" {
  display_name     = var.display_name
  sign_in_audience = "AzureADMyOrg"
  # Azure Monitor takes a secure webhook only from an owner of its registration, and azuread takes the caller off the
  # owners where none are named.
  owners = length(var.owners) > 0 ? var.owners : [data.azuread_client_config.current.object_id]

  api {
    requested_access_token_version = 2

    # Says on whose behalf, not what for: what a person may do, the roles below say.
    oauth2_permission_scope {
      id                         = local.scope_id
      value                      = "user_impersonation"
      type                       = "User"
      admin_consent_display_name = "Use Nightshift"
      admin_consent_description  = "Call Nightshift on behalf of the person who has signed in."
      user_consent_display_name  = "Use Nightshift"
      user_consent_description   = "Call Nightshift on your behalf."
    }
  }

  dynamic "app_role" {
    for_each = local.roles
    content {
      id                   = local.role_ids[app_role.key]
      value                = app_role.key
      display_name         = app_role.key
      description          = app_role.value
      allowed_member_types = app_role.key == "AlertWriter" ? ["Application"] : ["Application", "User"]
    }
  }

  web {
    redirect_uris = ["https://${var.host_name}/.auth/login/aad/callback"]
    implicit_grant {
      id_token_issuance_enabled = true
    }
  }

  lifecycle {
    # Set by the resource below, because it holds the application's own id.
    ignore_changes = [identifier_uris]
  }
}

resource "azuread_application_identifier_uri" "this" {
  application_id = azuread_application.this.id
  identifier_uri = "api://${azuread_application.this.client_id}"
}

# Nobody has to consent to a command line that the tenant has anyway.
resource "azuread_application_pre_authorized" "azure_cli" {
  application_id       = azuread_application.this.id
  authorized_client_id = local.azure_cli_client_id
  permission_ids       = [local.scope_id]
}

# Instead of a client secret: the app proves itself with a token of its managed identity.
resource "azuread_application_federated_identity_credential" "app" {
  #checkov:skip=CKV_AZURE_249: Not for GitHub: the subject is one managed identity of this tenant.
  application_id = azuread_application.this.id
  display_name   = "function-app"
  description    = "Sign-in of the function app without a secret."
  issuer         = "https://login.microsoftonline.com/${var.tenant_id}/v2.0"
  subject        = var.identity_principal_id
  audiences      = ["api://AzureADTokenExchange"]
}

resource "azuread_service_principal" "this" {
  client_id = azuread_application.this.client_id
  # Who has no role gets no token.
  app_role_assignment_required = true
}

resource "azuread_app_role_assignment" "this" {
  for_each = local.assignments

  resource_object_id  = azuread_service_principal.this.object_id
  app_role_id         = local.role_ids[each.value.role]
  principal_object_id = each.value.id
}

resource "azuread_service_principal" "action_group" {
  count = var.alert_webhook ? 1 : 0

  client_id    = local.action_group_client_id
  use_existing = true
}

resource "azuread_app_role_assignment" "action_group" {
  count = var.alert_webhook ? 1 : 0

  resource_object_id  = azuread_service_principal.this.object_id
  app_role_id         = local.role_ids["AlertWriter"]
  principal_object_id = azuread_service_principal.action_group[0].object_id
}

check "who_applies_owns_the_registration" {
  assert {
    condition     = contains(azuread_application.this.owners, data.azuread_client_config.current.object_id)
    error_message = "app_owners does not name you (${data.azuread_client_config.current.object_id}): Azure will refuse to make or change the responder's action group (AadWebhookResourceNotOwnedByCaller). A plan that only reads may pass this by."
  }
}
