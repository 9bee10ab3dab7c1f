# terraform init && terraform apply -var 'vpc={"subnet_ids":["subnet-…"],"security_group_ids":["sg-…"]}'
#
# The settings that the examples do not need, on the function of ../../hello, twice. The API is public.

variable "vpc" {
  type        = object({ subnet_ids = list(string), security_group_ids = list(string) })
  description = "Private subnets; AWS services are reached from there only by a NAT gateway or by VPC endpoints."
}

locals {
  environment = { POWERTOOLS_SERVICE_NAME = "hello" }
  functions   = { busy = module.busy, quiet = module.quiet }
  routes = {
    busy  = { key = "GET /", uri = aws_lambda_alias.live.invoke_arn, qualifier = aws_lambda_alias.live.name }
    quiet = { key = "GET /quiet", uri = module.quiet.invoke_arn, qualifier = null }
  }
}

module "busy" {
  source               = "./function"
  name                 = "${var.name}-busy"
  binary               = "hello"
  timeout              = 10
  logs                 = aws_cloudwatch_log_group.logs
  environment          = local.environment
  statements           = []
  publish              = true
  reserved_concurrency = 50 # At most, and other functions cannot take them.
  vpc                  = var.vpc
}

# The API invokes the alias, which a rollback points to an earlier version.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = module.busy.name
  function_version = module.busy.version
}

resource "aws_lambda_provisioned_concurrency_config" "live" {
  function_name                     = module.busy.name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 2
  lifecycle {
    ignore_changes = [provisioned_concurrent_executions] # The scaling below changes it.
  }
}

resource "aws_appautoscaling_target" "live" {
  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id        = "function:${module.busy.name}:${aws_lambda_alias.live.name}"
  min_capacity       = 2
  max_capacity       = 20
}

resource "aws_appautoscaling_policy" "live" {
  name               = "utilization"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.live.service_namespace
  scalable_dimension = aws_appautoscaling_target.live.scalable_dimension
  resource_id        = aws_appautoscaling_target.live.resource_id
  target_tracking_scaling_policy_configuration {
    target_value = 0.7
    predefined_metric_specification {
      predefined_metric_type = "LambdaProvisionedConcurrencyUtilization"
    }
  }
}

module "quiet" {
  source      = "./function"
  name        = "${var.name}-quiet"
  binary      = "hello"
  timeout     = 10
  logs        = aws_cloudwatch_log_group.logs
  environment = local.environment
  statements  = []
}

# Pilaster responds to this event without calling the function. It keeps one sandbox; the next concurrent request still waits.
resource "aws_cloudwatch_event_rule" "warm" {
  name                = "${var.name}-warm"
  schedule_expression = "rate(5 minutes)"
}

resource "aws_cloudwatch_event_target" "warm" {
  rule  = aws_cloudwatch_event_rule.warm.name
  arn   = module.quiet.arn
  input = jsonencode({ source = "serverless-plugin-warmup" })
}

resource "aws_lambda_permission" "warm" {
  function_name = module.quiet.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.warm.arn
}

resource "aws_apigatewayv2_api" "api" {
  name          = var.name
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_stage" "api" {
  api_id      = aws_apigatewayv2_api.api.id
  name        = "$default"
  auto_deploy = true
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
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
}

resource "aws_apigatewayv2_integration" "api" {
  for_each               = local.routes
  api_id                 = aws_apigatewayv2_api.api.id
  integration_type       = "AWS_PROXY"
  integration_uri        = each.value.uri
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "api" {
  for_each  = local.routes
  api_id    = aws_apigatewayv2_api.api.id
  route_key = each.value.key
  target    = "integrations/${aws_apigatewayv2_integration.api[each.key].id}"
}

resource "aws_lambda_permission" "api" {
  for_each      = local.routes
  function_name = local.functions[each.key].name
  qualifier     = each.value.qualifier
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.api.execution_arn}/*"
}

module "error_alarm" {
  source      = "./alarm"
  name        = "${var.name}-errors"
  description = "The API answers with a server error."
  namespace   = "AWS/ApiGateway"
  metric      = "5xx"
  dimensions  = { ApiId = aws_apigatewayv2_api.api.id }
  topic_arn   = var.alarm_topic_arn
}

module "throttle_alarm" {
  source      = "./alarm"
  for_each    = local.functions
  name        = "${var.name}-${each.key}-throttles"
  description = "Lambda rejects invocations of the function, because too many run at the same time."
  namespace   = "AWS/Lambda"
  metric      = "Throttles"
  dimensions  = { FunctionName = each.value.name }
  topic_arn   = var.alarm_topic_arn
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

output "url" {
  value = "${aws_apigatewayv2_api.api.api_endpoint}/?name=Ada"
}

output "function_name" {
  value       = module.busy.name
  description = "Its alias `live` is what a rollback changes."
}
