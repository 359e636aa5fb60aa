mock_resource "azuread_application" {
  defaults = {
    id        = "/applications/11111111-1111-1111-1111-111111111114"
    client_id = "11111111-1111-1111-1111-111111111115"
    object_id = "11111111-1111-1111-1111-111111111114"
  }
}

mock_resource "azuread_service_principal" {
  defaults = {
    id        = "/servicePrincipals/11111111-1111-1111-1111-111111111116"
    object_id = "11111111-1111-1111-1111-111111111116"
  }
}
