resource "aws_secretsmanager_secret_policy" "this" {
  secret_arn          = aws_secretsmanager_secret.this.arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyEncrypted"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:*"]
        Resource  = ["*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "OnlyThisAccount"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["secretsmanager:*"]
        Resource  = ["*"]
        Condition = {
          Bool            = { "aws:PrincipalIsAWSService" = "false" }
          StringNotEquals = { "aws:PrincipalAccount" = var.account }
        }
      },
    ]
  })
}
