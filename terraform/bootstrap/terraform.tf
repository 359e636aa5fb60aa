# The account for Terraform's own state: made once per subscription, before everything else, with a state file on the
# machine that runs it. Losing that file loses nothing: import the account, or leave it alone.
terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "4.81.0"
    }
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true

  features {
    storage {
      data_plane_available = false
    }
  }
}
