# Premium is the tier with Unity Catalog, private endpoints and cluster policies.
resource "azurerm_databricks_workspace" "this" {
  #checkov:skip=CKV2_AZURE_48: Its own storage is encrypted with Microsoft's keys, twice; for keys of one's own see .checkov.yaml.
  name                                  = "dbw-${var.stem}"
  resource_group_name                   = var.resource_group_name
  managed_resource_group_name           = "rg-${var.stem}-databricks"
  location                              = var.location
  sku                                   = "premium"
  infrastructure_encryption_enabled     = true
  public_network_access_enabled         = !var.private
  network_security_group_rules_required = var.private ? "NoAzureDatabricksRules" : "AllRules"
  tags                                  = var.tags

  # The workspace's own storage holds the artifacts of runs. Its firewall lets in the connector and private endpoints.
  default_storage_firewall_enabled = var.private ? true : null
  access_connector_id              = var.private ? azurerm_databricks_access_connector.this.id : null

  custom_parameters {
    storage_account_name                                 = var.storage_account_name
    no_public_ip                                         = true
    virtual_network_id                                   = var.network.virtual_network_id
    public_subnet_name                                   = var.network.public_subnet_name
    private_subnet_name                                  = var.network.private_subnet_name
    public_subnet_network_security_group_association_id  = var.network.public_security_association_id
    private_subnet_network_security_group_association_id = var.network.private_security_association_id
  }

  # MLflow's experiments and runs live here.
  lifecycle {
    prevent_destroy = true
  }
}

resource "azurerm_databricks_access_connector" "this" {
  name                = "dbac-${var.stem}"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.data_identity_id]
  }
}
