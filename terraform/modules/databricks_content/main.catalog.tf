locals {
  catalog = "${var.name}_${var.environment}"
}

# Without a metastore there is no Unity Catalog. Attaching one needs a metastore administrator.
resource "databricks_metastore_assignment" "this" {
  count = var.metastore_id == "" ? 0 : 1

  workspace_id = var.workspace_id
  metastore_id = var.metastore_id
}

resource "databricks_service_principal" "this" {
  for_each = var.service_principals

  application_id = each.value
  display_name   = "${var.name}-${var.environment}-${each.key}"
}

# Nothing here is tried out from Databricks' control plane: the account has a firewall in every environment. The first
# job shows that it works.
resource "databricks_storage_credential" "catalog" {
  name            = "${local.catalog}_catalog"
  comment         = "Managed storage of the catalog."
  skip_validation = true

  azure_managed_identity {
    access_connector_id = var.storage.access_connector_id
    managed_identity_id = var.storage.managed_identity_id
  }

  depends_on = [databricks_metastore_assignment.this]
}

# Jobs read datasets and write reports with this one: NIGHTSHIFT_SERVICE_CREDENTIAL.
resource "databricks_credential" "data" {
  name            = "${local.catalog}_data"
  comment         = "Uploads, datasets and evidence, for the jobs."
  purpose         = "SERVICE"
  skip_validation = true

  azure_managed_identity {
    access_connector_id = var.storage.access_connector_id
    managed_identity_id = var.storage.managed_identity_id
  }

  depends_on = [databricks_metastore_assignment.this]
}

resource "databricks_external_location" "catalog" {
  name            = "${local.catalog}_catalog"
  url             = "abfss://${var.storage.catalog_container}@${var.storage.account_name}.dfs.core.windows.net/"
  credential_name = databricks_storage_credential.catalog.name
  comment         = "Managed storage of the catalog."
  skip_validation = true
}

resource "databricks_catalog" "this" {
  name           = local.catalog
  comment        = "Models and code of ${var.name} in ${var.environment}."
  storage_root   = databricks_external_location.catalog.url
  isolation_mode = "ISOLATED"
  force_destroy  = false

  # The registry: every version of every model.
  lifecycle {
    prevent_destroy = true
  }
}

resource "databricks_schema" "models" {
  catalog_name  = databricks_catalog.this.name
  name          = "models"
  comment       = "Registered models; champion and challenger are aliases."
  force_destroy = false

  lifecycle {
    prevent_destroy = true
  }
}

resource "databricks_volume" "wheels" {
  catalog_name = databricks_catalog.this.name
  schema_name  = databricks_schema.models.name
  name         = "wheels"
  volume_type  = "MANAGED"
  comment      = "Training code, one wheel per version."
}

resource "databricks_grant" "this" {
  for_each = { for row in var.grants : "${row.who} on ${row.scope}" => row }

  principal  = var.service_principals[each.value.who]
  privileges = each.value.privileges
  catalog    = each.value.scope == "catalog" ? databricks_catalog.this.name : null
  schema     = each.value.scope == "schema" ? databricks_schema.models.id : null
  volume     = each.value.scope == "wheels" ? databricks_volume.wheels.id : null
  credential = each.value.scope == "service_credential" ? databricks_credential.data.name : null

  depends_on = [databricks_service_principal.this]
}
