output "state_bucket" {
  description = "Bucket of the state: `bucket` in backend.hcl."
  value       = aws_s3_bucket.state.id
}

output "state_key_arn" {
  description = "Key of the state: `kms_key_id` in backend.hcl."
  value       = aws_kms_key.state.arn
}

output "plan_role_arn" {
  description = "Role of the pipeline's plan."
  value       = aws_iam_role.plan.arn
}

output "apply_role_arn" {
  description = "Role of the pipeline's apply."
  value       = aws_iam_role.apply.arn
}

output "boundary_arn" {
  description = "Permissions boundary of every role of the deployment."
  value       = aws_iam_policy.boundary.arn
}
