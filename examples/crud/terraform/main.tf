# terraform init && terraform apply
#
# The same service twice with one table: one function with a router, and one function per route. Keep the one you need.
# Both APIs are public; each function requires the API key.

locals {
  change = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"]
  table  = [aws_dynamodb_table.users.arn]
  query  = { actions = ["dynamodb:Query"], resources = ["${aws_dynamodb_table.users.arn}/index/index"] }
  key    = { actions = ["secretsmanager:GetSecretValue"], resources = [aws_secretsmanager_secret.api_key.arn] }

  # The API and the route of each function, and the permissions that the route needs.
  functions = {
    router = {
      binary     = "crud"
      api        = "router"
      route      = "$default" # The function receives every request, also unknown paths.
      statements = [local.key, local.query, { actions = local.change, resources = local.table }]
    }
    create-user = {
      binary = "create-user"
      api    = "routes"
      route  = "POST /users"
      # The user and the lock of its address.
      statements = [local.key, { actions = ["dynamodb:GetItem", "dynamodb:PutItem"], resources = local.table }]
    }
    list-users = {
      binary     = "list-users"
      api        = "routes"
      route      = "GET /users"
      statements = [local.key, local.query]
    }
    get-user = {
      binary     = "get-user"
      api        = "routes"
      route      = "GET /users/{id}"
      statements = [local.key, { actions = ["dynamodb:GetItem"], resources = local.table }]
    }
    update-user = {
      binary = "update-user"
      api    = "routes"
      route  = "PATCH /users/{id}"
      # A changed address deletes a lock.
      statements = [local.key, { actions = local.change, resources = local.table }]
    }
    delete-user = {
      binary     = "delete-user"
      api        = "routes"
      route      = "DELETE /users/{id}"
      statements = [local.key, { actions = ["dynamodb:GetItem", "dynamodb:DeleteItem"], resources = local.table }]
    }
  }
}

module "function" {
  source   = "./function"
  for_each = local.functions
  name     = "${var.name}-${each.key}"
  binary   = each.value.binary
  timeout  = 10
  logs     = aws_cloudwatch_log_group.logs
  environment = {
    TABLE_NAME              = aws_dynamodb_table.users.name
    API_KEY_SECRET          = aws_secretsmanager_secret.api_key.arn
    POWERTOOLS_SERVICE_NAME = "users"
  }
  statements = each.value.statements
}

resource "aws_apigatewayv2_api" "users" {
  for_each      = toset(["router", "routes"])
  name          = "${var.name}-${each.key}"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "users" {
  for_each    = aws_apigatewayv2_api.users
  api_id      = each.value.id
  name        = "$default"
  auto_deploy = true
  # Also of the requests that the API rejects.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.logs.arn
    format = jsonencode({
      requestId  = "$context.requestId"
      ip         = "$context.identity.sourceIp"
      route      = "$context.routeKey"
      status     = "$context.status"
      authorizer = "$context.authorizer.error"
    })
  }
  # Requests beyond this get 429.
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
}

resource "aws_apigatewayv2_integration" "users" {
  for_each               = local.functions
  api_id                 = aws_apigatewayv2_api.users[each.value.api].id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.function[each.key].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "users" {
  for_each  = local.functions
  api_id    = aws_apigatewayv2_api.users[each.value.api].id
  route_key = each.value.route
  target    = "integrations/${aws_apigatewayv2_integration.users[each.key].id}"
}

resource "aws_lambda_permission" "users" {
  for_each      = local.functions
  function_name = module.function[each.key].name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.users[each.value.api].execution_arn}/*"
}

resource "aws_dynamodb_table" "users" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"
  dynamic "attribute" {
    for_each = toset(["pk", "sk", "index_pk", "index_sk"])
    content {
      name = attribute.value
      type = "S"
    }
  }
  # The users are spread over eight partitions of the index. Each takes 1,000 writes a second: beyond 8,000, DynamoDB throttles the
  # whole table. `SHARDS` in src/store.rs raises that.
  global_secondary_index {
    name            = "index"
    hash_key        = "index_pk"
    range_key       = "index_sk"
    projection_type = "ALL"
  }
  point_in_time_recovery {
    enabled = true
  }
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_secretsmanager_secret" "api_key" {
  name_prefix = "${var.name}-"
  description = "The API key that callers of the users API send as x-api-key."
}

# Terraform keeps the key in no file: an ephemeral resource and a write-only argument are not in its state.
ephemeral "aws_secretsmanager_random_password" "api_key" {
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "api_key" {
  secret_id                = aws_secretsmanager_secret.api_key.id
  secret_string_wo         = jsonencode({ key = ephemeral.aws_secretsmanager_random_password.api_key.random_password })
  secret_string_wo_version = 1 # A higher number writes a new key.
}

module "error_alarm" {
  source      = "./alarm"
  for_each    = aws_apigatewayv2_api.users
  name        = "${var.name}-${each.key}-errors"
  description = "The API answers with a server error."
  namespace   = "AWS/ApiGateway"
  metric      = "5xx"
  dimensions  = { ApiId = each.value.id }
  topic_arn   = var.alarm_topic_arn
}

module "throttle_alarm" {
  source      = "./alarm"
  for_each    = module.function
  name        = "${var.name}-${each.key}-throttles"
  description = "Lambda rejects invocations of the function, because too many run at the same time."
  namespace   = "AWS/Lambda"
  metric      = "Throttles"
  dimensions  = { FunctionName = each.value.name }
  topic_arn   = var.alarm_topic_arn
}

module "table_throttle_alarm" {
  source = "./alarm"
  for_each = {
    table = { TableName = aws_dynamodb_table.users.name }
    index = { TableName = aws_dynamodb_table.users.name, GlobalSecondaryIndexName = "index" }
  }
  name        = "${var.name}-${each.key}-throttles"
  description = "DynamoDB throttles writes of the table or of its index; callers get 503."
  namespace   = "AWS/DynamoDB"
  metric      = "WriteThrottleEvents"
  dimensions  = each.value
  topic_arn   = var.alarm_topic_arn
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

output "urls" {
  value       = { for name, api in aws_apigatewayv2_api.users : name => api.api_endpoint }
  description = "URLs of the service: as one function (router), and as one function per route (routes)."
}

output "table_name" {
  value       = aws_dynamodb_table.users.name
  description = "Table of users and address locks."
}

output "api_key_secret" {
  value       = aws_secretsmanager_secret.api_key.arn
  description = "Secret with the API key; read it with `aws secretsmanager get-secret-value`."
}
