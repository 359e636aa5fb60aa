output "virtual_network_id" {
  description = "Id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "functions_subnet_id" {
  description = "Subnet of the function app, with its way out."
  value       = azurerm_subnet.functions.id
  depends_on = [
    azurerm_subnet_network_security_group_association.functions,
    azurerm_subnet_nat_gateway_association.functions,
  ]
}

output "private_endpoints_subnet_id" {
  description = "Subnet of the private endpoints."
  value       = azurerm_subnet.private_endpoints.id
  depends_on  = [azurerm_subnet_network_security_group_association.private_endpoints]
}

output "databricks" {
  description = "What the workspace wants to know of its two subnets."
  value = {
    public_subnet_name             = azurerm_subnet.databricks["public"].name
    private_subnet_name            = azurerm_subnet.databricks["private"].name
    public_security_association_id = azurerm_subnet_network_security_group_association.databricks["public"].id
    # Both must exist before the workspace is made.
    private_security_association_id = azurerm_subnet_network_security_group_association.databricks["private"].id
  }
  depends_on = [azurerm_subnet_nat_gateway_association.databricks]
}

output "egress_address" {
  description = "The address that calls to the outside come from; for allow lists."
  value       = azurerm_public_ip.egress.ip_address
}

output "egress" {
  description = "What may leave, by whose subnet."
  value = {
    function-app = ["anything to anywhere"]
    clusters     = var.private ? [for name, rule in local.cluster_egress : "${rule.to} ${join(", ", rule.ports)}" if rule.access == "Allow"] : ["anything to anywhere"]
  }
}

output "functions_delegation" {
  description = "The service that the function app's subnet is delegated to."
  value       = azurerm_subnet.functions.delegation[0].service_delegation[0].name
}
