variable "subscription_id" {
  description = "Azure subscription of this environment."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription_id)) && var.subscription_id != "00000000-0000-0000-0000-000000000000"
    error_message = "subscription_id = ${var.subscription_id}: write your subscription's id into envs/${var.environment}.tfvars (az account show --query id)."
  }
}

variable "environment" {
  description = "Which environment: dev, qa or prod."
  type        = string

  validation {
    condition     = contains(["dev", "qa", "prod"], var.environment)
    error_message = "environment = ${var.environment}: use dev, qa or prod, and the tfvars file of that name."
  }
}

variable "name" {
  description = "Name of the platform; every resource's name holds it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{2,9}$", var.name))
    error_message = "name = ${var.name}: use 3 to 10 lower-case letters and digits, beginning with a letter; storage account names have room for no more."
  }
}

variable "location" {
  description = "Azure region, by its short name."
  type        = string

  validation {
    condition = contains([
      "australiaeast", "brazilsouth", "canadacentral", "centralindia", "centralus", "eastasia", "eastus", "eastus2",
      "francecentral", "germanywestcentral", "italynorth", "japaneast", "koreacentral", "northcentralus", "northeurope",
      "norwayeast", "polandcentral", "southafricanorth", "southcentralus", "southeastasia", "spaincentral",
      "swedencentral", "switzerlandnorth", "uaenorth", "uksouth", "ukwest", "westcentralus", "westeurope", "westus",
      "westus2", "westus3",
    ], var.location)
    error_message = "location = ${var.location}: unknown region. Use a short name such as westeurope (az account list-locations -o table); Flex Consumption must be sold there (az functionapp list-flexconsumption-locations -o table)."
  }
}

variable "private" {
  description = "Whether everything is reached through the virtual network only. Without it, services have public addresses for allowed_ip_ranges, still without keys."
  type        = bool
  default     = true

  validation {
    condition     = var.private || var.environment != "prod"
    error_message = "private = false: prod has no public access. Set private = true; to reach it, connect a network to the virtual network (docs/deploy.md, 'Reach a private environment')."
  }
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 addresses and ranges of people and pipelines where private = false."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : can(regex("^[0-9.]+(/[0-9]+)?$", range)) && can(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0))])
    error_message = "allowed_ip_ranges: give IPv4 addresses such as 203.0.113.5, or ranges such as 203.0.113.0/28. Mend: ${join(", ", [for range in var.allowed_ip_ranges : range if !can(regex("^[0-9.]+(/[0-9]+)?$", range)) || !can(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0))])}."
  }

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : !strcontains(range, "/") || try((tonumber(split("/", range)[1]) >= 16 && tonumber(split("/", range)[1]) <= 30) || split("/", range)[1] == "32", true)])
    error_message = "allowed_ip_ranges: a range must be one address or /16 to /30: wider lets strangers in, and storage firewalls refuse /31. Mend: ${join(", ", var.allowed_ip_ranges)}."
  }

  # learn.microsoft.com/azure/storage/common/storage-network-security-limitations: only public addresses.
  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : !can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])
    error_message = "allowed_ip_ranges: storage firewalls refuse private addresses (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16); give the public ones that calls come from. Mend: ${join(", ", [for range in var.allowed_ip_ranges : range if can(regex("^(10|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])}."
  }

  validation {
    condition     = alltrue([for range in var.allowed_ip_ranges : try(cidrhost(range, 0) == split("/", range)[0], true)])
    error_message = "allowed_ip_ranges: a range must begin at its first address. Mend: ${join(", ", [for range in var.allowed_ip_ranges : "${range} (write ${cidrhost(range, 0)}/${split("/", range)[1]}, or the one address)" if try(cidrhost(range, 0) != split("/", range)[0], false)])}."
  }

  validation {
    condition     = !var.private || length(var.allowed_ip_ranges) == 0
    error_message = "allowed_ip_ranges = ${join(", ", var.allowed_ip_ranges)}: a private environment lets no public range in. Empty the list, or set private = false outside of prod."
  }
}

variable "network" {
  description = "IPv4 ranges of the virtual network and its subnets; modules/network checks sizes and overlaps."
  type = object({
    virtual_network    = string
    functions          = string
    private_endpoints  = string
    databricks_public  = string
    databricks_private = string
  })
}

variable "function_plan" {
  description = "Hosting of the app: sku FC1 or EP1, EP2, EP3, how far it scales, what is kept warm."
  type = object({
    sku                = string
    maximum_instances  = number
    instance_memory_mb = number
    always_ready       = map(number)
  })

  # Flex Consumption scales queue triggers one by one; a group (http, durable, blob) keeps none of them ready.
  validation {
    condition = var.environment != "prod" || var.function_plan.sku != "FC1" || alltrue([
      for name in ["durable", "http", "function:on_model_alerts"] : lookup(var.function_plan.always_ready, name, 0) >= 1
    ])
    error_message = "function_plan.always_ready: in prod a bad model must not wait for a cold start. Keep at least one each of durable, http and function:on_model_alerts ready. Given: ${join(", ", keys(var.function_plan.always_ready))}."
  }
}

variable "durable_backend" {
  description = "Backend of Durable Functions: storage, or scheduler (Durable Task Scheduler)."
  type        = string
  default     = "storage"

  validation {
    condition     = contains(["storage", "scheduler"], var.durable_backend)
    error_message = "durable_backend = ${var.durable_backend}: use storage or scheduler."
  }

  validation {
    condition     = var.durable_backend == "storage" || !var.private
    error_message = "durable_backend = scheduler: its address is public here. Use storage in a private environment."
  }
}

variable "service_bus" {
  description = "The namespace: sku Standard or Premium, and messaging units of Premium."
  type = object({
    sku             = string
    messaging_units = number
  })

  validation {
    condition     = var.environment != "prod" || var.service_bus.sku == "Premium"
    error_message = "service_bus.sku = ${var.service_bus.sku}: prod needs Premium, which alone is private and has its own machines."
  }
}

variable "storage_replication" {
  description = "Redundancy of the storage accounts: LRS, ZRS, GRS or GZRS."
  type        = string

  validation {
    condition     = var.environment != "prod" || var.storage_replication != "LRS"
    error_message = "storage_replication = LRS: prod must outlive a building. Use ZRS or GZRS."
  }

  # learn.microsoft.com/azure/reliability/regions-list, of 2025-03-21.
  validation {
    condition     = !contains(["GRS", "GZRS"], var.storage_replication) || !contains(["italynorth", "polandcentral", "spaincentral"], var.location)
    error_message = "storage_replication = ${var.storage_replication}: ${var.location} has no paired region to keep a second copy in. Use ZRS there."
  }

  validation {
    condition     = !contains(["ZRS", "GZRS"], var.storage_replication) || !contains(["northcentralus", "ukwest", "westcentralus", "westus"], var.location)
    error_message = "storage_replication = ${var.storage_replication}: ${var.location} has no zones. Use LRS or GRS there."
  }
}

variable "blob_event_delivery" {
  description = "How blob events come: queue (Service Bus), or push to the app's trigger in a public environment."
  type        = string
  default     = "queue"
}

variable "alert_webhook" {
  description = "Whether Azure Monitor's action groups may post alerts to the app (docs/adr/0020-alert-ingress.md)."
  type        = bool
  default     = false
}

variable "databricks" {
  description = "The workspace: whether its content is deployed, wheel and commit of the training code, pool, the DBU limit of a cluster, and what an account administrator may do by Terraform: attach the metastore (metastore_id), and let people give jobs to the training principal (account_id, run_as_users)."
  type = object({
    metastore_id      = optional(string, "")
    account_id        = optional(string, "")
    run_as_users      = optional(list(string), [])
    deploy_content    = bool
    wheel             = string
    git_commit        = string
    max_dbus_per_hour = number
    pool = object({
      min_idle     = number
      max_capacity = number
      idle_minutes = number
      spot         = bool
    })
  })
}

variable "observability" {
  description = "Logs and alerts: retention, daily limit, who is mailed, thresholds."
  type = object({
    retention_days = number
    daily_quota_gb = number
    on_call_emails = list(string)
    thresholds = object({
      error_rate   = number
      psi          = number
      failed_calls = number
      dead_letters = number
    })
  })
}

variable "budget" {
  description = "Monthly budget of the environment, the clusters' machines included, in the billing currency."
  type = object({
    amount = number
  })
}

variable "public_url" {
  description = "Address under which people reach the app, which pages and notices link to; empty for the app's own host name."
  type        = string
  default     = ""

  validation {
    condition     = var.public_url == "" || startswith(var.public_url, "https://")
    error_message = "public_url = ${var.public_url}: must begin with https://, or be empty."
  }
}

variable "language_model" {
  description = "A language model that may propose plans to the improvement loop; none without an address. See docs/language-model.md."
  type = object({
    url                      = optional(string)
    deployment               = optional(string)
    family                   = optional(string)
    developer_role           = optional(bool)
    temperature              = optional(number)
    reasoning_effort         = optional(string)
    verbosity                = optional(string)
    timeout_seconds          = optional(number)
    tokens_per_day           = optional(number)
    tokens_per_model_and_day = optional(number)
    scope                    = optional(string)
  })
  default = {}
}

variable "notify_urls_version" {
  description = "Version of the Key Vault secret notify-urls; empty as long as nobody is notified. Changing it restarts the app."
  type        = string
  default     = ""

  validation {
    condition     = var.notify_urls_version == "" || can(regex("^[0-9a-f]{32}$", var.notify_urls_version))
    error_message = "notify_urls_version = ${var.notify_urls_version}: give the version's 32 hexadecimal digits (az keyvault secret list-versions), never the secret itself."
  }
}

variable "notify_fallback_urls_version" {
  description = "Version of the Key Vault secret notify-fallback-urls; empty without a second channel. Changing it restarts the app."
  type        = string
  default     = ""

  validation {
    condition     = var.notify_fallback_urls_version == "" || can(regex("^[0-9a-f]{32}$", var.notify_fallback_urls_version))
    error_message = "notify_fallback_urls_version = ${var.notify_fallback_urls_version}: give the version's 32 hexadecimal digits (az keyvault secret list-versions), never the secret itself."
  }
}

variable "keep_history_days" {
  description = "How many days after its end the history of an orchestration is kept; incidents, reviews and the ledger are kept for ever."
  type        = number
}

variable "check_settings" {
  description = "Whether the plan asks Azure for the app's settings and fails where they were changed by hand; `make drift` does."
  type        = bool
  default     = false
}

variable "app_role_members" {
  description = "Entra object ids of who is Reader, Reviewer, Operator and AlertWriter."
  type = object({
    Reader      = list(string)
    Reviewer    = list(string)
    Operator    = list(string)
    AlertWriter = list(string)
  })
}

variable "app_owners" {
  description = "Entra object ids of everybody who applies Terraform: Azure takes the alert webhook from an owner of its registration only. Empty: whoever applies, and then always the same person."
  type        = list(string)
  default     = []
}

variable "deployers" {
  description = "Entra object ids of the delivery pipelines."
  type        = list(string)
  default     = []
}

variable "alert_sources" {
  description = "Entra object ids of machines that put alerts on the queues."
  type        = list(string)
  default     = []
}

variable "data_producers" {
  description = "Entra object ids of who uploads data."
  type        = list(string)
  default     = []
}

variable "tags" {
  description = "Tags of every resource; bills are split by them."
  type        = map(string)

  validation {
    condition     = alltrue([for key in ["owner", "cost_center"] : contains(keys(var.tags), key)])
    error_message = "tags: owner and cost_center must be there, so that a bill finds its owner. Given: ${join(", ", keys(var.tags))}."
  }
}

# The package is built for it (nightshift/delivery/python_version.py), and `make deploy` refuses one that is built for another.
variable "python_version" {
  description = "Version of Python that the function app runs on."
  type        = string
  default     = "3.13"
  nullable    = false

  validation {
    condition     = contains(["3.11", "3.12", "3.13"], var.python_version)
    error_message = "python_version = ${var.python_version}: use 3.11, 3.12 or 3.13, the versions that the project runs on."
  }
}
