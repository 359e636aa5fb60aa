locals {
  assignments = merge(flatten([
    for row in var.roles : [
      for name, principal_id in var.principals[row.who] : {
        for scope, scope_id in var.scopes[row.scope] :
        "${row.who}${name == row.who ? "" : "-${name}"}: ${row.role} on ${scope}" => {
          who          = row.who
          principal_id = principal_id
          role         = row.role
          scope        = scope_id
          reason       = row.reason
        }
      }
    ]
  ])...)
}

resource "azurerm_role_assignment" "this" {
  for_each = local.assignments

  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = each.value.principal_id
  # A new identity takes a while to reach every replica of Entra; saying what it is spares the look-up.
  principal_type = contains(var.managed_identities, each.value.who) ? "ServicePrincipal" : null
  description    = each.value.reason
}
