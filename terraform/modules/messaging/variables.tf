variable "resource_group_name" {
  description = "Resource group of the namespace."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "namespace_name" {
  description = "Name of the namespace; it is part of a public DNS name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]$", var.namespace_name))
    error_message = "namespace_name = ${var.namespace_name}: Service Bus names are 6 to 50 letters, digits and hyphens, beginning with a letter. Shorten name."
  }
}

variable "sku" {
  description = "Standard, or Premium, which alone can be private."
  type        = string

  validation {
    condition     = contains(["Standard", "Premium"], var.sku)
    error_message = "service_bus.sku = ${var.sku}: use Standard or Premium. Basic has no duplicate detection, so an alert that is sent twice would act twice."
  }

  validation {
    condition     = var.sku == "Premium" || var.public_network_access_enabled
    error_message = "service_bus.sku = ${var.sku}: a private environment needs Premium, because only Premium has private endpoints."
  }
}

variable "messaging_units" {
  description = "Messaging units of a Premium namespace."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 2, 4, 8, 16], var.messaging_units)
    error_message = "service_bus.messaging_units = ${var.messaging_units}: Azure sells 1, 2, 4, 8 or 16."
  }
}

variable "public_network_access_enabled" {
  description = "Whether the namespace answers outside the network."
  type        = bool
  default     = false
}

variable "allowed_ip_ranges" {
  description = "Public IPv4 ranges that may call a Premium namespace where public access is on. Standard has no firewall."
  type        = list(string)
  default     = []

  validation {
    condition     = var.sku == "Standard" || !var.public_network_access_enabled || length(var.allowed_ip_ranges) > 0
    error_message = "allowed_ip_ranges is empty: a public Premium namespace without a range would answer everybody, because Azure takes no firewall without a rule. Name a range, or set private = true."
  }
}

variable "queues" {
  description = "The queues, as terraform/service_bus_queues.yml defines them; durations are ISO 8601."
  type = list(object({
    name                         = string
    lock_duration                = optional(string, "PT1M")
    max_delivery_count           = optional(number, 10)
    default_message_ttl          = optional(string)
    duplicate_detection_window   = optional(string)
    dead_lettering_on_expiration = optional(bool, false)
  }))

  validation {
    condition     = length(distinct([for queue in var.queues : lower(queue.name)])) == length(var.queues)
    error_message = "queues: two have one name (case does not count). Mend service_bus_queues.yml: ${join(", ", [for queue in var.queues : queue.name])}."
  }

  validation {
    condition     = alltrue([for queue in var.queues : queue.max_delivery_count >= 1 && queue.max_delivery_count <= 2000])
    error_message = "queues: max_delivery_count must be 1 to 2000. Mend service_bus_queues.yml: ${join(", ", [for queue in var.queues : queue.name if queue.max_delivery_count < 1 || queue.max_delivery_count > 2000])}."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
