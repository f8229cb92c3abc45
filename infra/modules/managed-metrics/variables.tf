variable "name" {
  description = "What the two workspaces are called."
  type        = string
}

variable "account" {
  description = "AWS account of the workspaces."
  type        = string
}

variable "region" {
  description = "Region of the workspaces."
  type        = string
}

variable "boundary_arn" {
  description = "Permissions boundary of Grafana's role."
  type        = string
}

variable "key_arn" {
  description = "Key that encrypts the metrics."
  type        = string
}

variable "private_access" {
  description = "Prefix lists and endpoints that Grafana may be reached from. Without one, whoever is signed in reaches it from anywhere."
  type = object({
    prefix_list_ids = list(string)
    vpce_ids        = list(string)
  })

  validation {
    condition     = length(var.private_access.prefix_list_ids) + length(var.private_access.vpce_ids) > 0
    error_message = "Name what Grafana is reached from: it is not open to the internet."
  }
}
