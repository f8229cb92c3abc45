output "api_url" {
  description = "Where the API answers."
  value       = module.api.url
}

output "domain_target" {
  description = "What the DNS record of the API's own name points at; null without one."
  value       = module.api.domain_target
}

output "alarm_arns" {
  description = "ARNs of the alarms by name: what a deployment is watched by, and taken back on."
  value       = module.monitoring.alarm_arns
}

output "mapping_ids" {
  description = "Id of the mapping from queue to function, by handler: what an operator pauses."
  value       = { for name, handler in module.handler : name => handler.mapping_id }
}

output "secrets_to_set" {
  description = "Secrets whose value has to be set by hand, and by whom."
  value = merge(
    { for name, secret in var.secrets : secret => var.environment.secrets[name] },
    { for name, parameter in var.parameters : parameter => var.environment.parameters[name] },
  )
}
