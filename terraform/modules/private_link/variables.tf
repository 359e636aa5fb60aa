variable "resource_group_name" {
  description = "Resource group of the endpoints and zones."
  type        = string
}

variable "location" {
  description = "Azure region."
  type        = string
}

variable "stem" {
  description = "What every name of this environment holds, such as nightshift-dev."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}

variable "subnet_id" {
  description = "Subnet in which the endpoints get their addresses."
  type        = string
}

variable "virtual_network_id" {
  description = "Network whose names resolve to the endpoints."
  type        = string
}

variable "endpoints" {
  description = "The endpoints by name: of which resource, which part of it, the private DNS zones of its names, and whether it is made after the others (a second one of the same workspace)."
  type = map(object({
    resource_id = string
    subresource = string
    zones       = list(string)
    later       = optional(bool, false)
  }))

  validation {
    condition     = alltrue([for endpoint in values(var.endpoints) : length(endpoint.zones) > 0])
    error_message = "endpoints: each needs at least one zone, or its name resolves to the public address. Mend: ${join(", ", [for name, endpoint in var.endpoints : name if length(endpoint.zones) == 0])}."
  }

  validation {
    condition     = alltrue(flatten([for endpoint in values(var.endpoints) : [for zone in endpoint.zones : startswith(zone, "privatelink.")]]))
    error_message = "endpoints: a zone must begin with privatelink., as Azure's own names point there."
  }
}
