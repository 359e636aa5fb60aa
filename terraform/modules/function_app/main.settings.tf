locals {
  # Every setting that nightshift/wiring/settings.py reads in Azure, and the connections that the bindings name. A test compares.
  app_settings = {
    NIGHTSHIFT_ENVIRONMENT                         = var.environment
    NIGHTSHIFT_BLOB_ENDPOINT                       = var.connections.blob_endpoint
    NIGHTSHIFT_TABLE_ENDPOINT                      = var.connections.table_endpoint
    NIGHTSHIFT_EVENTGRID_ENDPOINT                  = var.connections.event_topic_endpoint
    NIGHTSHIFT_MODEL_PREFIX                        = var.connections.model_prefix
    NIGHTSHIFT_MODEL_SPECS                         = "model_specs"
    NIGHTSHIFT_PLATFORM                            = "platform.yaml"
    NIGHTSHIFT_KEEP_HISTORY_DAYS                   = tostring(var.keep_history_days)
    NIGHTSHIFT_RETRY_ATTEMPTS                      = tostring(var.retry.attempts)
    NIGHTSHIFT_RETRY_SECONDS                       = tostring(var.retry.seconds)
    NIGHTSHIFT_PUBLIC_URL                          = var.connections.public_url
    NIGHTSHIFT_LLM_URL                             = var.language_model.url
    NIGHTSHIFT_LLM_MODEL                           = var.language_model.deployment
    NIGHTSHIFT_LLM_FAMILY                          = var.language_model.family
    NIGHTSHIFT_LLM_DEVELOPER_ROLE                  = tostring(var.language_model.developer_role)
    NIGHTSHIFT_LLM_TEMPERATURE                     = var.language_model.temperature == null ? "" : tostring(var.language_model.temperature)
    NIGHTSHIFT_LLM_REASONING_EFFORT                = var.language_model.reasoning_effort
    NIGHTSHIFT_LLM_VERBOSITY                       = var.language_model.verbosity
    NIGHTSHIFT_LLM_TIMEOUT_SECONDS                 = tostring(var.language_model.timeout_seconds)
    NIGHTSHIFT_LLM_TOKENS_PER_DAY                  = tostring(var.language_model.tokens_per_day)
    NIGHTSHIFT_LLM_TOKENS_PER_MODEL_AND_DAY        = tostring(var.language_model.tokens_per_model_and_day)
    NIGHTSHIFT_LLM_SCOPE                           = var.language_model.scope
    NIGHTSHIFT_MLFLOW_URL                          = "${var.connections.databricks_url}/ml"
    NIGHTSHIFT_DATABRICKS_URL                      = var.connections.databricks_url
    DATABRICKS_HOST                                = var.connections.databricks_url
    MLFLOW_TRACKING_URI                            = "databricks"
    MLFLOW_REGISTRY_URI                            = "databricks-uc"
    AZURE_CLIENT_ID                                = var.identity.client_id
    NIGHTSHIFT_SERVICEBUS__fullyQualifiedNamespace = var.connections.service_bus_host
    NIGHTSHIFT_SERVICEBUS__credential              = "managedidentity"
    NIGHTSHIFT_SERVICEBUS__clientId                = var.identity.client_id
  }

  # Without a version in the vault there is no setting: a reference that cannot be read would be an address of nonsense.
  notification_secrets = {
    NIGHTSHIFT_NOTIFY_URLS          = var.notify_urls_secret_uri
    NIGHTSHIFT_NOTIFY_FALLBACK_URLS = var.notify_fallback_urls_secret_uri
  }
  notification_settings = { for name, uri in local.notification_secrets : name => "@Microsoft.KeyVault(SecretUri=${uri})" if uri != "" }

  # What the Functions host itself reads.
  host_settings = {
    # The host's own page at / would stand before ours.
    AzureWebJobsDisableHomepage = "true"
    # Activities and orchestrators share the worker's threads, by default CPUs + 4 of them: eight activities that wait
    # for Databricks would stop every orchestration. A test holds it against the limits in host.json.
    PYTHON_THREADPOOL_THREAD_COUNT            = "32"
    AzureWebJobsStorage__accountName          = var.host_storage.name
    AzureWebJobsStorage__credential           = "managedidentity"
    AzureWebJobsStorage__clientId             = var.identity.client_id
    APPLICATIONINSIGHTS_CONNECTION_STRING     = var.connections.insights_connection_string
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${var.identity.client_id};Authorization=AAD"
    # App Service authentication proves itself with the managed identity instead of a client secret.
    OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID = var.identity.client_id
  }

  # Where telemetry goes is APPLICATIONINSIGHTS_CONNECTION_STRING above. The worker sets OpenTelemetry up before it
  # imports the app (nightshift/wiring/telemetry.py then leaves it alone), and attaches the host's trace to each call.
  telemetry_settings = {
    PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY = "true"
    OTEL_SERVICE_NAME                           = "nightshift"
    OTEL_RESOURCE_ATTRIBUTES                    = "deployment.environment.name=${var.environment}"
    # Two things that the exporter tells and asks Microsoft outside the network.
    APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL = "true"
    APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED  = "true"
    # By the gigabyte, every look at a table is too much; the calls of Databricks and MLflow go through requests.
    OTEL_PYTHON_DISABLED_INSTRUMENTATIONS = "azure_sdk,django,fastapi,flask,psycopg2,urllib,urllib3"
  }

  # host.json names Azure Storage; the scheduler is put over it, so that the package is the same everywhere.
  scheduler_settings = var.durable.backend != "scheduler" ? {} : {
    AzureFunctionsJobHost__extensions__durableTask__storageProvider__type                 = "azureManaged"
    AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName = "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
    AzureFunctionsJobHost__extensions__durableTask__hubName                               = var.durable.task_hub
    DURABLE_TASK_SCHEDULER_CONNECTION_STRING                                              = "Endpoint=${var.durable.endpoint};Authentication=ManagedIdentity;ClientID=${var.identity.client_id}"
  }

  settings = merge(local.app_settings, local.notification_settings, local.host_settings, local.telemetry_settings, local.scheduler_settings)
}
