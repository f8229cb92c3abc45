variable "name" {
  description = "Name of the dashboard."
  type        = string
}

variable "alarms" {
  description = "Alarms by name: each goes off when its statistic is above the threshold for so many periods."
  type = map(object({
    name        = string
    description = string
    namespace   = string
    metric      = string
    dimensions  = map(string)
    statistic   = string
    period      = number
    periods     = number
    threshold   = number
  }))

  validation {
    condition     = length(var.alarms) > 0
    error_message = "A deployment without an alarm fails in silence."
  }

  validation {
    condition     = alltrue([for alarm in values(var.alarms) : strcontains(alarm.description, "docs/runbooks/")])
    error_message = "An alarm names its runbook."
  }
}

variable "topic_arn" {
  description = "SNS topic that alarms go to."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.topic_arn))
    error_message = "Give the ARN of an SNS topic."
  }
}

variable "dashboard" {
  description = "Body of the dashboard, JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.dashboard).widgets)
    error_message = "The dashboard's body must be JSON with widgets."
  }
}
