output "application" {
  description = "The app registration: client id, object id and identifier URI."
  value = {
    client_id      = azuread_application.this.client_id
    object_id      = azuread_application.this.object_id
    identifier_uri = azuread_application_identifier_uri.this.identifier_uri
  }
}

output "role_ids" {
  description = "Ids of the app roles."
  value       = local.role_ids
}
