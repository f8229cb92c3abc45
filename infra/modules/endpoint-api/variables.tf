variable "name" {
  description = "Name of the API."
  type        = string
}

variable "account" {
  description = "AWS account that the API is in."
  type        = string
}

variable "routes" {
  description = "Routes by name: method, path (`{name}` for a parameter), who authenticates the caller, and the function that answers by its alias."
  type = map(object({
    method        = string
    path          = string
    auth          = string
    function_name = string
    alias         = string
    invoke_arn    = string
  }))

  validation {
    # api-key, webhook: the function itself verifies key or signature before it does anything; public: nobody does, as declared.
    condition     = alltrue([for route in values(var.routes) : contains(["jwt", "iam", "api-key", "webhook", "public"], route.auth)])
    error_message = "A route's auth is jwt, iam, api-key, webhook or public: there is no default."
  }

  validation {
    condition     = alltrue([for route in values(var.routes) : startswith(route.path, "/") && !strcontains(route.path, ":")])
    error_message = "A path begins with / and names its parameters {so}."
  }
}

variable "jwt" {
  description = "Who issues tokens and for whom; null where no route takes them."
  type = object({
    issuer   = string
    audience = string
  })
  default = null

  validation {
    condition     = var.jwt == null ? !contains([for route in values(var.routes) : route.auth], "jwt") : startswith(var.jwt.issuer, "https://")
    error_message = "A route with auth jwt needs an issuer, at an https address."
  }
}

variable "throttle" {
  description = "Requests per second over all callers, and how many at once."
  type = object({
    rate  = number
    burst = number
  })

  validation {
    condition     = var.throttle.rate > 0 && var.throttle.burst > 0
    error_message = "Without a limit one caller takes the account's whole capacity."
  }
}

variable "domain" {
  description = "Own domain with its certificate; the API's generated address is closed then. Null for the generated address."
  type = object({
    name            = string
    certificate_arn = string
  })
  default = null
}

variable "log_retention_days" {
  description = "Days that the access log is kept."
  type        = number
}

variable "key_arn" {
  description = "Key that encrypts the access log."
  type        = string
}
