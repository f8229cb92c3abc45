variable "prefix" {
  description = "Prefix of the deployment, `<app>-<environment>`: only what is called so may be made by its pipeline."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9_-]{1,45}$", var.prefix))
    error_message = "Lower-case letters, digits, _ and -, beginning with a letter; 46 at most."
  }
}

variable "environment" {
  description = "Environment of the pipeline: the same word as in `infra/stacks`."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,15}$", var.environment))
    error_message = "1 to 16 lower-case letters and digits, beginning with a letter."
  }
}

variable "account" {
  description = "AWS account of the deployment."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An AWS account has 12 digits."
  }
}

variable "region" {
  description = "Region of the deployment."
  type        = string
}

variable "repository" {
  description = "The repository whose workflow plans and applies: its id (a number, which a new repository of the same name does not get), the beginning of its tokens' subject (`repo:owner/name`, or with ids where GitHub writes them), its name, the workflow's file, and the branch that it is taken from."
  type = object({
    id       = string
    subject  = string
    name     = string
    workflow = string
    branch   = string
  })

  validation {
    condition     = can(regex("^[0-9]+$", var.repository.id))
    error_message = "The repository's id is a number: `gh api repos/<owner>/<name> --jq .id`."
  }

  validation {
    condition     = can(regex("^repo:[^*?:]+/[^*?:]+$", var.repository.subject))
    error_message = "The subject begins with repo:owner/name and holds no wildcard."
  }

  validation {
    condition     = !can(regex("[*?]", "${var.repository.name}${var.repository.workflow}${var.repository.branch}"))
    error_message = "Name, workflow and branch hold no wildcard."
  }
}

variable "boundary" {
  description = "Permissions boundary of every function's role, JSON: policies/boundary.json of the stack."
  type        = string

  validation {
    condition     = can(jsondecode(var.boundary).Statement) && length(replace(var.boundary, "/\\s/", "")) <= 6144
    error_message = "The boundary must be an IAM policy document as JSON, of at most 6,144 characters."
  }
}

variable "oidc_provider_arn" {
  description = "GitHub's identity provider where the account has one already; null makes it."
  type        = string
  default     = null
}

variable "state_readers" {
  description = "Principals, beside the pipeline's two roles, that may read the state: ARNs of administrators' roles. The state is as secret as what it describes."
  type        = list(string)

  validation {
    condition     = length(var.state_readers) > 0
    error_message = "Name an administrator: else nobody can mend the state."
  }
}
