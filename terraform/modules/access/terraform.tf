terraform {
  required_version = ">= 1.11, < 2.0"
  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "3.9.0"
    }
  }
}
