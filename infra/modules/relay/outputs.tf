output "failure_queue_arn" {
  description = "ARN of the queue of what could not be carried."
  value       = module.failures.arn
}

output "function_name" {
  description = "Name of the relay's function."
  value       = module.function.name
}
