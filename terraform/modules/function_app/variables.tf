variable "name" {
  description = "Name of the function app; it is part of a public DNS name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "function app = ${var.name}: use 3 to 32 lower-case letters, digits and hyphens; the host cuts its own id at 32, and two cut ids collide. Shorten name."
  }
}

variable "resource_group" {
  description = "Resource group of the app."
  type = object({
    id   = string
    name = string
  })
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "environment" {
  description = "dev, qa or prod; the app shows it."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}

variable "plan" {
  description = "Hosting: sku FC1 (Flex Consumption) or EP1, EP2, EP3 (Premium); how far it scales; what is kept warm."
  type = object({
    sku                = string
    maximum_instances  = number
    instance_memory_mb = number
    always_ready       = map(number)
  })

  validation {
    condition     = contains(["FC1", "EP1", "EP2", "EP3"], var.plan.sku)
    error_message = "function_plan.sku = ${var.plan.sku}: use FC1 (Flex Consumption) or EP1, EP2, EP3 (Premium). Y1 has no virtual network; B1 and its like do not scale with the queues."
  }

  validation {
    condition     = contains([512, 2048, 4096], var.plan.instance_memory_mb)
    error_message = "function_plan.instance_memory_mb = ${var.plan.instance_memory_mb}: Flex Consumption has 512, 2048 and 4096."
  }

  validation {
    condition     = var.plan.sku == "FC1" ? var.plan.maximum_instances >= 40 && var.plan.maximum_instances <= 1000 : var.plan.maximum_instances >= 1 && var.plan.maximum_instances <= 100
    error_message = "function_plan.maximum_instances = ${var.plan.maximum_instances}: Flex Consumption takes 40 to 1000, Premium 1 to 100."
  }

  validation {
    condition     = alltrue([for name, count in var.plan.always_ready : contains(["http", "durable", "blob"], name) || startswith(name, "function:")])
    error_message = "function_plan.always_ready: name a group (http, durable, blob) or function:NAME, as each queue trigger scales by itself. Mend: ${join(", ", keys(var.plan.always_ready))}."
  }
}

variable "subnet_id" {
  description = "Delegated subnet that the app calls out of."
  type        = string
}

variable "identity" {
  description = "The app's managed identity."
  type = object({
    id        = string
    client_id = string
  })
}

variable "host_storage" {
  description = "Account of the Functions host, and where its packages lie."
  type = object({
    name              = string
    releases_endpoint = string
  })
}

variable "private" {
  description = "Whether the app is reached by its private endpoint only."
  type        = bool
  default     = true
}

variable "alert_webhook" {
  description = "Whether Azure Monitor's action groups may call in; opens the app to that one service tag."
  type        = bool
  default     = false
}

variable "push_events" {
  description = "Whether Event Grid pushes blob events to the app."
  type        = bool
  default     = false
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 ranges that may call a public app."
  type        = list(string)
  default     = []
}

variable "sign_in" {
  description = "The app registration behind App Service authentication."
  type = object({
    tenant_id      = string
    client_id      = string
    identifier_uri = string
  })
}

variable "connections" {
  description = "Addresses of what the app works with."
  type = object({
    blob_endpoint              = string
    table_endpoint             = string
    event_topic_endpoint       = string
    service_bus_host           = string
    databricks_url             = string
    model_prefix               = string
    insights_connection_string = string
    public_url                 = string
  })
}

variable "notify_urls_secret_uri" {
  description = "Key Vault address, with version, of the notification addresses; empty where the app notifies nobody."
  type        = string
  default     = ""

  # A pinned version: a rotation is a new version here, and the changed setting restarts the app with it.
  validation {
    condition     = var.notify_urls_secret_uri == "" || can(regex("^https://[a-z0-9-]+\\.vault\\.azure\\.net/secrets/[A-Za-z0-9-]+/[0-9a-f]{32}$", var.notify_urls_secret_uri))
    error_message = "notify_urls_secret_uri must end in a secret's version (32 hexadecimal digits; az keyvault secret show --query id), so that a rotation restarts the app."
  }
}

variable "notify_fallback_urls_secret_uri" {
  description = "Key Vault address, with version, of the addresses that get a page if the first ones do not take it; empty without a second channel."
  type        = string
  default     = ""

  validation {
    condition     = var.notify_fallback_urls_secret_uri == "" || can(regex("^https://[a-z0-9-]+\\.vault\\.azure\\.net/secrets/[A-Za-z0-9-]+/[0-9a-f]{32}$", var.notify_fallback_urls_secret_uri))
    error_message = "notify_fallback_urls_secret_uri must end in a secret's version (32 hexadecimal digits; az keyvault secret show --query id), so that a rotation restarts the app."
  }
}

variable "keep_history_days" {
  description = "How many days after its end the history of an orchestration is kept; incidents, reviews and the ledger are kept for ever."
  type        = number
  default     = 30
  validation {
    condition     = var.keep_history_days >= 1
    error_message = "keep_history_days must be at least 1."
  }
}

variable "retry" {
  description = "How often, and with which pause in seconds, a step tries an outside system again."
  type = object({
    attempts = number
    seconds  = number
  })
  default = {
    attempts = 20
    seconds  = 15
  }
}

variable "language_model" {
  description = "A language model that may propose plans to the improvement loop; none without an address. The app's identity needs the role Cognitive Services OpenAI User on it."
  type = object({
    url                      = optional(string, "")
    deployment               = optional(string, "")
    family                   = optional(string, "")
    developer_role           = optional(bool, false)
    temperature              = optional(number)
    reasoning_effort         = optional(string, "")
    verbosity                = optional(string, "")
    timeout_seconds          = optional(number, 60)
    tokens_per_day           = optional(number, 1000000)
    tokens_per_model_and_day = optional(number, 200000)
    scope                    = optional(string, "https://cognitiveservices.azure.com/.default")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.language_model.url == "" || var.language_model.deployment != ""
    error_message = "language_model.deployment must name the deployment at language_model.url."
  }

  validation {
    condition     = var.language_model.url == "" || can(regex("^https://[^@?#\\s]+/v1/?$", var.language_model.url))
    error_message = "language_model.url must begin with https:// and end with /v1, such as https://NAME.openai.azure.com/openai/v1/."
  }

  validation {
    condition     = contains(["", "gpt4", "gpt5", "gpt5_1", "gpt5_2", "gpt5_chat", "o_series"], var.language_model.family)
    error_message = "language_model.family must be gpt4, gpt5, gpt5_1, gpt5_2, gpt5_chat or o_series, or empty where the deployment's name says it."
  }

  validation {
    condition     = contains(["", "default", "none", "minimal", "low", "medium", "high", "xhigh"], var.language_model.reasoning_effort)
    error_message = "language_model.reasoning_effort must be default, none, minimal, low, medium, high or xhigh, or empty."
  }

  validation {
    condition     = contains(["", "default", "low", "medium", "high"], var.language_model.verbosity)
    error_message = "language_model.verbosity must be default, low, medium or high, or empty."
  }

  validation {
    condition     = var.language_model.temperature == null ? true : var.language_model.temperature >= 0 && var.language_model.temperature <= 2
    error_message = "language_model.temperature must lie from 0 to 2."
  }

  validation {
    condition     = var.language_model.timeout_seconds >= 1 && var.language_model.timeout_seconds <= 120
    error_message = "language_model.timeout_seconds must lie from 1 to 120."
  }

  validation {
    condition     = alltrue([for tokens in [var.language_model.tokens_per_day, var.language_model.tokens_per_model_and_day] : tokens >= 1 && tokens <= 1000000000 && floor(tokens) == tokens])
    error_message = "language_model.tokens_per_day and tokens_per_model_and_day must be whole numbers from 1 to 1000000000."
  }

  validation {
    condition     = can(regex("^(https|api)://.+/\\.default$", var.language_model.scope))
    error_message = "language_model.scope must be an audience with /.default behind it."
  }
}

variable "check_settings" {
  description = "Whether the plan asks Azure for the settings of an app that exists, and fails where they differ. For the drift plan."
  type        = bool
  default     = false
}

variable "durable" {
  description = "Backend of Durable Functions: Azure Storage, or the Durable Task Scheduler."
  type = object({
    backend  = string
    endpoint = optional(string, "")
    task_hub = optional(string, "")
  })
  default = {
    backend = "storage"
  }

  validation {
    condition     = contains(["storage", "scheduler"], var.durable.backend)
    error_message = "durable_backend = ${var.durable.backend}: use storage (the host's account) or scheduler (Durable Task Scheduler)."
  }
}

variable "python_version" {
  description = "Version of Python that the app runs on."
  type        = string
}
