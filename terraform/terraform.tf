terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azapi = {
      source  = "azure/azapi"
      version = "2.12.0"
    }
    azuread = {
      source  = "hashicorp/azuread"
      version = "3.9.0"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "4.81.0"
    }
    databricks = {
      source  = "databricks/databricks"
      version = "1.128.0"
    }
  }

  # Locked by a blob lease, no key: terraform init -backend-config=envs/dev.tfbackend (bootstrap/ makes the account).
  backend "azurerm" {
    use_azuread_auth = true
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true

  # Beside azurerm's own list: Flex Consumption's subnet is delegated to Microsoft.App, which the portal registers and
  # Terraform does not.
  resource_providers_to_register = ["Microsoft.App"]

  features {
    key_vault {
      purge_soft_delete_on_destroy = false
    }
    resource_group {
      prevent_deletion_if_contains_resources = true
    }
    storage {
      # Containers are made through Azure Resource Manager: no run of Terraform needs to reach a private account.
      data_plane_available = false
    }
  }
}

provider "azapi" {
  subscription_id = var.subscription_id
}

provider "azuread" {}

provider "databricks" {
  host                        = module.databricks.workspace.url
  azure_workspace_resource_id = module.databricks.workspace.id
}
