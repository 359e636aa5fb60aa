variable "resource_group_name" {
  description = "Resource group of the network."
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

variable "private" {
  description = "Whether what leaves the clusters' subnets is limited; Databricks writes its own rules otherwise."
  type        = bool
  default     = true
}

variable "cidrs" {
  description = "IPv4 ranges: of the virtual network, and of its four subnets."
  type = object({
    virtual_network    = string
    functions          = string
    private_endpoints  = string
    databricks_public  = string
    databricks_private = string
  })

  validation {
    condition     = alltrue([for cidr in values(var.cidrs) : can(cidrhost(cidr, 0)) && can(regex("^[0-9.]+/[0-9]+$", cidr))])
    error_message = "network: every value must be an IPv4 range such as 10.40.0.0/24. Mend: ${join(", ", [for key, cidr in var.cidrs : "${key} = ${cidr}" if !can(cidrhost(cidr, 0)) || !can(regex("^[0-9.]+/[0-9]+$", cidr))])}."
  }

  # Flex Consumption takes one address per instance and some for upgrades; Azure keeps five of each subnet.
  validation {
    condition     = try(tonumber(split("/", var.cidrs.functions)[1]) <= 26, true)
    error_message = "network.functions = ${var.cidrs.functions} is too small: the function app scales out in it. Give it /26 or larger."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidrs.private_endpoints)[1]) <= 27, true)
    error_message = "network.private_endpoints = ${var.cidrs.private_endpoints} is too small: up to 20 endpoints and Azure's five addresses lie in it. Give it /27 or larger."
  }

  validation {
    condition = alltrue([
      for cidr in [var.cidrs.databricks_public, var.cidrs.databricks_private] : try(tonumber(split("/", cidr)[1]) <= 26, true)
    ])
    error_message = "network.databricks_public = ${var.cidrs.databricks_public}, network.databricks_private = ${var.cidrs.databricks_private}: Databricks refuses subnets smaller than /26. Give both /26 or larger."
  }

  # Databricks counts one address per node in each of its subnets.
  validation {
    condition     = try(split("/", var.cidrs.databricks_public)[1] == split("/", var.cidrs.databricks_private)[1], true)
    error_message = "network.databricks_public = ${var.cidrs.databricks_public} and network.databricks_private = ${var.cidrs.databricks_private}: every node takes an address of each, so give both the same size."
  }

  # Of two ranges that share an address, one holds the other: cut the longer prefix to the shorter one and compare.
  validation {
    condition = length([
      for pair in setproduct(
        [for key, cidr in var.cidrs : key if key != "virtual_network"],
        [for key, cidr in var.cidrs : key if key != "virtual_network"],
      ) : pair
      if pair[0] != pair[1] && try(
        cidrhost("${split("/", var.cidrs[pair[0]])[0]}/${min([for side in pair : tonumber(split("/", var.cidrs[side])[1])]...)}", 0) ==
        cidrhost("${split("/", var.cidrs[pair[1]])[0]}/${min([for side in pair : tonumber(split("/", var.cidrs[side])[1])]...)}", 0),
        false,
      )
    ]) == 0
    error_message = "network: two subnets overlap. Give each a range of its own: ${join(", ", [for key, cidr in var.cidrs : "${key} = ${cidr}" if key != "virtual_network"])}."
  }

  validation {
    condition = alltrue([
      for key, cidr in var.cidrs : try(
        tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.cidrs.virtual_network)[1]) &&
        cidrhost("${split("/", cidr)[0]}/${split("/", var.cidrs.virtual_network)[1]}", 0) == cidrhost(var.cidrs.virtual_network, 0),
        true,
      )
    ])
    error_message = "network: every subnet must lie in virtual_network = ${var.cidrs.virtual_network}. Mend: ${join(", ", [for key, cidr in var.cidrs : "${key} = ${cidr}" if key != "virtual_network"])}."
  }
}

variable "functions_delegation" {
  description = "The service that the function app's subnet is delegated to; it depends on the hosting plan."
  type        = string

  validation {
    condition     = contains(["Microsoft.App/environments", "Microsoft.Web/serverFarms"], var.functions_delegation)
    error_message = "functions_delegation = ${var.functions_delegation}: use Microsoft.App/environments (Flex Consumption) or Microsoft.Web/serverFarms (Premium)."
  }
}
