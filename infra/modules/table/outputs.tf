output "arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.this.arn
}

output "stream_arn" {
  description = "ARN of the table's stream; empty where it has none."
  value       = aws_dynamodb_table.this.stream_arn
}
