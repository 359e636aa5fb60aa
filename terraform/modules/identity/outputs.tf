output "identities" {
  description = "By job (app, training, data): resource id, client id and principal id."
  value = {
    for job, identity in azurerm_user_assigned_identity.this : job => {
      id           = identity.id
      client_id    = identity.client_id
      principal_id = identity.principal_id
    }
  }
}
