variable "name" {
  description = "What the vault, the plan and the test are called."
  type        = string
}

variable "account" {
  description = "AWS account of the vault."
  type        = string
}

variable "table_arns" {
  description = "Tables to back up, by a name of yours."
  type        = map(string)

  validation {
    condition     = length(var.table_arns) > 0
    error_message = "A backup plan without a table keeps nothing."
  }
}

variable "retention_days" {
  description = "Days that a backup is kept; nobody can delete it before."
  type        = number

  validation {
    condition     = var.retention_days >= 7 && var.retention_days <= 3650
    error_message = "Keep backups for 7 to 3,650 days."
  }
}

variable "locked_after_days" {
  description = "Days after which not even an administrator can loosen the vault; null keeps the lock removable."
  type        = number
  default     = null

  validation {
    condition     = var.locked_after_days == null ? true : var.locked_after_days >= 3
    error_message = "AWS leaves at least 3 days to change one's mind."
  }
}

variable "copy_vault_arn" {
  description = "Vault in another account or region that takes a copy of each backup; null for none."
  type        = string
  default     = null
}

variable "boundary_arn" {
  description = "Permissions boundary of the role that backs up and restores."
  type        = string
}

variable "key_arn" {
  description = "Key that encrypts the backups."
  type        = string
}
