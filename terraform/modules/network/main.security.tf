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

# In a public environment Databricks writes its own rules into this group. In a private one it writes none, and these
# hold: clusters call out by HTTPS, to their control plane, and to Databricks' logs; nothing else leaves. Names of the
# internet cannot be told apart here, and training installs its packages from an index there: docs/deploy.md, "What
# leaves".
resource "azurerm_network_security_group" "databricks" {
  name                = "nsg-${var.stem}-databricks"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  dynamic "security_rule" {
    for_each = var.private ? local.cluster_egress : {}
    content {
      name                       = security_rule.key
      priority                   = security_rule.value.priority
      direction                  = "Outbound"
      access                     = security_rule.value.access
      protocol                   = security_rule.value.protocol
      source_address_prefix      = "*"
      source_port_range          = "*"
      destination_address_prefix = security_rule.value.to
      destination_port_ranges    = security_rule.value.ports
    }
  }
}

locals {
  cluster_egress = {
    allow-https         = { priority = 100, access = "Allow", protocol = "Tcp", to = "Internet", ports = ["443"] }
    allow-control-plane = { priority = 110, access = "Allow", protocol = "Tcp", to = "AzureDatabricks", ports = ["443", "3306", "6666", "8443-8451"] }
    allow-logs          = { priority = 120, access = "Allow", protocol = "Tcp", to = "EventHub", ports = ["9093"] }
    deny-the-rest       = { priority = 4000, access = "Deny", protocol = "*", to = "Internet", ports = ["0-65535"] }
  }
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
