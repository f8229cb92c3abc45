variable "environment" {
  description = "Environment whose account this is: a folder of infra/stacks."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment)) && fileexists("${path.root}/../stacks/${var.environment}/topology.auto.tfvars.json")
    error_message = "There is no such stack, or it was not synthesized: run `pulsequeue synth`."
  }
}

variable "repository" {
  description = "The repository whose workflow plans and applies, as module bootstrap takes it."
  type = object({
    id       = string
    subject  = string
    name     = string
    workflow = string
    branch   = string
  })
}

variable "administrators" {
  description = "ARNs of the roles that, beside the pipeline, may read the state."
  type        = list(string)
}

variable "oidc_provider_arn" {
  description = "GitHub's identity provider where the account has one already; null makes it."
  type        = string
  default     = null
}

variable "subscribers" {
  description = "Who is told of alarms, as module alarm-topic takes it."
  type        = map(object({ protocol = string, endpoint = string }))
}

variable "audit_services" {
  description = "What records the account here: leave out what the organization runs for all its accounts."
  type        = set(string)
  default     = ["cloudtrail", "config", "guardduty"]
}

variable "audit_retention_days" {
  description = "Days that the records are kept."
  type        = number
}
