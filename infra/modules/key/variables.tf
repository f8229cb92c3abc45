variable "alias" {
  description = "Alias of the key, e.g. alias/orders-dev. Roles are granted the key by this name."
  type        = string

  validation {
    condition     = can(regex("^alias/[A-Za-z0-9/_-]{1,250}$", var.alias)) && !startswith(var.alias, "alias/aws/")
    error_message = "The alias must begin with alias/, hold letters, digits, /, _ and - only, and not be one of AWS's own."
  }
}

variable "policy" {
  description = "Key policy, JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "The policy must be an IAM policy document as JSON."
  }
}

variable "deletion_window_days" {
  description = "Days between asking for the key's deletion and the deletion: what it encrypted is lost then."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "KMS waits 7 to 30 days."
  }
}
