# The smallest environment that does everything: for one team that tries the platform, from one address, without real data.
# Nothing is kept ready, Azure Monitor mails people and calls nobody, one spot machine trains at a time.
subscription_id = "00000000-0000-0000-0000-000000000000"
environment     = "dev"
name            = "nightshift"
location        = "westeurope"

private           = false
allowed_ip_ranges = ["203.0.113.5"]

network = {
  virtual_network    = "10.40.0.0/20"
  functions          = "10.40.0.0/25"
  private_endpoints  = "10.40.0.128/26"
  databricks_public  = "10.40.4.0/24"
  databricks_private = "10.40.5.0/24"
}

function_plan = {
  sku                = "FC1"
  maximum_instances  = 40
  instance_memory_mb = 2048
  always_ready       = {}
}
durable_backend = "storage"

service_bus = {
  sku             = "Standard"
  messaging_units = 1
}
storage_replication = "LRS"
blob_event_delivery = "queue"
alert_webhook       = false

databricks = {
  deploy_content    = true
  wheel             = "nightshift_training-0.1.0-py3-none-any.whl"
  git_commit        = ""
  max_dbus_per_hour = 4
  pool = {
    min_idle     = 0
    max_capacity = 1
    idle_minutes = 15
    spot         = true
  }
}

# The fields are in docs/language-model.md; without an address the planner keeps to its rules.
language_model = {}

observability = {
  retention_days = 30
  daily_quota_gb = 1
  on_call_emails = ["you@example.com"]
  thresholds = {
    error_rate   = 0.05
    psi          = 0.2
    failed_calls = 10
    dead_letters = 0
  }
}

budget = {
  amount = 200
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
