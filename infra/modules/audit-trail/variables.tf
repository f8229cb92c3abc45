variable "name" {
  description = "What the trail and its bucket are called; bucket names are taken once in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{2,50}$", var.name))
    error_message = "3 to 51 lower-case letters, digits and -."
  }
}

variable "account" {
  description = "AWS account that is watched."
  type        = string
}

variable "region" {
  description = "Region of the trail."
  type        = string
}

variable "data_tables" {
  description = "DynamoDB tables whose every read and write is recorded: ARN prefixes."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.data_tables : can(regex("^arn:[a-z-]+:dynamodb:", arn))])
    error_message = "Give ARNs of tables."
  }
}

variable "retention_days" {
  description = "Days that the records are kept; nobody can delete them before."
  type        = number

  validation {
    condition     = var.retention_days >= 90
    error_message = "Intrusions are found after months: keep 90 days at least."
  }
}

variable "services" {
  description = "What runs here: leave out what the organization runs for all its accounts."
  type        = set(string)
  default     = ["cloudtrail", "config", "guardduty"]

  validation {
    condition     = length(setsubtract(var.services, ["cloudtrail", "config", "guardduty"])) == 0
    error_message = "Choose from cloudtrail, config and guardduty."
  }
}

variable "findings_topic_arn" {
  description = "SNS topic that GuardDuty's findings go to."
  type        = string
}
