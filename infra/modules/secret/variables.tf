variable "name" {
  description = "Name of the secret, e.g. orders-dev/payments-webhook."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", var.name))
    error_message = "Secrets Manager takes up to 512 letters, digits and /_+=.@-"
  }
}

variable "origin" {
  description = "Who sets the value, and from where."
  type        = string

  validation {
    condition     = length(trimspace(var.origin)) >= 3
    error_message = "A secret that nobody sets has no value: name who does."
  }
}

variable "account" {
  description = "AWS account whose principals alone may use it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "An AWS account has 12 digits."
  }
}

variable "key_arn" {
  description = "Key that encrypts the secret."
  type        = string
}
