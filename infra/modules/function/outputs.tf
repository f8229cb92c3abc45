output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "live_arn" {
  description = "ARN of the alias `live`: what is to be invoked."
  value       = aws_lambda_alias.live.arn
}

output "invoke_arn" {
  description = "ARN by which API Gateway invokes the alias `live`."
  value       = aws_lambda_alias.live.invoke_arn
}

output "alias" {
  description = "Name of the alias."
  value       = aws_lambda_alias.live.name
}
