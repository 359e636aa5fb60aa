# Through azapi: azurerm_function_app_flex_consumption 4.81 adds an empty AzureWebJobsStorage, with which a host that has
# no storage key does not start (hashicorp/terraform-provider-azurerm#29693), and cannot name the identity that reads
# Key Vault references. docs/adr/0021-hosting-plan.md tells when to go back.
resource "azapi_resource" "flex" {
  count = var.plan.sku == "FC1" ? 1 : 0

  type      = "Microsoft.Web/sites@2024-04-01"
  name      = var.name
  parent_id = var.resource_group.id
  location  = var.location
  tags      = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId              = azurerm_service_plan.this.id
      httpsOnly                 = true
      publicNetworkAccess       = local.public_network_access_enabled ? "Enabled" : "Disabled"
      virtualNetworkSubnetId    = var.subnet_id
      keyVaultReferenceIdentity = var.identity.id
      functionAppConfig = {
        runtime = {
          name    = "python"
          version = var.python_version
        }
        deployment = {
          storage = {
            type  = "blobContainer"
            value = var.host_storage.releases_endpoint
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = var.identity.id
            }
          }
        }
        scaleAndConcurrency = {
          maximumInstanceCount = var.plan.maximum_instances
          instanceMemoryMB     = var.plan.instance_memory_mb
          alwaysReady          = [for name, count in var.plan.always_ready : { name = name, instanceCount = count }]
        }
      }
      siteConfig = {
        appSettings                         = [for name, value in local.settings : { name = name, value = value }]
        minTlsVersion                       = "1.2"
        scmMinTlsVersion                    = "1.2"
        http20Enabled                       = true
        remoteDebuggingEnabled              = false
        ipSecurityRestrictionsDefaultAction = "Deny"
        ipSecurityRestrictions = [
          for index, rule in local.ip_restrictions : {
            name      = rule.name
            action    = "Allow"
            priority  = 100 + index
            tag       = rule.service_tag == null ? "Default" : "ServiceTag"
            ipAddress = coalesce(rule.service_tag, rule.ip_address)
          }
        ]
        scmIpSecurityRestrictionsDefaultAction = "Deny"
        scmIpSecurityRestrictions = [
          for index, rule in local.scm_ip_restrictions : {
            name      = rule.name
            action    = "Allow"
            priority  = 100 + index
            tag       = "Default"
            ipAddress = rule.ip_address
          }
        ]
      }
    }
  }

  response_export_values = []
}

# Every site has these settings from the moment it is made, so they are changed and not created: azapi_resource would stop
# with "Resource already exists". Azure takes one change of a site at a time: each waits for the one before it, sign-in
# first, and tries again where Azure is still busy.
resource "azapi_update_resource" "flex_sign_in" {
  count = var.plan.sku == "FC1" ? 1 : 0

  type      = "Microsoft.Web/sites/config@2024-04-01"
  name      = "authsettingsV2"
  parent_id = azapi_resource.flex[0].id
  retry     = local.site_is_busy

  body = {
    properties = {
      platform = {
        enabled = true
      }
      globalValidation = {
        requireAuthentication       = true
        unauthenticatedClientAction = "RedirectToLoginPage"
        redirectToProvider          = "azureactivedirectory"
        excludedPaths               = local.open_paths
      }
      httpSettings = {
        requireHttps = true
      }
      identityProviders = {
        azureActiveDirectory = {
          enabled = true
          registration = {
            openIdIssuer            = local.sign_in_endpoint
            clientId                = var.sign_in.client_id
            clientSecretSettingName = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
          }
          validation = {
            allowedAudiences = local.allowed_audiences
          }
        }
      }
      login = {
        tokenStore = {
          enabled = false
        }
      }
    }
  }
}

# No publishing by password, only with an Entra token.
resource "azapi_update_resource" "flex_basic_publishing" {
  for_each = var.plan.sku == "FC1" ? toset(["ftp", "scm"]) : toset([])

  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01"
  name      = each.key
  parent_id = azapi_resource.flex[0].id
  retry     = local.site_is_busy

  body = {
    properties = {
      allow = false
    }
  }

  depends_on = [azapi_update_resource.flex_sign_in]
}

locals {
  site_is_busy = {
    error_message_regex = ["Cannot modify this site because another operation is in progress"]
  }
}
