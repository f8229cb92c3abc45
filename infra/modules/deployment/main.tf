locals {
  env = var.environment
  # Without white space: several services count it.
  policy = { for file in fileset(var.policies, "*.json") : trimsuffix(file, ".json") => jsonencode(jsondecode(file("${var.policies}/${file}"))) }

  settings = {
    runtime = var.runtime
    # Names only. What is secret is read from where it is kept when a function starts.
    environment             = { PULSEQUEUE_ENVIRONMENT = local.env.environment, PULSEQUEUE_ACCOUNT = local.env.account }
    boundary_arn            = var.names.boundary
    key_arn                 = module.key.arn
    log_retention_days      = local.env.logRetentionDays
    code_signing_config_arn = local.env.codeSigning
  }
  # The door verifies tokens by itself, behind API Gateway too: whose, it is told here. Public: the private keys are the issuer's.
  issuer = {
    for name, value in {
      PULSEQUEUE_JWT_ISSUER       = try(local.env.jwt.issuer, null)
      PULSEQUEUE_JWT_AUDIENCE     = try(local.env.jwt.audience, null)
      PULSEQUEUE_JWT_KEYS         = try(local.env.jwt.keys, null)
      PULSEQUEUE_JWT_TENANT_CLAIM = try(local.env.jwt.tenantClaim, null)
    } : name => value if value != null
  }
  door_settings = merge(local.settings, { environment = merge(local.settings.environment, local.issuer) })
  functions = {
    for function in concat(values(var.handlers), values(var.endpoints), values(var.services)) : function.name => {
      name    = function.name
      timeout = function.timeout
      memory  = function.memory
      bundle  = "${var.bundles}/${function.bundle}"
    }
  }
  roles = { for name in keys(local.functions) : name => { role = local.policy["role.${name}"], trust = local.policy["trust.${name}"] } }
}

module "key" {
  source = "../key"

  alias  = var.names.key_alias
  policy = local.policy["key"]
}

module "bus" {
  source = "../bus"

  name               = var.names.bus
  account            = local.env.account
  policy             = local.policy["bus"]
  known_types        = toset(flatten([for handler in values(var.handlers) : jsondecode(handler.pattern)["detail-type"] if handler.pattern != null]))
  archive_days       = local.env.recoveryDays
  log_retention_days = local.env.logRetentionDays
  key_arn            = module.key.arn
}

module "table" {
  source   = "../table"
  for_each = var.tables

  name                = each.value.name
  indexes             = each.value.indexes
  stream              = each.value.stream
  ttl                 = each.value.ttl
  policy              = local.policy["table.${each.value.name}"]
  key_arn             = module.key.arn
  recovery_days       = local.env.recoveryDays
  deletion_protection = local.env.deletionProtection
}

module "secret" {
  source   = "../secret"
  for_each = var.secrets

  name    = each.value
  origin  = local.env.secrets[each.key]
  account = local.env.account
  key_arn = module.key.arn
}

module "handler" {
  source   = "../handler"
  for_each = var.handlers

  function             = local.functions[each.value.name]
  settings             = local.settings
  reserved_concurrency = each.value.reserved_concurrency
  network              = contains(keys(try(local.env.network.handlers, {})), each.key) ? one(module.network[*].function) : null
  rule                 = each.value.pattern == null ? null : { name = each.value.rule, bus = module.bus.name, pattern = each.value.pattern }
  queue = {
    name               = each.value.queue
    dead_letter_queue  = each.value.dead_letter_queue
    visibility_timeout = each.value.visibility_timeout
    max_receives       = each.value.max_receives
    batch_size         = each.value.batch_size
    batch_window       = each.value.batch_window
    concurrency        = each.value.concurrency
  }
  policies = merge(local.roles[each.value.name], {
    queue             = local.policy["queue.${each.value.queue}"]
    dead_letter_queue = local.policy["queue.${each.value.dead_letter_queue}"]
  })
}

module "relay" {
  source = "../relay"

  function      = local.functions[var.services.relay.name]
  settings      = local.settings
  streams       = { for name, table in var.tables : name => module.table[name].stream_arn if table.stream }
  delay_queue   = var.names.delay_queue
  failure_queue = var.names.relay_failures
  policies = merge(local.roles[var.services.relay.name], {
    delay    = local.policy["queue.${var.names.delay_queue}"]
    failures = local.policy["queue.${var.names.relay_failures}"]
  })
}

module "ticker" {
  source = "../function"

  function = local.functions[var.services.ticker.name]
  settings = local.settings
  policies = local.roles[var.services.ticker.name]
  # One tick at a time.
  reserved_concurrency = 1
}

module "schedules" {
  source = "../schedules"

  group             = var.names.schedule_group
  ticker            = { name = module.ticker.name, arn = module.ticker.live_arn }
  failure_queue_arn = module.relay.failure_queue_arn
  key_arn           = module.key.arn
  role = {
    name         = var.names.scheduler_role
    policy       = local.policy["role.${var.names.scheduler_role}"]
    trust        = local.policy["trust.${var.names.scheduler_role}"]
    boundary_arn = var.names.boundary
  }
}

# Behind the API: each endpoint, and one function for ingest and operations.
module "door" {
  source   = "../function"
  for_each = merge(var.endpoints, { pq-api = var.services.api })

  function = local.functions[each.value.name]
  settings = local.door_settings
  policies = local.roles[each.value.name]
}

module "api" {
  source = "../endpoint-api"

  name    = var.names.prefix
  account = local.env.account
  routes = {
    for name, door in module.door : name => {
      method        = try(var.endpoints[name].method, "ANY")
      path          = try(replace(var.endpoints[name].path, "/:(\\w+)/", "{$1}"), "/{proxy+}")
      auth          = try(var.endpoints[name].auth, "api-key")
      function_name = door.name
      alias         = door.alias
      invoke_arn    = door.invoke_arn
    }
  }
  jwt                = local.env.jwt
  throttle           = local.env.throttle
  domain             = local.env.domain == null ? null : { name = local.env.domain.name, certificate_arn = local.env.domain.certificate }
  log_retention_days = local.env.logRetentionDays
  key_arn            = module.key.arn
}

module "monitoring" {
  source = "../monitoring"

  name      = var.names.prefix
  topic_arn = local.env.alarmTopic
  dashboard = var.dashboard
  # The metrics of an HTTP API are found by its id, which AWS chooses.
  alarms = { for name, alarm in var.alarms : name => merge(alarm, { dimensions = alarm.kind == "api-errors" ? tomap({ ApiId = module.api.id }) : alarm.dimensions }) }
}

module "managed_metrics" {
  source = "../managed-metrics"
  count  = local.env.grafana == null ? 0 : 1

  name           = var.names.prefix
  account        = local.env.account
  region         = local.env.region
  boundary_arn   = var.names.services_boundary
  key_arn        = module.key.arn
  private_access = { prefix_list_ids = local.env.grafana.prefixLists, vpce_ids = local.env.grafana.endpoints }
}

module "network" {
  source = "../network"
  count  = local.env.network == null ? 0 : 1

  name               = var.names.prefix
  cidr               = local.env.network.cidr
  zones              = local.env.network.zones
  destinations       = local.env.network.destinations
  interface_services = concat(["events", "kms", "logs", "secretsmanager", "sqs"], length(var.parameters) == 0 ? [] : ["ssm"])
  account            = local.env.account
  region             = local.env.region
  boundary_arn       = var.names.services_boundary
  log_retention_days = local.env.logRetentionDays
  key_arn            = module.key.arn
}

module "backup" {
  source = "../backup"

  name              = var.names.prefix
  account           = local.env.account
  table_arns        = { for name, table in module.table : name => table.arn }
  retention_days    = local.env.backup.days
  locked_after_days = local.env.backup.lockedAfterDays
  copy_vault_arn    = local.env.backup.copyTo
  boundary_arn      = var.names.services_boundary
  key_arn           = module.key.arn
}
