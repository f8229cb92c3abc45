output "group" {
  description = "Name of the schedule group."
  value       = aws_scheduler_schedule_group.this.name
}

output "role_arn" {
  description = "ARN of the role with which schedules act."
  value       = aws_iam_role.this.arn
}
