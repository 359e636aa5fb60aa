# The fully private environment: no service and no page has a public address, not even for Azure Monitor's webhook (ADR 20):
# alerts that must act come by the queues. It is reached from a network that is peered with it.
subscription_id = "00000000-0000-0000-0000-000000000000"
environment     = "prod"
name            = "nightshift"
location        = "westeurope"

private           = true
allowed_ip_ranges = []

network = {
  virtual_network    = "10.42.0.0/20"
  functions          = "10.42.0.0/25"
  private_endpoints  = "10.42.0.128/26"
  databricks_public  = "10.42.4.0/24"
  databricks_private = "10.42.5.0/24"
}

function_plan = {
  sku                = "FC1"
  maximum_instances  = 100
  instance_memory_mb = 2048
  always_ready       = { durable = 1, http = 1, "function:on_model_alerts" = 1 }
}
durable_backend = "storage"

service_bus = {
  sku             = "Premium"
  messaging_units = 1
}
storage_replication = "GZRS"
blob_event_delivery = "queue"
alert_webhook       = false

databricks = {
  deploy_content    = true
  wheel             = "nightshift_training-0.1.0-py3-none-any.whl"
  git_commit        = ""
  max_dbus_per_hour = 8
  pool = {
    min_idle     = 0
    max_capacity = 8
    idle_minutes = 15
    spot         = false
  }
}

# The fields are in docs/language-model.md; without an address the planner keeps to its rules.
language_model = {}

observability = {
  retention_days = 365
  daily_quota_gb = 5
  on_call_emails = ["on-call@example.com"]
  thresholds = {
    error_rate   = 0.05
    psi          = 0.2
    failed_calls = 10
    dead_letters = 0
  }
}

budget = {
  amount = 3000
}

public_url                   = ""
notify_urls_version          = ""
notify_fallback_urls_version = ""
keep_history_days            = 30

app_role_members = {
  Reader      = []
  Reviewer    = []
  Operator    = []
  AlertWriter = []
}
app_owners     = []
deployers      = []
alert_sources  = []
data_producers = []

tags = {
  owner       = "mlops"
  cost_center = "nightshift"
}
