mock_provider "aws" {
  mock_resource "aws_apigatewayv2_api" {
    defaults = {
      id            = "a1b2c3"
      execution_arn = "arn:aws:execute-api:eu-central-1:111111111111:a1b2c3"
    }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = {
      arn = "arn:aws:logs:eu-central-1:111111111111:log-group:/aws/vendedlogs/orders-dev-api"
    }
  }
}

variables {
  name    = "orders-dev"
  account = "111111111111"
  routes = {
    get-order = {
      method        = "GET"
      path          = "/orders/{id}"
      auth          = "jwt"
      function_name = "orders-dev-get-order"
      alias         = "live"
      invoke_arn    = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-get-order:live/invocations"
    }
    operate = {
      method        = "ANY"
      path          = "/v1/{proxy+}"
      auth          = "iam"
      function_name = "orders-dev-pq-api"
      alias         = "live"
      invoke_arn    = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111111111111:function:orders-dev-pq-api:live/invocations"
    }
  }
  jwt                = { issuer = "https://id.example.com/", audience = "orders" }
  throttle           = { rate = 50, burst = 100 }
  log_retention_days = 14
  key_arn            = "arn:aws:kms:eu-central-1:111111111111:key/00000000-0000-0000-0000-000000000000"
}

run "each_route_has_its_authoriser" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_route.this["get-order"].authorization_type == "JWT" && aws_apigatewayv2_route.this["operate"].authorization_type == "AWS_IAM"
    error_message = "A route must have the authoriser that it is declared with."
  }
}

run "each_route_starts_only_its_function" {
  command = apply

  assert {
    condition     = aws_lambda_permission.route["get-order"].source_arn == "arn:aws:execute-api:eu-central-1:111111111111:a1b2c3/*/GET/orders/*"
    error_message = "The permission must name method and path."
  }

  assert {
    condition     = alltrue([for permission in values(aws_lambda_permission.route) : permission.source_account == "111111111111" && permission.qualifier == "live"])
    error_message = "The permission must be for this account's API and for the alias."
  }
}

run "requests_are_limited_and_logged_without_payload" {
  command = apply

  assert {
    condition     = aws_apigatewayv2_stage.this.default_route_settings[0].throttling_rate_limit == 50
    error_message = "Requests must be limited."
  }

  assert {
    condition     = !can(regex("header|querystring|body|path", aws_apigatewayv2_stage.this.access_log_settings[0].format))
    error_message = "The access log must hold nothing that a caller wrote."
  }
}

run "an_own_domain_closes_the_generated_address" {
  command = apply

  variables {
    domain = { name = "orders.example.com", certificate_arn = "arn:aws:acm:eu-central-1:111111111111:certificate/00000000-0000-0000-0000-000000000000" }
  }

  assert {
    condition     = aws_apigatewayv2_api.this.disable_execute_api_endpoint && aws_apigatewayv2_domain_name.this[0].domain_name_configuration[0].security_policy == "TLS_1_2"
    error_message = "With an own domain the generated address must be closed, and TLS be 1.2 at least."
  }
}

run "refuses_tokens_without_an_issuer" {
  command         = plan
  expect_failures = [var.jwt]

  variables {
    jwt = null
  }
}
