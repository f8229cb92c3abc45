variable "name" {
  description = "Name of the table."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{3,255}$", var.name))
    error_message = "DynamoDB takes 3 to 255 letters, digits, _, . and -."
  }
}

variable "indexes" {
  description = "Secondary indexes by name: their partition and sort attributes with their types. They hold keys only; what they find is read from the table."
  type = map(object({
    hash       = string
    hash_type  = string
    range      = string
    range_type = string
  }))
  default = {}

  validation {
    condition     = alltrue([for index in values(var.indexes) : contains(["S", "N"], index.hash_type) && contains(["S", "N"], index.range_type)])
    error_message = "An attribute's type is S or N."
  }

  validation {
    condition     = length(var.indexes) <= 20
    error_message = "DynamoDB takes 20 secondary indexes."
  }
}

variable "stream" {
  description = "Whether changes are streamed."
  type        = bool
  default     = false
}

variable "ttl" {
  description = "Attribute with the time (seconds since 1970) after which an item is removed; null where items have none."
  type        = string
  default     = null
}

variable "policy" {
  description = "Resource policy of the table, JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "The policy must be an IAM policy document as JSON."
  }
}

variable "key_arn" {
  description = "Key that encrypts the table."
  type        = string
}

variable "recovery_days" {
  description = "Days that the table can be restored to any second of."
  type        = number

  validation {
    condition     = var.recovery_days >= 1 && var.recovery_days <= 35
    error_message = "DynamoDB keeps 1 to 35 days."
  }
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted."
  type        = bool
}
