resource "aws_iam_role" "this" {
  name                 = var.role.name
  description          = "With which EventBridge Scheduler sends what is due"
  assume_role_policy   = var.role.trust
  permissions_boundary = var.role.boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "declared"
  role   = aws_iam_role.this.id
  policy = var.role.policy
}
