# The app on a Premium plan: closed, signed in, and without a key.

mock_provider "azapi" {
  source          = "../../tests/mocks/azapi"
  override_during = plan
}

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  name           = "func-nightshift-dev-0000"
  resource_group = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock", name = "rg-mock" }
  location       = "westeurope"
  environment    = "dev"
  plan           = { sku = "FC1", maximum_instances = 40, instance_memory_mb = 2048, always_ready = { durable = 1 } }
  python_version = "3.12"
  subnet_id      = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Network/virtualNetworks/vnet/subnets/functions"
  identity       = { id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-app", client_id = "11111111-1111-1111-1111-111111111118" }
  host_storage   = { name = "stnightshiftdevh0000", releases_endpoint = "https://stnightshiftdevh0000.blob.core.windows.net/releases" }
  sign_in        = { tenant_id = "11111111-1111-1111-1111-111111111113", client_id = "11111111-1111-1111-1111-111111111115", identifier_uri = "api://11111111-1111-1111-1111-111111111115" }
  connections = {
    blob_endpoint              = "https://stmock.blob.core.windows.net/"
    table_endpoint             = "https://stmock.table.core.windows.net/"
    event_topic_endpoint       = "https://egt-mock.westeurope-1.eventgrid.azure.net/api/events"
    service_bus_host           = "sb-mock.servicebus.windows.net"
    databricks_url             = "https://adb-1.2.azuredatabricks.net"
    model_prefix               = "nightshift_dev.models."
    insights_connection_string = "InstrumentationKey=0;IngestionEndpoint=https://example.com/"
    public_url                 = "https://func-nightshift-dev-0000.azurewebsites.net"
  }
}

run "premium_is_closed" {
  command = plan

  variables {
    plan = { sku = "EP1", maximum_instances = 10, instance_memory_mb = 2048, always_ready = {} }
  }

  assert {
    condition     = length(azapi_resource.flex) == 0 && length(azurerm_linux_function_app.premium) == 1
    error_message = "the wrong plan, or two apps of one name"
  }

  assert {
    condition     = !azurerm_linux_function_app.premium[0].public_network_access_enabled
    error_message = "the app answers the internet"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].site_config[0].ip_restriction_default_action == "Deny" && azurerm_linux_function_app.premium[0].site_config[0].scm_ip_restriction_default_action == "Deny"
    error_message = "somebody may call or publish from outside"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].https_only && azurerm_linux_function_app.premium[0].site_config[0].minimum_tls_version == "1.2" && azurerm_linux_function_app.premium[0].site_config[0].ftps_state == "Disabled"
    error_message = "the app takes plain or old connections"
  }

  assert {
    condition     = !azurerm_linux_function_app.premium[0].ftp_publish_basic_authentication_enabled && !azurerm_linux_function_app.premium[0].webdeploy_publish_basic_authentication_enabled
    error_message = "packages can be published with a password"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].storage_uses_managed_identity && azurerm_linux_function_app.premium[0].content_share_force_disabled
    error_message = "the app needs the account's key"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].site_config[0].runtime_scale_monitoring_enabled
    error_message = "a private app does not see its queues grow"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].site_config[0].vnet_route_all_enabled && azurerm_linux_function_app.premium[0].virtual_network_subnet_id == var.subnet_id
    error_message = "the app calls out past the network"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].key_vault_reference_identity_id == var.identity.id
    error_message = "Key Vault references are read with an identity that the app does not have"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].site_config[0].application_stack[0].python_version == "3.12"
    error_message = "the app runs on another Python than it is tested with"
  }

  assert {
    condition     = azurerm_service_plan.this.maximum_elastic_worker_count == 10
    error_message = "the plan scales further than ordered"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].auth_settings_v2[0].require_authentication && azurerm_linux_function_app.premium[0].auth_settings_v2[0].active_directory_v2[0].client_secret_setting_name == "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
    error_message = "strangers may call the app, or sign-in needs a secret"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].app_settings["WEBSITE_RUN_FROM_PACKAGE"] == "https://stnightshiftdevh0000.blob.core.windows.net/releases/nightshift.zip" && azurerm_linux_function_app.premium[0].app_settings["WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID"] == var.identity.id
    error_message = "the package is looked for elsewhere, or read with a key"
  }
}

run "premium_has_its_settings" {
  command = plan

  variables {
    plan = { sku = "EP1", maximum_instances = 10, instance_memory_mb = 2048, always_ready = {} }
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].app_settings["NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace"] == "sb-mock.servicebus.windows.net" && azurerm_linux_function_app.premium[0].app_settings["NIGHTSHIFT_SERVICEBUS__credential"] == "managedidentity" && azurerm_linux_function_app.premium[0].app_settings["NIGHTSHIFT_SERVICEBUS__clientId"] == var.identity.client_id
    error_message = "the Service Bus triggers have no identity, or another namespace"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].app_settings["AzureWebJobsStorage__accountName"] == "stnightshiftdevh0000" && azurerm_linux_function_app.premium[0].app_settings["AzureWebJobsStorage__credential"] == "managedidentity" && azurerm_linux_function_app.premium[0].app_settings["AzureWebJobsStorage__clientId"] == var.identity.client_id
    error_message = "the host cannot reach its storage"
  }

  assert {
    condition     = !contains(keys(azurerm_linux_function_app.premium[0].app_settings), "AzureWebJobsStorage")
    error_message = "an empty or keyed AzureWebJobsStorage wins over the identity"
  }

  assert {
    condition     = alltrue([for name, value in azurerm_linux_function_app.premium[0].app_settings : !can(regex("(?i)AccountKey=|SharedAccessKey=|sig=", value))])
    error_message = "a setting holds a key"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].app_settings["MLFLOW_TRACKING_URI"] == "databricks" && azurerm_linux_function_app.premium[0].app_settings["MLFLOW_REGISTRY_URI"] == "databricks-uc"
    error_message = "the app looks for models outside of Unity Catalog"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].app_settings["AZURE_CLIENT_ID"] == var.identity.client_id
    error_message = "the SDKs do not know which identity to use"
  }

  assert {
    condition     = azurerm_linux_function_app.premium[0].app_settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "ClientId=11111111-1111-1111-1111-111111111118;Authorization=AAD"
    error_message = "telemetry is refused, because local authentication is off"
  }
}

run "premium_opens_one_service_tag_for_alerts" {
  command = plan

  variables {
    plan          = { sku = "EP1", maximum_instances = 10, instance_memory_mb = 2048, always_ready = {} }
    alert_webhook = true
  }

  assert {
    condition     = jsonencode([for rule in azurerm_linux_function_app.premium[0].site_config[0].ip_restriction : [rule.service_tag, rule.action]]) == jsonencode([["ActionGroup", "Allow"]])
    error_message = "somebody other than action groups may call"
  }
}
