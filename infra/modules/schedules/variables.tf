variable "group" {
  description = "Name of the schedule group, for the ticker and for what is sent later."
  type        = string
}

variable "role" {
  description = "The role with which schedules act: its name, what it may do, who may take it on, and its boundary."
  type = object({
    name         = string
    policy       = string
    trust        = string
    boundary_arn = string
  })

  validation {
    condition     = can(jsondecode(var.role.policy).Statement) && can(jsondecode(var.role.trust).Statement)
    error_message = "Each policy must be an IAM policy document as JSON."
  }
}

variable "ticker" {
  description = "The function that is started every minute: its name, and the ARN that is invoked."
  type = object({
    name = string
    arn  = string
  })
}

variable "failure_queue_arn" {
  description = "Queue of starts that did not succeed."
  type        = string
}

variable "key_arn" {
  description = "Key that encrypts the schedule."
  type        = string
}
