# The app on Flex Consumption: closed, signed in, and without a key.

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

run "flex_consumption_is_closed" {
  command = plan

  assert {
    condition     = length(azapi_resource.flex) == 1 && length(azurerm_linux_function_app.premium) == 0
    error_message = "the wrong plan, or two apps of one name"
  }

  assert {
    condition     = azurerm_service_plan.this.sku_name == "FC1" && azurerm_service_plan.this.os_type == "Linux"
    error_message = "the plan is not Flex Consumption"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.publicNetworkAccess == "Disabled"
    error_message = "the app answers the internet"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.siteConfig.ipSecurityRestrictionsDefaultAction == "Deny" && length(azapi_resource.flex[0].body.properties.siteConfig.ipSecurityRestrictions) == 0
    error_message = "somebody may call the app from outside"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.siteConfig.scmIpSecurityRestrictionsDefaultAction == "Deny" && length(azapi_resource.flex[0].body.properties.siteConfig.scmIpSecurityRestrictions) == 0
    error_message = "somebody may publish from outside"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.httpsOnly && azapi_resource.flex[0].body.properties.siteConfig.minTlsVersion == "1.2"
    error_message = "the app takes plain or old connections"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.virtualNetworkSubnetId == var.subnet_id
    error_message = "the app calls out past the network"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.keyVaultReferenceIdentity == var.identity.id
    error_message = "Key Vault references are read with an identity that the app does not have"
  }

  assert {
    condition     = !can(azapi_resource.flex[0].body.properties.siteConfig.healthCheckPath)
    error_message = "Flex Consumption has no health check: a path for it would promise what does not happen"
  }

  assert {
    condition     = alltrue([for policy in azapi_update_resource.flex_basic_publishing : !policy.body.properties.allow]) && length(azapi_update_resource.flex_basic_publishing) == 2
    error_message = "packages can be published with a password"
  }
}

run "flex_consumption_runs_python_from_the_releases_container" {
  command = plan

  assert {
    condition     = azapi_resource.flex[0].body.properties.functionAppConfig.runtime.name == "python" && azapi_resource.flex[0].body.properties.functionAppConfig.runtime.version == "3.12"
    error_message = "the app runs on another Python than it is tested with"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.functionAppConfig.deployment.storage.value == var.host_storage.releases_endpoint
    error_message = "packages are looked for elsewhere"
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.functionAppConfig.deployment.storage.authentication.type == "UserAssignedIdentity" && azapi_resource.flex[0].body.properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId == var.identity.id
    error_message = "the package is read with a key"
  }

  assert {
    condition     = jsonencode(azapi_resource.flex[0].body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady) == jsonencode([{ name = "durable", instanceCount = 1 }])
    error_message = "nothing is kept warm"
  }
}

run "flex_consumption_has_its_settings" {
  command = plan

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace"] == "sb-mock.servicebus.windows.net" && { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["NIGHTSHIFT_SERVICEBUS__credential"] == "managedidentity" && { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["NIGHTSHIFT_SERVICEBUS__clientId"] == var.identity.client_id
    error_message = "the Service Bus triggers have no identity, or another namespace"
  }

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["AzureWebJobsStorage__accountName"] == "stnightshiftdevh0000" && { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["AzureWebJobsStorage__credential"] == "managedidentity" && { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["AzureWebJobsStorage__clientId"] == var.identity.client_id
    error_message = "the host cannot reach its storage"
  }

  assert {
    condition     = !contains(keys({ for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }), "AzureWebJobsStorage")
    error_message = "an empty or keyed AzureWebJobsStorage wins over the identity"
  }

  assert {
    condition     = alltrue([for name, value in { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value } : !can(regex("(?i)AccountKey=|SharedAccessKey=|sig=", value))])
    error_message = "a setting holds a key"
  }

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["MLFLOW_TRACKING_URI"] == "databricks" && { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["MLFLOW_REGISTRY_URI"] == "databricks-uc"
    error_message = "the app looks for models outside of Unity Catalog"
  }

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["AZURE_CLIENT_ID"] == var.identity.client_id
    error_message = "the SDKs do not know which identity to use"
  }

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "ClientId=11111111-1111-1111-1111-111111111118;Authorization=AAD"
    error_message = "telemetry is refused, because local authentication is off"
  }
}

run "what_every_site_has_is_changed_one_by_one" {
  command = plan

  assert {
    condition     = alltrue([for change in concat(values(azapi_update_resource.flex_basic_publishing), azapi_update_resource.flex_sign_in) : contains(change.retry.error_message_regex, "Cannot modify this site because another operation is in progress")])
    error_message = "a change gives up while Azure is still busy with the one before"
  }
}

run "everybody_signs_in" {
  command = plan

  assert {
    condition     = azapi_update_resource.flex_sign_in[0].body.properties.globalValidation.requireAuthentication
    error_message = "strangers may call the app"
  }

  assert {
    condition     = jsonencode(azapi_update_resource.flex_sign_in[0].body.properties.globalValidation.excludedPaths) == jsonencode(["/api/health"])
    error_message = "a path is open that need not be"
  }

  assert {
    condition     = azapi_update_resource.flex_sign_in[0].body.properties.identityProviders.azureActiveDirectory.registration.clientSecretSettingName == "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
    error_message = "sign-in needs a client secret"
  }

  assert {
    condition     = jsonencode(azapi_update_resource.flex_sign_in[0].body.properties.identityProviders.azureActiveDirectory.validation.allowedAudiences) == jsonencode([var.sign_in.client_id, var.sign_in.identifier_uri])
    error_message = "tokens for other applications are taken"
  }

  assert {
    condition     = azapi_update_resource.flex_sign_in[0].body.properties.identityProviders.azureActiveDirectory.registration.openIdIssuer == "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111113/v2.0"
    error_message = "people of other tenants may sign in"
  }
}

run "the_alert_webhook_opens_one_service_tag" {
  command = plan

  variables {
    alert_webhook = true
  }

  assert {
    condition     = azapi_resource.flex[0].body.properties.publicNetworkAccess == "Enabled" && azapi_resource.flex[0].body.properties.siteConfig.ipSecurityRestrictionsDefaultAction == "Deny"
    error_message = "action groups cannot call, or everybody can"
  }

  assert {
    condition     = jsonencode([for rule in azapi_resource.flex[0].body.properties.siteConfig.ipSecurityRestrictions : [rule.tag, rule.ipAddress, rule.action]]) == jsonencode([["ServiceTag", "ActionGroup", "Allow"]])
    error_message = "somebody other than action groups may call"
  }

  assert {
    condition     = length(azapi_resource.flex[0].body.properties.siteConfig.scmIpSecurityRestrictions) == 0 && azapi_resource.flex[0].body.properties.siteConfig.scmIpSecurityRestrictionsDefaultAction == "Deny"
    error_message = "the webhook opened publishing too"
  }

  assert {
    condition     = jsonencode(azapi_update_resource.flex_sign_in[0].body.properties.globalValidation.excludedPaths) == jsonencode(["/api/health"])
    error_message = "alerts are taken without a token"
  }
}

run "a_public_app_lets_in_who_is_named" {
  command = plan

  variables {
    private           = false
    push_events       = true
    allowed_ip_ranges = ["203.0.113.0/28"]
  }

  assert {
    condition     = jsonencode([for rule in azapi_resource.flex[0].body.properties.siteConfig.ipSecurityRestrictions : rule.ipAddress]) == jsonencode(["AzureEventGrid", "203.0.113.0/28"])
    error_message = "others than Event Grid and the named range may call"
  }

  assert {
    condition     = jsonencode(azapi_update_resource.flex_sign_in[0].body.properties.globalValidation.excludedPaths) == jsonencode(["/api/health", "/runtime/webhooks/eventgrid"])
    error_message = "Event Grid is asked to sign in, or somebody else is not"
  }
}

run "a_rotated_secret_changes_a_setting_and_so_restarts_the_app" {
  command = plan

  variables {
    notify_urls_secret_uri = "https://kv-mock.vault.azure.net/secrets/notify-urls/0123456789abcdef0123456789abcdef"
  }

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["NIGHTSHIFT_NOTIFY_URLS"] == "@Microsoft.KeyVault(SecretUri=https://kv-mock.vault.azure.net/secrets/notify-urls/0123456789abcdef0123456789abcdef)"
    error_message = "the reference names no version: a rotation would go unseen"
  }
}

run "the_scheduler_is_put_over_host_json" {
  command = plan

  variables {
    durable = { backend = "scheduler", endpoint = "https://dts-mock.westeurope.durabletask.io", task_hub = "nightshift" }
  }

  assert {
    condition     = { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["AzureFunctionsJobHost__extensions__durableTask__storageProvider__type"] == "azureManaged"
    error_message = "Durable stays on Azure Storage"
  }

  assert {
    condition     = !can(regex("AccessKey", { for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"])) && strcontains({ for setting in azapi_resource.flex[0].body.properties.siteConfig.appSettings : setting.name => setting.value }["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"], "Authentication=ManagedIdentity")
    error_message = "the scheduler is reached with a key"
  }
}
