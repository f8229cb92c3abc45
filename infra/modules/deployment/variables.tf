# What `pulsequeue synth` writes, and where its policies and the bundles of `pulsequeue build` lie. Everything that can differ is in there.

variable "environment" {
  description = "Values of the environment, from its environment.json."
  type = object({
    environment        = string
    account            = string
    region             = string
    owner              = string
    alarmTopic         = string
    logRetentionDays   = number
    recoveryDays       = number
    deletionProtection = bool
    throttle           = object({ rate = number, burst = number })
    backup             = object({ days = number, lockedAfterDays = optional(number), copyTo = optional(string) })
    secrets            = optional(map(string), {})
    parameters         = optional(map(string), {})
    jwt                = optional(object({ issuer = string, audience = string, keys = string, tenantClaim = optional(string) }))
    domain             = optional(object({ name = string, certificate = string }))
    network = optional(object({
      cidr         = string
      zones        = list(string)
      handlers     = map(string)
      destinations = optional(map(object({ cidr = string, port = number, reason = string })), {})
    }))
    grafana     = optional(object({ prefixLists = list(string), endpoints = list(string) }))
    codeSigning = optional(string)
  })
}

variable "runtime" {
  description = "Lambda runtime of every function."
  type        = string
}

variable "names" {
  description = "What the parts that every deployment has are called."
  type = object({
    prefix            = string
    bus               = string
    schedule_group    = string
    scheduler_role    = string
    delay_queue       = string
    relay_failures    = string
    key_alias         = string
    boundary          = string
    services_boundary = string
  })
}

variable "tables" {
  description = "Tables: the engine's own (journal, deliveries, system) and the declared ones."
  type = map(object({
    name    = string
    indexes = map(object({ hash = string, hash_type = string, range = string, range_type = string }))
    stream  = bool
    ttl     = string
  }))
}

variable "handlers" {
  description = "Handlers by name: the function of each and the queue that feeds it."
  type = map(object({
    name               = string
    timeout            = number
    memory             = number
    bundle             = string
    queue              = string
    dead_letter_queue  = string
    visibility_timeout = number
    max_receives       = number
    batch_size         = number
    batch_window       = number
    concurrency        = number
    pattern            = string
    rule               = string
    # Null: no limit of its own.
    reserved_concurrency = number
  }))
}

variable "endpoints" {
  description = "Endpoints by name: the function of each, and the requests that it answers."
  type = map(object({
    name    = string
    timeout = number
    memory  = number
    bundle  = string
    method  = string
    path    = string
    auth    = string
  }))
}

variable "services" {
  description = "The functions of the engine itself: api, relay and ticker."
  type = map(object({
    name    = string
    timeout = number
    memory  = number
    bundle  = string
  }))

  validation {
    condition     = toset(keys(var.services)) == toset(["api", "relay", "ticker"])
    error_message = "The engine has three functions: api, relay and ticker."
  }
}

variable "secrets" {
  description = "Secrets: the name in Secrets Manager of each declared one that is kept there."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.secrets) : contains(keys(var.environment.secrets), name)])
    error_message = "A declared secret has no source: say in environment.json who sets its value."
  }
}

variable "parameters" {
  description = "Secrets: the name in Parameter Store of each declared one that is kept there."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.parameters) : contains(keys(var.environment.parameters), name)])
    error_message = "A declared secret has no source: say in environment.json who sets its value."
  }
}

variable "alarms" {
  description = "Alarms by name."
  type = map(object({
    kind        = string
    name        = string
    description = string
    namespace   = string
    metric      = string
    dimensions  = map(string)
    statistic   = string
    period      = number
    periods     = number
    threshold   = number
  }))
}

variable "dashboard" {
  description = "Body of the dashboard, JSON."
  type        = string
}

variable "policies" {
  description = "Folder of the policy documents."
  type        = string
}

variable "bundles" {
  description = "Folder of the bundles."
  type        = string
}
