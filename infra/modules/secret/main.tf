# The value is set by whoever owns it (`aws secretsmanager put-secret-value`): it never stands in a plan or in the state.
resource "aws_secretsmanager_secret" "this" {
  name                    = var.name
  description             = "Set by: ${var.origin}"
  kms_key_id              = var.key_arn
  recovery_window_in_days = 30
}
