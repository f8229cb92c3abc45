# Each route may start its own function, and only by its own method and path.
resource "aws_lambda_permission" "route" {
  for_each = var.routes

  statement_id   = "from-${each.key}"
  action         = "lambda:InvokeFunction"
  function_name  = each.value.function_name
  qualifier      = each.value.alias
  principal      = "apigateway.amazonaws.com"
  source_account = var.account
  source_arn     = "${aws_apigatewayv2_api.this.execution_arn}/*/${replace(each.value.method, "ANY", "*")}${replace(each.value.path, "/{[^}]+}/", "*")}"
}
