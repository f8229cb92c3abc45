variable "name" {
  description = "Name of the topic."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,256}$", var.name))
    error_message = "SNS takes up to 256 letters, digits, _ and -."
  }
}

variable "account" {
  description = "AWS account whose alarms it takes."
  type        = string
}

variable "region" {
  description = "Region of the alarms."
  type        = string
}

variable "subscribers" {
  description = "Who is told, by a name of yours: protocol (email, https, sms) and address. An email address has to be confirmed by its owner."
  type = map(object({
    protocol = string
    endpoint = string
  }))

  validation {
    condition     = length(var.subscribers) > 0
    error_message = "An alarm that nobody is told of is none."
  }
}
