variable "name" {
  description = "Name of the queue; a FIFO queue's ends in .fifo."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", trimsuffix(var.name, ".fifo"))) && length(var.name) <= 80
    error_message = "SQS takes up to 80 letters, digits, _ and -, with .fifo at the end of a FIFO queue's name."
  }
}

variable "policy" {
  description = "Policy of the queue, JSON."
  type        = string

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "The policy must be an IAM policy document as JSON."
  }
}

variable "key_arn" {
  description = "Key that encrypts the queue."
  type        = string
}

variable "visibility_timeout" {
  description = "Seconds that a message is hidden once it was received."
  type        = number
  default     = 30

  validation {
    condition     = var.visibility_timeout >= 0 && var.visibility_timeout <= 43200
    error_message = "SQS hides messages for 0 to 43,200 seconds."
  }
}

variable "dead_letters" {
  description = "Queue that takes what was received too often, and how often that is; null for a queue that is a last one itself."
  type = object({
    queue_arn    = string
    max_receives = number
  })
  default = null

  validation {
    condition     = var.dead_letters == null ? true : var.dead_letters.max_receives >= 1 && var.dead_letters.max_receives <= 1000
    error_message = "SQS counts up to 1,000 receives."
  }
}

variable "source_queue_arns" {
  description = "Queues whose dead letters it may take; none where it is no dead-letter queue."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.source_queue_arns) <= 10
    error_message = "SQS takes 10 sources."
  }
}
