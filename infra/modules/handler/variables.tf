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

variable "queue" {
  description = "The queue that feeds the function, with the names of it and of its dead-letter queue; seconds, messages, and functions at once."
  type = object({
    name               = string
    dead_letter_queue  = string
    visibility_timeout = number
    max_receives       = number
    batch_size         = number
    batch_window       = number
    concurrency        = number
  })

  validation {
    condition     = var.queue.visibility_timeout >= 6 * var.function.timeout
    error_message = "A message must stay hidden for six times the function's timeout: else it is received again while it is handled."
  }

  validation {
    condition     = var.queue.batch_size >= 1 && var.queue.batch_size <= (endswith(var.queue.name, ".fifo") || var.queue.batch_window == 0 ? 10 : 10000)
    error_message = "A batch holds 1 to 10 messages; more only with a window, and never from a FIFO queue."
  }

  validation {
    condition     = var.queue.concurrency >= 2 && var.queue.concurrency <= 1000
    error_message = "One queue starts 2 to 1,000 functions at once."
  }

  validation {
    condition     = var.queue.max_receives >= 5
    error_message = "A message that waits for a free function is received as well: below 5 that alone makes dead letters."
  }

  validation {
    condition     = endswith(var.queue.name, ".fifo") == endswith(var.queue.dead_letter_queue, ".fifo")
    error_message = "A FIFO queue's dead-letter queue is one too."
  }
}

variable "rule" {
  description = "The rule that feeds the queue from the bus; null where the relay does."
  type = object({
    name    = string
    bus     = string
    pattern = string
  })

  validation {
    condition     = var.rule == null ? true : can(jsondecode(var.rule.pattern)) && !endswith(var.queue.name, ".fifo")
    error_message = "The pattern must be JSON; a rule cannot order: a FIFO queue is fed by the relay."
  }
}

variable "policies" {
  description = "IAM policy documents as JSON: of the function's role, of who may take it on, of the queue and of its dead-letter queue."
  type = object({
    role              = string
    trust             = string
    queue             = string
    dead_letter_queue = string
  })
}

variable "network" {
  description = "As module function takes it: null for a handler that reaches nothing in a VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
    policy             = string
  })
  default = null
}

variable "reserved_concurrency" {
  description = "As module function takes it."
  type        = number
  default     = null
}
