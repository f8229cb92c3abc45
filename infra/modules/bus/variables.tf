variable "name" {
  description = "Name of the bus."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,256}$", var.name)) && var.name != "default"
    error_message = "EventBridge takes up to 256 letters, digits, _, . and -; the default bus belongs to the account."
  }
}

variable "account" {
  description = "AWS account that the bus is in."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An AWS account has 12 digits."
  }
}

variable "policy" {
  description = "Resource policy of the bus, JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "The policy must be an IAM policy document as JSON."
  }
}

variable "known_types" {
  description = "Event types that a rule waits for; what is none of them is logged as unmatched."
  type        = set(string)
}

variable "archive_days" {
  description = "Days that every event can be replayed from the archive."
  type        = number

  validation {
    condition     = var.archive_days >= 1
    error_message = "An archive without end grows without end: give it at least a day, and a bound."
  }
}

variable "log_retention_days" {
  description = "Days that unmatched events are kept."
  type        = number
}

variable "key_arn" {
  description = "Key that encrypts the bus and the log of unmatched events."
  type        = string
}
