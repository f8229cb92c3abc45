output "function" {
  description = "What a function in this network needs: subnets, security groups, and the policy with which Lambda puts it there."
  value = {
    subnet_ids         = [for subnet in aws_subnet.private : subnet.id]
    security_group_ids = [aws_security_group.functions.id]
    policy             = local.function_policy
  }
}
