resource "azurerm_virtual_network" "this" {
  name                = "vnet-${var.stem}"
  resource_group_name = var.resource_group_name
  location            = var.location
  address_space       = [var.cidrs.virtual_network]
  tags                = var.tags
}

resource "azurerm_subnet" "functions" {
  name                            = "functions"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this.name
  address_prefixes                = [var.cidrs.functions]
  default_outbound_access_enabled = false

  delegation {
    name = "functions"
    service_delegation {
      name    = var.functions_delegation
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "private_endpoints" {
  name                            = "private-endpoints"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this.name
  address_prefixes                = [var.cidrs.private_endpoints]
  default_outbound_access_enabled = false
  # Without this the security group below would not hold for private endpoints.
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
}

resource "azurerm_subnet" "databricks" {
  #checkov:skip=CKV2_AZURE_31: The group is there; checkov does not follow for_each over subnets. tests/network.tftest.hcl asserts it.
  for_each = { public = var.cidrs.databricks_public, private = var.cidrs.databricks_private }

  name                            = "databricks-${each.key}"
  resource_group_name             = var.resource_group_name
  virtual_network_name            = azurerm_virtual_network.this.name
  address_prefixes                = [each.value]
  default_outbound_access_enabled = false

  delegation {
    name = "databricks"
    service_delegation {
      name = "Microsoft.Databricks/workspaces"
      actions = [
        "Microsoft.Network/virtualNetworks/subnets/join/action",
        "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action",
        "Microsoft.Network/virtualNetworks/subnets/unprepareNetworkPolicies/action",
      ]
    }
  }
}
