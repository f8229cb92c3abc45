resource "aws_kms_key" "this" {
  description             = "Encrypts what ${trimprefix(var.alias, "alias/")} stores"
  deletion_window_in_days = var.deletion_window_days
  enable_key_rotation     = true
  policy                  = var.policy
}

resource "aws_kms_alias" "this" {
  name          = var.alias
  target_key_id = aws_kms_key.this.key_id
}
