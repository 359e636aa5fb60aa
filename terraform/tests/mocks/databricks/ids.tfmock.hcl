mock_resource "databricks_job" {
  defaults = {
    id = "1001"
  }
}

mock_resource "databricks_instance_pool" {
  defaults = {
    id = "0101-120000-pool-1"
  }
}

mock_resource "databricks_cluster_policy" {
  defaults = {
    id = "0101POLICY"
  }
}

mock_resource "databricks_notification_destination" {
  defaults = {
    id = "22222222-2222-2222-2222-222222222222"
  }
}

mock_resource "databricks_schema" {
  defaults = {
    id = "nightshift_dev.models"
  }
}

mock_resource "databricks_volume" {
  defaults = {
    id = "nightshift_dev.models.wheels"
  }
}
