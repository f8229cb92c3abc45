output "bootstrap" {
  description = "The state's bucket and key, the pipeline's roles, and the boundary."
  value       = module.bootstrap
}

output "alarm_topic_arn" {
  description = "ARN of the alarm topic: `alarmTopic` of environment.json."
  value       = module.alarm_topic.arn
}
