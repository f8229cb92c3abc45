environment = "dev"
repository = {
  id       = "123456789"
  subject  = "repo:example/orders"
  name     = "example/orders"
  workflow = "deploy.yml"
  branch   = "main"
}
administrators       = ["arn:aws:iam::111111111111:role/administrator"]
subscribers          = { team = { protocol = "email", endpoint = "orders-on-call@example.com" } }
audit_retention_days = 90
