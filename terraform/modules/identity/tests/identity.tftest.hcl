# One identity per job.

mock_provider "azurerm" {
  source          = "../../tests/mocks/azurerm"
  override_during = plan
}

variables {
  resource_group_name = "rg-nightshift-dev"
  location            = "westeurope"
  stem                = "nightshift-dev"

}

run "each_job_has_an_identity_of_its_own" {
  command = plan

  assert {
    condition     = jsonencode(keys(output.identities)) == jsonencode(["app", "data", "training"])
    error_message = "an identity is missing or unknown"
  }

  assert {
    condition     = length(distinct([for identity in azurerm_user_assigned_identity.this : identity.name])) == 3
    error_message = "two jobs share an identity"
  }
}
