output "bucket" {
  description = "Name of the bucket of records."
  value       = aws_s3_bucket.records.id
}

output "findings_rule_arn" {
  description = "ARN of the rule that sends GuardDuty's findings; null where GuardDuty runs elsewhere."
  value       = one([for rule in values(aws_cloudwatch_event_rule.findings) : rule.arn])
}
