resource "azurerm_linux_function_app" "premium" {
  count = var.plan.sku == "FC1" ? 0 : 1

  name                = var.name
  resource_group_name = var.resource_group.name
  location            = var.location
  service_plan_id     = azurerm_service_plan.this.id
  tags                = var.tags

  storage_account_name          = var.host_storage.name
  storage_uses_managed_identity = true
  # The content share of a Premium plan would need the account's key; the package is run from its blob instead.
  content_share_force_disabled = true

  https_only                                     = true
  public_network_access_enabled                  = local.public_network_access_enabled
  virtual_network_subnet_id                      = var.subnet_id
  key_vault_reference_identity_id                = var.identity.id
  ftp_publish_basic_authentication_enabled       = false
  webdeploy_publish_basic_authentication_enabled = false

  app_settings = merge(local.settings, {
    WEBSITE_RUN_FROM_PACKAGE                     = "${var.host_storage.releases_endpoint}/nightshift.zip"
    WEBSITE_RUN_FROM_PACKAGE_BLOB_MI_RESOURCE_ID = var.identity.id
  })

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity.id]
  }

  site_config {
    minimum_tls_version               = "1.2"
    scm_minimum_tls_version           = "1.2"
    ftps_state                        = "Disabled"
    http2_enabled                     = true
    vnet_route_all_enabled            = true
    health_check_path                 = "/api/health"
    health_check_eviction_time_in_min = 5
    elastic_instance_minimum          = 1
    # Without it a private Premium app does not see its queues grow.
    runtime_scale_monitoring_enabled  = true
    ip_restriction_default_action     = "Deny"
    scm_ip_restriction_default_action = "Deny"

    application_stack {
      python_version = var.python_version
    }

    dynamic "ip_restriction" {
      for_each = local.ip_restrictions
      content {
        name        = ip_restriction.value.name
        action      = "Allow"
        priority    = 100 + ip_restriction.key
        service_tag = ip_restriction.value.service_tag
        ip_address  = ip_restriction.value.ip_address
      }
    }

    dynamic "scm_ip_restriction" {
      for_each = local.scm_ip_restrictions
      content {
        name       = scm_ip_restriction.value.name
        action     = "Allow"
        priority   = 100 + scm_ip_restriction.key
        ip_address = scm_ip_restriction.value.ip_address
      }
    }
  }

  auth_settings_v2 {
    auth_enabled           = true
    require_authentication = true
    unauthenticated_action = "RedirectToLoginPage"
    default_provider       = "azureactivedirectory"
    excluded_paths         = local.open_paths
    require_https          = true

    active_directory_v2 {
      client_id                  = var.sign_in.client_id
      tenant_auth_endpoint       = local.sign_in_endpoint
      client_secret_setting_name = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
      allowed_audiences          = local.allowed_audiences
    }

    login {
      token_store_enabled = false
    }
  }
}
