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

mock_data "azuread_client_config" {
  defaults = {
    client_id = "11111111-1111-1111-1111-111111111117"
    object_id = "33333333-3333-3333-3333-333333333339"
    tenant_id = "11111111-1111-1111-1111-111111111113"
  }
}
