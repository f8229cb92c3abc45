resource "aws_iam_role" "this" {
  name                 = var.function.name
  description          = "What function ${var.function.name} may do, derived from its declaration"
  assume_role_policy   = var.policies.trust
  permissions_boundary = var.settings.boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "declared"
  role   = aws_iam_role.this.id
  policy = var.policies.role
}

resource "aws_iam_role_policy" "network" {
  count = var.network == null ? 0 : 1

  name   = "network"
  role   = aws_iam_role.this.id
  policy = var.network.policy
}
