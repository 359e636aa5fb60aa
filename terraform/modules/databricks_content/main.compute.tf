locals {
  node_type_id = distinct(flatten([
    for job in var.job_definitions : [for cluster in job.job_clusters : cluster.new_cluster.node_type_id]
  ]))[0]
  tags = merge(var.tags, { application = "nightshift", environment = var.environment })
}

resource "databricks_instance_pool" "training" {
  instance_pool_name                    = "${var.name}-${var.environment}-training"
  node_type_id                          = local.node_type_id
  min_idle_instances                    = var.pool.min_idle
  max_capacity                          = var.pool.max_capacity
  idle_instance_autotermination_minutes = var.pool.idle_minutes
  custom_tags                           = local.tags
  preloaded_spark_versions = distinct(flatten([
    for job in var.job_definitions : [for cluster in job.job_clusters : cluster.new_cluster.spark_version]
  ]))

  azure_attributes {
    availability       = var.pool.spot ? "SPOT_AZURE" : "ON_DEMAND_AZURE"
    spot_bid_max_price = var.pool.spot ? -1 : null
  }
}

resource "databricks_cluster_policy" "training" {
  name = "${var.name}-${var.environment}-training"
  definition = jsonencode({
    cluster_type              = { type = "fixed", value = "job" }
    instance_pool_id          = { type = "fixed", value = databricks_instance_pool.training.id }
    data_security_mode        = { type = "fixed", value = "SINGLE_USER" }
    num_workers               = { type = "range", maxValue = 2 }
    dbus_per_hour             = { type = "range", maxValue = var.max_dbus_per_hour }
    "custom_tags.application" = { type = "fixed", value = "nightshift" }
    "custom_tags.environment" = { type = "fixed", value = var.environment }
  })
}

# The app and the jobs keep a model's MLflow experiment here (nightshift/domain/platform/names.py).
resource "databricks_directory" "experiments" {
  path = "/Shared/nightshift"
}
