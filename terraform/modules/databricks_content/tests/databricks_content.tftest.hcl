# Jobs as their files have them, the catalog, and who may what in the workspace.

mock_provider "databricks" {
  source          = "../../tests/mocks/databricks"
  override_during = plan
}

variables {
  environment        = "dev"
  name               = "nightshift"
  tags               = { owner = "mlops", cost_center = "nightshift" }
  service_principals = { app = "11111111-1111-1111-1111-111111111118", training = "11111111-1111-1111-1111-111111111120" }
  storage            = { account_name = "stmock", catalog_container = "catalog", access_connector_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.Databricks/accessConnectors/dbac", managed_identity_id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-mock/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-data" }
  job_definitions = [{
    name        = "nightshift-training"
    description = "Trains."
    tags        = { application = "nightshift", essential = "true" }
    parameters  = [{ name = "model", default = "" }]
    tasks = [
      { task_key = "train", description = "Trains.", job_cluster_key = "training", max_retries = 0, timeout_seconds = 3600, python_wheel_task = { package_name = "nightshift_training", entry_point = "train", parameters = ["--model={{job.parameters.model}}"] } },
      { task_key = "score", description = "Scores.", job_cluster_key = "training", max_retries = 0, timeout_seconds = 1800, depends_on = [{ task_key = "train" }], python_wheel_task = { package_name = "nightshift_training", entry_point = "score", parameters = [] } },
    ]
    job_clusters        = [{ job_cluster_key = "training", new_cluster = { spark_version = "15.4.x-scala2.12", node_type_id = "Standard_D4ds_v5", num_workers = 0, data_security_mode = "SINGLE_USER", spark_conf = { "spark.master" = "local[*]" }, custom_tags = { ResourceClass = "SingleNode" } } }]
    timeout_seconds     = 7200
    max_concurrent_runs = 4
    queue               = { enabled = true }
  }]
  workspace_id      = "1234567890123456"
  wheel             = "nightshift_training-0.1.0-py3-none-any.whl"
  git_commit        = "0123456"
  pool              = { min_idle = 0, max_capacity = 2, idle_minutes = 15, spot = true }
  max_dbus_per_hour = 4
  grants            = [{ who = "app", scope = "schema", privileges = ["USE_SCHEMA", "MANAGE"], reason = "Moves aliases." }, { who = "training", scope = "service_credential", privileges = ["ACCESS"], reason = "Reads datasets." }]
  permissions       = [{ who = "app", scope = "jobs", level = "CAN_MANAGE_RUN", reason = "Starts runs." }, { who = "training", scope = "policy", level = "CAN_USE", reason = "Makes clusters." }, { who = "training", scope = "pool", level = "CAN_ATTACH_TO", reason = "Takes machines." }, { who = "training", scope = "experiments", level = "CAN_EDIT", reason = "Logs runs." }]
}

run "a_job_is_as_its_file_has_it" {
  command = plan

  assert {
    condition     = databricks_job.this["nightshift-training"].timeout_seconds == 7200 && databricks_job.this["nightshift-training"].max_concurrent_runs == 4 && databricks_job.this["nightshift-training"].queue[0].enabled
    error_message = "the job differs from its file, and so from what the tests ran"
  }

  assert {
    condition     = jsonencode([for task in databricks_job.this["nightshift-training"].task : task.task_key]) == jsonencode(["train", "score"])
    error_message = "a task is missing"
  }

  assert {
    condition     = one(databricks_job.this["nightshift-training"].task[1].depends_on[*].task_key) == "train"
    error_message = "scoring does not wait for training"
  }

  assert {
    condition     = alltrue([for task in databricks_job.this["nightshift-training"].task : task.max_retries == 0])
    error_message = "Databricks repeats what the lifecycle repeats itself"
  }

  assert {
    condition     = databricks_job.this["nightshift-training"].task[0].python_wheel_task[0].entry_point == "train" && databricks_job.this["nightshift-training"].task[0].python_wheel_task[0].parameters[0] == "--model={{job.parameters.model}}"
    error_message = "the task runs something else"
  }

  assert {
    condition     = jsonencode(databricks_job.this["nightshift-training"].parameter[*].name) == jsonencode(["model"])
    error_message = "a job parameter is missing"
  }

  assert {
    condition     = one([for library in databricks_job.this["nightshift-training"].task[0].library : library.whl]) == "/Volumes/nightshift_dev/models/wheels/nightshift_training-0.1.0-py3-none-any.whl"
    error_message = "the task has no code"
  }
}

run "a_cluster_is_bounded_and_told_where_it_is" {
  command = plan

  assert {
    condition     = databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].instance_pool_id == databricks_instance_pool.training.id && databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].policy_id == databricks_cluster_policy.training.id
    error_message = "the cluster ignores pool or policy"
  }

  assert {
    condition     = databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].spark_env_vars["NIGHTSHIFT_MODEL_PREFIX"] == "nightshift_dev.models." && databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].spark_env_vars["NIGHTSHIFT_SERVICE_CREDENTIAL"] == "nightshift_dev_data"
    error_message = "training registers elsewhere, or cannot read its data"
  }

  assert {
    condition     = databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].spark_env_vars["NIGHTSHIFT_GIT_COMMIT"] == "0123456"
    error_message = "a run does not say from which code it came"
  }

  assert {
    condition     = databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].custom_tags["cost_center"] == "nightshift" && databricks_job.this["nightshift-training"].job_cluster[0].new_cluster[0].custom_tags["ResourceClass"] == "SingleNode"
    error_message = "the bill finds no owner, or the file's own tags are lost"
  }

  assert {
    condition     = databricks_job.this["nightshift-training"].tags["essential"] == "true"
    error_message = "a budget alert would pause training"
  }

  assert {
    condition     = jsondecode(databricks_cluster_policy.training.definition)["dbus_per_hour"].maxValue == 4
    error_message = "a cluster may cost without limit"
  }

  assert {
    condition     = databricks_instance_pool.training.max_capacity == 2 && databricks_instance_pool.training.node_type_id == "Standard_D4ds_v5"
    error_message = "the pool has other machines than the job asks for"
  }

  assert {
    condition     = databricks_instance_pool.training.azure_attributes[0].availability == "SPOT_AZURE"
    error_message = "dev pays the full price"
  }

  assert {
    condition     = databricks_job.this["nightshift-training"].run_as[0].service_principal_name == "11111111-1111-1111-1111-111111111120"
    error_message = "jobs run as who deployed them"
  }
}

run "nothing_is_tried_out_behind_a_firewall" {
  command = plan

  assert {
    condition     = databricks_storage_credential.catalog.skip_validation && databricks_credential.data.skip_validation && databricks_external_location.catalog.skip_validation
    error_message = "Databricks' control plane tries the storage out, whose firewall keeps it away: the apply stops"
  }
}

run "the_catalog_is_kept_apart" {
  command = plan

  assert {
    condition     = databricks_catalog.this.name == "nightshift_dev" && databricks_catalog.this.isolation_mode == "ISOLATED"
    error_message = "other workspaces see this environment's models"
  }

  assert {
    condition     = !databricks_catalog.this.force_destroy && !databricks_schema.models.force_destroy
    error_message = "models can be destroyed with their schema"
  }

  assert {
    condition     = databricks_credential.data.purpose == "SERVICE" && databricks_credential.data.azure_managed_identity[0].managed_identity_id == var.storage.managed_identity_id
    error_message = "jobs cannot get a token for storage"
  }

  assert {
    condition     = databricks_external_location.catalog.url == "abfss://catalog@stmock.dfs.core.windows.net/"
    error_message = "models lie elsewhere"
  }

  assert {
    condition     = output.model_prefix == "nightshift_dev.models."
    error_message = "the app gets another prefix"
  }
}

run "rights_are_those_of_the_table" {
  command = plan

  assert {
    condition     = databricks_grant.this["app on schema"].schema != null && databricks_grant.this["app on schema"].catalog == null && contains(databricks_grant.this["app on schema"].privileges, "MANAGE")
    error_message = "the app cannot move an alias, or may more than in its schema"
  }

  assert {
    condition     = databricks_grant.this["app on schema"].principal == "11111111-1111-1111-1111-111111111118"
    error_message = "somebody else got the right"
  }

  assert {
    condition     = databricks_grant.this["training on service_credential"].credential == "nightshift_dev_data"
    error_message = "training cannot read its data"
  }

  assert {
    condition     = alltrue([for permissions in databricks_permissions.jobs : one(permissions.access_control).permission_level == "CAN_MANAGE_RUN"])
    error_message = "the app may change jobs, or cannot start them"
  }

  assert {
    condition     = one(databricks_permissions.policy.access_control).permission_level == "CAN_USE" && one(databricks_permissions.pool.access_control).permission_level == "CAN_ATTACH_TO"
    error_message = "clusters cannot be made"
  }
}

run "an_account_administrator_attaches_the_metastore_and_grants_the_principal" {
  command = plan

  variables {
    metastore_id = "44444444-4444-4444-4444-444444444441"
    account_id   = "44444444-4444-4444-4444-444444444442"
    run_as_users = ["users/platform@example.com"]
  }

  assert {
    condition     = databricks_metastore_assignment.this[0].metastore_id == "44444444-4444-4444-4444-444444444441" && databricks_metastore_assignment.this[0].workspace_id == 1234567890123456
    error_message = "the workspace has no Unity Catalog: catalog, registry and grants are refused"
  }

  assert {
    condition     = databricks_access_control_rule_set.run_as[0].name == "accounts/44444444-4444-4444-4444-444444444442/servicePrincipals/11111111-1111-1111-1111-111111111120/ruleSets/default" && one(databricks_access_control_rule_set.run_as[0].grant_rules).role == "roles/servicePrincipal.user"
    error_message = "who applies may not let jobs run as the training principal"
  }
}

run "without_an_account_administrator_both_are_done_by_hand" {
  command = plan

  assert {
    condition     = length(databricks_metastore_assignment.this) == 0 && length(databricks_access_control_rule_set.run_as) == 0
    error_message = "a workspace administrator alone cannot apply"
  }
}

run "a_metastores_name_is_refused" {
  command = plan

  variables {
    metastore_id = "metastore_azure_westeurope"
  }

  expect_failures = [var.metastore_id]
}

run "a_user_without_its_kind_is_refused" {
  command = plan

  variables {
    account_id   = "44444444-4444-4444-4444-444444444442"
    run_as_users = ["platform@example.com"]
  }

  expect_failures = [var.run_as_users]
}

run "a_user_without_the_account_is_refused" {
  command = plan

  variables {
    run_as_users = ["users/platform@example.com"]
  }

  expect_failures = [var.run_as_users]
}

run "databricks_calls_nobody" {
  command = plan

  assert {
    condition     = length(databricks_job.this["nightshift-training"].webhook_notifications) == 0
    error_message = "Databricks calls an app that lets it in nowhere"
  }
}

run "a_job_field_that_would_be_dropped_is_refused" {
  command = plan

  variables {
    job_definitions = [{
      name        = "nightshift-training"
      description = "Trains."
      tags        = { application = "nightshift", essential = "true" }
      parameters  = [{ name = "model", default = "" }]
      tasks = [
        { task_key = "train", description = "Trains.", job_cluster_key = "training", max_retries = 0, timeout_seconds = 3600, python_wheel_task = { package_name = "nightshift_training", entry_point = "train", parameters = ["--model={{job.parameters.model}}"] } },
        { task_key = "score", description = "Scores.", job_cluster_key = "training", max_retries = 0, timeout_seconds = 1800, depends_on = [{ task_key = "train" }], python_wheel_task = { package_name = "nightshift_training", entry_point = "score", parameters = [] } },
      ]
      job_clusters        = [{ job_cluster_key = "training", new_cluster = { spark_version = "15.4.x-scala2.12", node_type_id = "Standard_D4ds_v5", num_workers = 0, data_security_mode = "SINGLE_USER", spark_conf = { "spark.master" = "local[*]" }, custom_tags = { ResourceClass = "SingleNode" } } }]
      timeout_seconds     = 7200
      max_concurrent_runs = 4
      queue               = { enabled = true }
      continuous          = {}
    }]
  }

  expect_failures = [var.job_definitions]
}

run "a_cluster_field_that_would_be_dropped_is_refused" {
  command = plan

  variables {
    job_definitions = [{
      name        = "nightshift-training"
      description = "Trains."
      tags        = { application = "nightshift", essential = "true" }
      parameters  = [{ name = "model", default = "" }]
      tasks = [
        { task_key = "train", description = "Trains.", job_cluster_key = "training", max_retries = 0, timeout_seconds = 3600, python_wheel_task = { package_name = "nightshift_training", entry_point = "train", parameters = ["--model={{job.parameters.model}}"] } },
        { task_key = "score", description = "Scores.", job_cluster_key = "training", max_retries = 0, timeout_seconds = 1800, depends_on = [{ task_key = "train" }], python_wheel_task = { package_name = "nightshift_training", entry_point = "score", parameters = [] } },
      ]
      job_clusters        = [{ job_cluster_key = "training", new_cluster = { spark_version = "15.4.x-scala2.12", node_type_id = "Standard_D4ds_v5", num_workers = 0, data_security_mode = "SINGLE_USER", spark_conf = { "spark.master" = "local[*]" }, custom_tags = { ResourceClass = "SingleNode" }, autoscale = {} } }]
      timeout_seconds     = 7200
      max_concurrent_runs = 4
      queue               = { enabled = true }
    }]
  }

  expect_failures = [var.job_definitions]
}

run "a_wheel_of_another_name_is_refused" {
  command = plan

  variables {
    wheel = "training.whl"
  }

  expect_failures = [var.wheel]
}

run "a_pool_that_is_smaller_than_its_rest_is_refused" {
  command = plan

  variables {
    pool = { min_idle = 3, max_capacity = 2, idle_minutes = 15, spot = true }
  }

  expect_failures = [var.pool]
}

run "all_privileges_are_refused" {
  command = plan

  variables {
    grants = [{ who = "app", scope = "schema", privileges = ["ALL_PRIVILEGES"], reason = "Because." }]
  }

  expect_failures = [var.grants]
}

run "an_unknown_securable_is_refused" {
  command = plan

  variables {
    grants = [{ who = "app", scope = "metastore", privileges = ["CREATE_CATALOG"], reason = "Because." }]
  }

  expect_failures = [var.grants]
}

run "an_unknown_object_is_refused" {
  command = plan

  variables {
    permissions = [{ who = "app", scope = "cluster", level = "CAN_RESTART", reason = "Because." }]
  }

  expect_failures = [var.permissions]
}
