variable "function" {
  description = "The function: its name, seconds it may run, MiB of memory, and path of its bundle (zip)."
  type = object({
    name    = string
    timeout = number
    memory  = number
    bundle  = string
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function.name))
    error_message = "Lambda takes up to 64 letters, digits, _ and -."
  }

  validation {
    condition     = var.function.timeout >= 1 && var.function.timeout <= 900
    error_message = "Lambda runs 1 to 900 seconds."
  }

  validation {
    condition     = var.function.memory >= 128 && var.function.memory <= 10240
    error_message = "Lambda takes 128 to 10,240 MiB."
  }
}

variable "settings" {
  description = "What all functions of a deployment share. `environment` is public: it holds names, never a secret."
  type = object({
    runtime                 = string
    environment             = map(string)
    boundary_arn            = string
    key_arn                 = string
    log_retention_days      = number
    code_signing_config_arn = optional(string)
  })

  validation {
    # From AWS's list of runtimes, read 2026-11: nodejs22.x is supported until 2027-04-30, nodejs24.x until 2028-04-30.
    condition     = contains(["nodejs22.x", "nodejs24.x"], var.settings.runtime)
    error_message = "The runtime must be one that AWS supports: nodejs22.x or nodejs24.x."
  }

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:policy/.+$", var.settings.boundary_arn))
    error_message = "Every role needs a permissions boundary: the ARN of a policy."
  }

  validation {
    condition     = alltrue([for name in keys(var.settings.environment) : !can(regex("(?i)secret|password|token|credential|api_?key", name))])
    error_message = "No secret in a function's environment: declare it, and the function asks Secrets Manager."
  }
}

variable "policies" {
  description = "What the function's role may do, and who may take it on: two IAM policy documents as JSON."
  type = object({
    role  = string
    trust = string
  })

  validation {
    condition     = alltrue([for policy in values(var.policies) : can(jsondecode(policy).Statement)])
    error_message = "Each policy must be an IAM policy document as JSON."
  }

  validation {
    condition     = length(replace(var.policies.role, "/\\s/", "")) <= 10240
    error_message = "A role's inline policies take 10,240 characters."
  }
}

variable "network" {
  description = "Private subnets and security groups of a function that must reach something in a VPC; null for every other: it needs none to call AWS."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    policy             = string
  })
  default = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) >= 2
    error_message = "Two subnets at least, in two zones."
  }
}

variable "reserved_concurrency" {
  description = "Instances that are the function's alone, and its most; null for what the account has left."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null ? true : var.reserved_concurrency >= 0
    error_message = "0 or more; 0 stops the function."
  }
}
