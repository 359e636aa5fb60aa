# The namespace, and queues as the definition file has them.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  namespace_name      = "sb-nightshift-dev-0000"
  sku                 = "Premium"
  queues              = [{ name = "model-alerts", lock_duration = "PT1M", max_delivery_count = 5, default_message_ttl = "P1D", duplicate_detection_window = "PT10M", dead_lettering_on_expiration = true }, { name = "plain" }]
}

run "nobody_gets_in_with_a_key_or_from_outside" {
  command = plan

  assert {
    condition     = !azurerm_servicebus_namespace.this.local_auth_enabled
    error_message = "the namespace takes shared access keys"
  }

  assert {
    condition     = !azurerm_servicebus_namespace.this.public_network_access_enabled && !azurerm_servicebus_namespace.this.network_rule_set[0].public_network_access_enabled
    error_message = "the namespace answers the internet"
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.network_rule_set[0].default_action == "Allow" && length(azurerm_servicebus_namespace.this.network_rule_set[0].ip_rules) == 0
    error_message = "azurerm refuses Deny without a rule: the namespace would be made and tainted"
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.network_rule_set[0].trusted_services_allowed
    error_message = "Event Grid cannot deliver to a private namespace"
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.minimum_tls_version == "1.2"
    error_message = "the namespace takes old TLS"
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.capacity == 1 && azurerm_servicebus_namespace.this.premium_messaging_partitions == 1
    error_message = "a Premium namespace without units cannot be made"
  }
}

run "a_public_premium_namespace_lets_in_who_is_named" {
  command = plan

  variables {
    public_network_access_enabled = true
    allowed_ip_ranges             = ["203.0.113.0/28"]
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.network_rule_set[0].default_action == "Deny" && jsonencode(azurerm_servicebus_namespace.this.network_rule_set[0].ip_rules) == jsonencode(["203.0.113.0/28"])
    error_message = "a public namespace lets strangers in, or not the named range"
  }
}

run "a_public_premium_namespace_for_everybody_is_refused" {
  command = plan

  variables {
    public_network_access_enabled = true
  }

  expect_failures = [var.allowed_ip_ranges]
}

run "queues_are_as_defined" {
  command = plan

  assert {
    condition     = azurerm_servicebus_queue.this["model-alerts"].lock_duration == "PT1M" && azurerm_servicebus_queue.this["model-alerts"].max_delivery_count == 5 && azurerm_servicebus_queue.this["model-alerts"].default_message_ttl == "P1D"
    error_message = "a queue differs from its definition, and so from the local broker"
  }

  assert {
    condition     = azurerm_servicebus_queue.this["model-alerts"].requires_duplicate_detection && azurerm_servicebus_queue.this["model-alerts"].duplicate_detection_history_time_window == "PT10M"
    error_message = "a repeated alert is not recognised"
  }

  assert {
    condition     = azurerm_servicebus_queue.this["model-alerts"].dead_lettering_on_message_expiration
    error_message = "an alert that expires is lost"
  }

  assert {
    condition     = !azurerm_servicebus_queue.this["plain"].requires_duplicate_detection && azurerm_servicebus_queue.this["plain"].max_delivery_count == 10
    error_message = "a queue without a window got duplicate detection, or another default than the local broker's"
  }

  assert {
    condition     = endswith(output.queue_ids["plain"], "/queues/plain")
    error_message = "a queue's scope is not its own"
  }
}

run "standard_has_no_units_and_no_firewall" {
  command = plan

  variables {
    sku                           = "Standard"
    public_network_access_enabled = true
  }

  assert {
    condition     = azurerm_servicebus_namespace.this.capacity == 0 && length(azurerm_servicebus_namespace.this.network_rule_set) == 0
    error_message = "Azure refuses units and a firewall on Standard"
  }

  assert {
    condition     = !azurerm_servicebus_namespace.this.local_auth_enabled
    error_message = "the namespace takes shared access keys"
  }
}

run "basic_is_refused" {
  command = plan

  variables {
    sku                           = "Basic"
    public_network_access_enabled = true
  }

  expect_failures = [var.sku]
}

run "a_private_standard_namespace_is_refused" {
  command = plan

  variables {
    sku = "Standard"
  }

  expect_failures = [var.sku]
}

run "three_units_are_refused" {
  command = plan

  variables {
    messaging_units = 3
  }

  expect_failures = [var.messaging_units]
}

run "two_queues_of_one_name_are_refused" {
  command = plan

  variables {
    queues = [{ name = "model-alerts" }, { name = "Model-Alerts" }]
  }

  expect_failures = [var.queues]
}

run "a_queue_that_gives_up_at_once_is_refused" {
  command = plan

  variables {
    queues = [{ name = "model-alerts", max_delivery_count = 0 }]
  }

  expect_failures = [var.queues]
}

run "a_long_name_is_refused" {
  command = plan

  variables {
    namespace_name = "sb-nightshift-dev-0000-0000-0000-0000-0000-0000-0000"
  }

  expect_failures = [var.namespace_name]
}
