# Their types are those of module deployment; their values come from topology.auto.tfvars.json.

variable "environment" {
  description = "Values of the environment."
  type        = any
}

variable "runtime" {
  description = "Lambda runtime of every function."
  type        = string
}

variable "names" {
  description = "What the parts that every deployment has are called."
  type        = any
}

variable "tables" {
  description = "Tables by name."
  type        = any
}

variable "handlers" {
  description = "Handlers by name."
  type        = any
}

variable "endpoints" {
  description = "Endpoints by name."
  type        = any
}

variable "services" {
  description = "The functions of the engine itself."
  type        = any
}

variable "secrets" {
  description = "Secrets: the name in Secrets Manager of each declared one that is kept there."
  type        = any
}

variable "parameters" {
  description = "Secrets: the name in Parameter Store of each declared one that is kept there."
  type        = any
}

variable "alarms" {
  description = "Alarms by name."
  type        = any
}

variable "dashboard" {
  description = "Body of the dashboard, JSON."
  type        = string
}

variable "bundles" {
  description = "Folder of the bundles; null for the one that `pulsequeue build` writes."
  type        = string
  default     = null
}
