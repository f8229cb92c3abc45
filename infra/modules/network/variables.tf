variable "name" {
  description = "What the network and its parts are called."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network: private ones (RFC 1918), /16 to /24."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(cidrhost(var.cidr, 0) == split("/", var.cidr)[0], false)
    error_message = "Give the first address of a block, e.g. 10.20.0.0/20."
  }

  validation {
    condition     = can(regex("^(10\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.)", var.cidr))
    error_message = "Only private addresses (RFC 1918): 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "A network has /16 to /24: smaller ones leave its subnets too few addresses."
  }
}

variable "peers" {
  description = "Address blocks that this network must not overlap, e.g. of other environments."
  type        = list(string)
  default     = []

  validation {
    # Two blocks overlap when the shorter prefix of the two is the same.
    condition = alltrue([
      for peer in var.peers :
      cidrhost("${cidrhost(var.cidr, 0)}/${min(tonumber(split("/", var.cidr)[1]), tonumber(split("/", peer)[1]))}", 0) !=
      cidrhost("${cidrhost(peer, 0)}/${min(tonumber(split("/", var.cidr)[1]), tonumber(split("/", peer)[1]))}", 0)
    ])
    error_message = "The network overlaps one of its peers."
  }
}

variable "zones" {
  description = "Availability zones, two at least."
  type        = list(string)

  validation {
    condition     = length(distinct(var.zones)) >= 2 && length(var.zones) <= 4
    error_message = "Two to four zones: one alone is a single point of failure."
  }
}

variable "account" {
  description = "AWS account whose principals and resources the endpoints serve."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An AWS account has 12 digits."
  }
}

variable "region" {
  description = "Region of the network."
  type        = string
}

variable "interface_services" {
  description = "AWS services reached through an interface endpoint; DynamoDB and S3 have a gateway, which costs nothing."
  type        = set(string)
}

variable "destinations" {
  description = "What functions may reach beside AWS: address block, port and reason by a name of yours."
  type = map(object({
    cidr   = string
    port   = number
    reason = string
  }))
  default = {}

  validation {
    condition     = alltrue([for destination in values(var.destinations) : destination.cidr != "0.0.0.0/0" && length(destination.reason) > 0])
    error_message = "Name each destination and why: the whole internet is none."
  }
}

variable "boundary_arn" {
  description = "Permissions boundary of the role that writes flow logs."
  type        = string
}

variable "log_retention_days" {
  description = "Days that flow logs are kept."
  type        = number
}

variable "key_arn" {
  description = "Key that encrypts the flow logs."
  type        = string
}
