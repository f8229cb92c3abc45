variable "function" {
  description = "The function, as module function takes it."
  type = object({
    name    = string
    timeout = number
    memory  = number
    bundle  = string
  })
}

variable "settings" {
  description = "What all functions of a deployment share, as module function takes it."
  type = object({
    runtime                 = string
    environment             = map(string)
    boundary_arn            = string
    key_arn                 = string
    log_retention_days      = number
    code_signing_config_arn = optional(string)
  })
}

variable "policies" {
  description = "IAM policy documents as JSON: of the function's role, of who may take it on, of the queue of what is sent later, and of the queue of failures."
  type = object({
    role     = string
    trust    = string
    delay    = string
    failures = string
  })
}

variable "streams" {
  description = "Streams that it reads, by a name of the table's."
  type        = map(string)

  validation {
    condition     = length(var.streams) > 0
    error_message = "A relay without a stream carries nothing."
  }
}

variable "delay_queue" {
  description = "Name of the queue of what is to be sent later."
  type        = string
}

variable "failure_queue" {
  description = "Name of the queue of what could not be carried."
  type        = string
}
