output "function" {
  description = "The function's name and the ARN of its alias `live`."
  value       = { name = module.function.name, live_arn = module.function.live_arn }
}

output "queue_arn" {
  description = "ARN of the queue that feeds it."
  value       = module.queue.arn
}

output "mapping_id" {
  description = "Id of the mapping from queue to function: what an operator pauses."
  value       = aws_lambda_event_source_mapping.queue.uuid
}
