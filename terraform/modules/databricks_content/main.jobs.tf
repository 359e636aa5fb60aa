locals {
  wheel = "/Volumes/${databricks_catalog.this.name}/${databricks_schema.models.name}/${databricks_volume.wheels.name}/${var.wheel}"
  jobs  = { for job in var.job_definitions : job.name => job }
}

# Databricks takes a job that runs as a principal only from who may use that principal.
resource "databricks_access_control_rule_set" "run_as" {
  count = length(var.run_as_users) > 0 ? 1 : 0

  name = "accounts/${var.account_id}/servicePrincipals/${databricks_service_principal.this["training"].application_id}/ruleSets/default"

  grant_rules {
    principals = var.run_as_users
    role       = "roles/servicePrincipal.user"
  }
}

# The same files that local_host/src/local_host/databricks runs; what is added is what only a workspace knows.
resource "databricks_job" "this" {
  for_each = local.jobs

  name                = each.key
  description         = each.value.description
  tags                = merge(local.tags, each.value.tags)
  timeout_seconds     = each.value.timeout_seconds
  max_concurrent_runs = each.value.max_concurrent_runs

  run_as {
    service_principal_name = databricks_service_principal.this["training"].application_id
  }

  queue {
    enabled = each.value.queue.enabled
  }

  dynamic "parameter" {
    for_each = each.value.parameters
    content {
      name    = parameter.value.name
      default = parameter.value.default
    }
  }

  dynamic "job_cluster" {
    for_each = each.value.job_clusters
    content {
      job_cluster_key = job_cluster.value.job_cluster_key
      new_cluster {
        spark_version      = job_cluster.value.new_cluster.spark_version
        num_workers        = job_cluster.value.new_cluster.num_workers
        data_security_mode = job_cluster.value.new_cluster.data_security_mode
        spark_conf         = job_cluster.value.new_cluster.spark_conf
        custom_tags        = merge(local.tags, job_cluster.value.new_cluster.custom_tags)
        instance_pool_id   = databricks_instance_pool.training.id
        policy_id          = databricks_cluster_policy.training.id
        spark_env_vars = {
          NIGHTSHIFT_MODEL_PREFIX       = "${databricks_catalog.this.name}.${databricks_schema.models.name}."
          NIGHTSHIFT_GIT_COMMIT         = var.git_commit
          NIGHTSHIFT_SERVICE_CREDENTIAL = databricks_credential.data.name
        }
      }
    }
  }

  dynamic "task" {
    for_each = each.value.tasks
    content {
      task_key        = task.value.task_key
      description     = task.value.description
      job_cluster_key = task.value.job_cluster_key
      max_retries     = task.value.max_retries
      timeout_seconds = task.value.timeout_seconds

      dynamic "depends_on" {
        for_each = try(task.value.depends_on, [])
        content {
          task_key = depends_on.value.task_key
        }
      }

      python_wheel_task {
        package_name = task.value.python_wheel_task.package_name
        entry_point  = task.value.python_wheel_task.entry_point
        parameters   = task.value.python_wheel_task.parameters
      }

      library {
        whl = local.wheel
      }
    }
  }

  depends_on = [databricks_access_control_rule_set.run_as]
}

resource "databricks_permissions" "jobs" {
  for_each = databricks_job.this

  job_id = each.value.id

  dynamic "access_control" {
    for_each = [for row in var.permissions : row if row.scope == "jobs"]
    content {
      service_principal_name = databricks_service_principal.this[access_control.value.who].application_id
      permission_level       = access_control.value.level
    }
  }
}

resource "databricks_permissions" "policy" {
  cluster_policy_id = databricks_cluster_policy.training.id

  dynamic "access_control" {
    for_each = [for row in var.permissions : row if row.scope == "policy"]
    content {
      service_principal_name = databricks_service_principal.this[access_control.value.who].application_id
      permission_level       = access_control.value.level
    }
  }
}

resource "databricks_permissions" "pool" {
  instance_pool_id = databricks_instance_pool.training.id

  dynamic "access_control" {
    for_each = [for row in var.permissions : row if row.scope == "pool"]
    content {
      service_principal_name = databricks_service_principal.this[access_control.value.who].application_id
      permission_level       = access_control.value.level
    }
  }
}

resource "databricks_permissions" "experiments" {
  directory_path = databricks_directory.experiments.path

  dynamic "access_control" {
    for_each = [for row in var.permissions : row if row.scope == "experiments"]
    content {
      service_principal_name = databricks_service_principal.this[access_control.value.who].application_id
      permission_level       = access_control.value.level
    }
  }
}
