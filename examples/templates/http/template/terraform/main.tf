# An HTTP API, the function with a router, its tables, and the secret with the API key. The API is public: everybody may
# read notes, and the function requires the API key for changes.

locals {
  memory_size = 256
  timeout     = 10
  environment = {
    POWERTOOLS_SERVICE_NAME = var.name
    TABLE_NAME              = aws_dynamodb_table.notes.name
    IDEMPOTENCY_TABLE       = aws_dynamodb_table.requests.name
    API_KEY_SECRET          = aws_secretsmanager_secret.api_key.arn
  }
  # What the function may do, besides writing its log and its traces.
  statements = [
    {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Query"]
      resources = [aws_dynamodb_table.notes.arn]
    },
    {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
      resources = [aws_dynamodb_table.requests.arn]
    },
    { actions = ["secretsmanager:GetSecretValue"], resources = [aws_secretsmanager_secret.api_key.arn] },
  ]
  alarms = {
    errors = {
      description = "The API answers with a server error."
      namespace   = "AWS/ApiGateway"
      metric      = "5xx"
      dimensions  = { ApiId = aws_apigatewayv2_api.api.id }
      statistic   = "Sum"
      threshold   = 0
    }
    throttles = {
      description = "Lambda rejects invocations, because too many run at the same time."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
      statistic   = "Sum"
      threshold   = 0
    }
  }
}

resource "aws_dynamodb_table" "notes" {
  name         = "${var.name}-notes"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Idempotency keys, which are needed for an hour.
resource "aws_dynamodb_table" "requests" {
  name         = "${var.name}-requests"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"

  attribute {
    name = "id"
    type = "S"
  }

  ttl {
    attribute_name = "expiration"
    enabled        = true
  }
}

# An ephemeral resource and a write-only argument are not in the state: Terraform keeps the key in no file.
ephemeral "aws_secretsmanager_random_password" "api_key" {
  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "api_key" {
  secret_id                = aws_secretsmanager_secret.api_key.id
  secret_string_wo         = jsonencode({ key = ephemeral.aws_secretsmanager_random_password.api_key.random_password })
  secret_string_wo_version = 1 # A higher number writes a new key.
}

resource "aws_secretsmanager_secret" "api_key" {
  name_prefix = "${var.name}-"
  description = "The API key that requests which change notes have in the header x-api-key."
}

resource "aws_apigatewayv2_api" "api" {
  name          = var.name
  protocol_type = "HTTP"
}

# Every method and path: the router answers unknown ones.
resource "aws_apigatewayv2_route" "any" {
  api_id    = aws_apigatewayv2_api.api.id
  route_key = "$default"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.function.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = true

  # Also of the requests that the API rejects.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.function.arn
    format = jsonencode({
      requestId = "$context.requestId"
      ip        = "$context.identity.sourceIp"
      route     = "$context.routeKey"
      status    = "$context.status"
    })
  }

  # Requests beyond this get 429.
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
}

resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*"
}
