# Subnets, their delegations, and what is refused.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  stem                = "nightshift-dev"
  cidrs = {
    virtual_network    = "10.40.0.0/20"
    functions          = "10.40.0.0/25"
    private_endpoints  = "10.40.0.128/26"
    databricks_public  = "10.40.4.0/24"
    databricks_private = "10.40.5.0/24"
  }
  functions_delegation = "Microsoft.App/environments"
}

run "subnets_are_delegated_and_have_no_default_way_out" {
  command = plan

  assert {
    condition     = azurerm_subnet.functions.delegation[0].service_delegation[0].name == "Microsoft.App/environments"
    error_message = "the app cannot join its subnet"
  }

  assert {
    condition     = alltrue([for subnet in azurerm_subnet.databricks : subnet.delegation[0].service_delegation[0].name == "Microsoft.Databricks/workspaces"])
    error_message = "Databricks cannot join its subnets"
  }

  assert {
    condition     = length(azurerm_subnet.private_endpoints.delegation) == 0
    error_message = "a delegated subnet takes no private endpoint"
  }

  assert {
    condition     = alltrue([for subnet in concat([azurerm_subnet.functions, azurerm_subnet.private_endpoints], values(azurerm_subnet.databricks)) : !subnet.default_outbound_access_enabled])
    error_message = "a subnet has a way out that nobody controls"
  }

  assert {
    condition     = azurerm_subnet.private_endpoints.private_endpoint_network_policies == "NetworkSecurityGroupEnabled"
    error_message = "the security group does not hold for private endpoints"
  }

  assert {
    condition     = azurerm_subnet.functions.address_prefixes[0] == "10.40.0.0/25"
    error_message = "the app's subnet has another range than ordered"
  }

  assert {
    condition     = azurerm_subnet.databricks["public"].address_prefixes[0] == "10.40.4.0/24" && azurerm_subnet.databricks["private"].address_prefixes[0] == "10.40.5.0/24"
    error_message = "Databricks' subnets are swapped or have other ranges"
  }
}

run "nothing_comes_in_from_the_internet" {
  command = plan

  assert {
    condition     = anytrue([for rule in azurerm_network_security_group.functions.security_rule : rule.access == "Deny" && rule.direction == "Inbound" && rule.source_address_prefix == "Internet"])
    error_message = "the app's subnet lets the internet in"
  }

  assert {
    condition     = anytrue([for rule in azurerm_network_security_group.private_endpoints.security_rule : rule.access == "Deny" && rule.direction == "Inbound" && rule.source_address_prefix == "*"])
    error_message = "the endpoints' subnet lets strangers in"
  }

  assert {
    condition     = alltrue([for rule in azurerm_network_security_group.private_endpoints.security_rule : rule.access == "Deny" || rule.source_address_prefix == "VirtualNetwork"])
    error_message = "a rule lets somebody outside of the network in"
  }

  assert {
    condition     = anytrue([for rule in azurerm_network_security_group.private_endpoints.security_rule : rule.access == "Allow" && contains(coalesce(rule.destination_port_ranges, []), "5671")])
    error_message = "AMQP cannot reach Service Bus"
  }

  assert {
    condition     = anytrue([for rule in azurerm_network_security_group.private_endpoints.security_rule : rule.access == "Allow" && length(setsubtract(["443", "6666", "3306", "8443-8451"], coalesce(rule.destination_port_ranges, []))) == 0])
    error_message = "clusters cannot reach Databricks' control plane by its private endpoint: none would start"
  }
}

run "clusters_of_a_private_environment_call_out_by_https_only" {
  command = plan

  assert {
    condition     = anytrue([for rule in azurerm_network_security_group.databricks.security_rule : rule.direction == "Outbound" && rule.access == "Deny" && rule.destination_address_prefix == "Internet" && rule.protocol == "*" && rule.priority == 4000])
    error_message = "whatever runs on a cluster may send data out by any protocol"
  }

  assert {
    condition     = toset(flatten([for rule in azurerm_network_security_group.databricks.security_rule : rule.destination_port_ranges if rule.access == "Allow" && rule.destination_address_prefix == "Internet"])) == toset(["443"])
    error_message = "more than HTTPS leaves to the internet, or training cannot install its packages"
  }

  assert {
    condition     = anytrue([for rule in azurerm_network_security_group.databricks.security_rule : rule.access == "Allow" && rule.destination_address_prefix == "AzureDatabricks" && contains(rule.destination_port_ranges, "6666")])
    error_message = "clusters cannot reach their control plane"
  }

  assert {
    condition     = length(output.egress.clusters) == 3
    error_message = "the list of what leaves is not what the rules allow"
  }
}

run "databricks_writes_its_own_rules_in_a_public_environment" {
  command = plan

  variables {
    private = false
  }

  assert {
    condition     = length(azurerm_network_security_group.databricks.security_rule) == 0
    error_message = "two owners of one group's rules: each apply takes Databricks' rules away"
  }
}

run "there_is_one_way_out" {
  command = plan

  assert {
    condition     = azurerm_public_ip.egress.allocation_method == "Static" && azurerm_public_ip.egress.sku == "Standard"
    error_message = "the way out has no lasting address"
  }

  assert {
    condition     = length(azurerm_subnet_network_security_group_association.databricks) == 2
    error_message = "a cluster's subnet has no security group"
  }

  assert {
    condition     = length(azurerm_subnet_nat_gateway_association.databricks) == 2
    error_message = "clusters without public addresses cannot reach Databricks' control plane"
  }
}

run "premium_joins_too" {
  command = plan

  variables {
    functions_delegation = "Microsoft.Web/serverFarms"
  }

  assert {
    condition     = azurerm_subnet.functions.delegation[0].service_delegation[0].name == "Microsoft.Web/serverFarms"
    error_message = "a Premium app cannot join its subnet"
  }
}

run "overlapping_subnets_are_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.0.64/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "equal_subnets_are_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.4.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "a_subnet_within_another_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.4.64/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "a_subnet_outside_of_the_network_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.41.0.0/25"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "a_subnet_larger_than_the_network_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/24"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "a_small_subnet_for_the_app_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/27"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "a_small_subnet_for_endpoints_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.0.128/28"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "small_subnets_for_databricks_are_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/27"
      databricks_private = "10.40.5.0/27"
    }
  }

  expect_failures = [var.cidrs]
}

run "uneven_subnets_for_databricks_are_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "10.40.0.0/25"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/25"
    }
  }

  expect_failures = [var.cidrs]
}

run "text_that_is_no_range_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "ten"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "an_ipv6_range_is_refused" {
  command = plan

  variables {
    cidrs = {
      virtual_network    = "10.40.0.0/20"
      functions          = "fd00::/64"
      private_endpoints  = "10.40.0.128/26"
      databricks_public  = "10.40.4.0/24"
      databricks_private = "10.40.5.0/24"
    }
  }

  expect_failures = [var.cidrs]
}

run "an_unknown_delegation_is_refused" {
  command = plan

  variables {
    functions_delegation = "Microsoft.Web/sites"
  }

  expect_failures = [var.functions_delegation]
}
