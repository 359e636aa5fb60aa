mock_resource "azapi_resource" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Web/sites/func-mock"
    output = {
      properties = {
        endpoint = "https://dts-mock.westeurope.durabletask.io"
      }
    }
  }
}

mock_resource "azapi_update_resource" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Web/sites/func-mock/config/authsettingsV2"
  }
}
