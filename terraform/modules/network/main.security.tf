resource "azurerm_network_security_group" "functions" {
  name                = "nsg-${var.stem}-functions"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  # The app only calls out of this subnet; calls to it come through its private endpoint.
  security_rule {
    name                       = "deny-inbound"
    priority                   = 4000
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "Internet"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}

resource "azurerm_network_security_group" "private_endpoints" {
  name                = "nsg-${var.stem}-private-endpoints"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  # HTTPS; AMQP over TLS for Service Bus; and what clusters need of Databricks' control plane, which they reach by its
  # endpoint: 6666 the relay of secure cluster connectivity, 3306 the metastore, 8443 to 8451 its own services.
  security_rule {
    name                       = "allow-virtual-network"
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_address_prefix      = "VirtualNetwork"
    source_port_range          = "*"
    destination_address_prefix = "VirtualNetwork"
    destination_port_ranges    = ["443", "5671", "5672", "6666", "3306", "8443-8451"]
  }

  security_rule {
    name                       = "deny-inbound"
    priority                   = 4000
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_address_prefix      = "*"
    source_port_range          = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}

# Databricks writes its own rules into this group.
resource "azurerm_network_security_group" "databricks" {
  name                = "nsg-${var.stem}-databricks"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags
}

resource "azurerm_subnet_network_security_group_association" "functions" {
  subnet_id                 = azurerm_subnet.functions.id
  network_security_group_id = azurerm_network_security_group.functions.id
}

resource "azurerm_subnet_network_security_group_association" "private_endpoints" {
  subnet_id                 = azurerm_subnet.private_endpoints.id
  network_security_group_id = azurerm_network_security_group.private_endpoints.id
}

resource "azurerm_subnet_network_security_group_association" "databricks" {
  for_each = azurerm_subnet.databricks

  subnet_id                 = each.value.id
  network_security_group_id = azurerm_network_security_group.databricks.id
}
