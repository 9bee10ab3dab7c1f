# terraform init && terraform apply
#
# The events table and its stream, the functions, and the read model.

locals {
  environment = {
    POWERTOOLS_SERVICE_NAME = "projection"
    EVENTS_TABLE            = aws_dynamodb_table.events.name
    ACCOUNTS_TABLE          = aws_dynamodb_table.accounts.name
  }
  statements = [
    { actions = ["dynamodb:Query"], resources = [aws_dynamodb_table.events.arn] },
    { actions = ["dynamodb:GetItem", "dynamodb:PutItem"], resources = [aws_dynamodb_table.accounts.arn] },
  ]
}

module "project" {
  source      = "./function"
  name        = "${var.name}-project"
  binary      = "projection"
  timeout     = 30
  logs        = aws_cloudwatch_log_group.logs
  environment = local.environment
  statements = concat(local.statements, [
    {
      actions = [
        "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
      ]
      resources = [aws_dynamodb_table.events.stream_arn]
    },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.failed.arn] },
  ])
}

module "rebuild" {
  source      = "./function"
  name        = "${var.name}-rebuild"
  binary      = "rebuild"
  timeout     = 900 # An account may have many events.
  logs        = aws_cloudwatch_log_group.logs
  environment = local.environment
  statements  = local.statements
}

resource "aws_lambda_event_source_mapping" "event" {
  function_name           = module.project.arn
  event_source_arn        = aws_dynamodb_table.events.stream_arn
  starting_position       = "TRIM_HORIZON"
  batch_size              = 100
  function_response_types = ["ReportBatchItemFailures"]
  # A failed record blocks its shard until it is sent to the queue; bisecting keeps its batch small.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = 10
  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed.arn
    }
  }
}

# The source of truth. A put on condition of `attribute_not_exists(pk)` makes each sequence unique.
resource "aws_dynamodb_table" "events" {
  name             = "${var.name}-events"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "pk"
  range_key        = "sk"
  stream_enabled   = true
  stream_view_type = "NEW_IMAGE"
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

# The read model. It can be rebuilt from the events, so it need not outlive the stack.
resource "aws_dynamodb_table" "accounts" {
  name         = "${var.name}-accounts"
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
}

# Stream positions of the events that were not applied. The events themselves stay in their table.
resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600 # Fourteen days, the maximum.
  sqs_managed_sse_enabled   = true
  lifecycle {
    prevent_destroy = true
  }
}

module "failed_alarm" {
  source      = "./alarm"
  name        = "${var.name}-failed"
  description = "The dead-letter queue contains events that were not applied."
  namespace   = "AWS/SQS"
  metric      = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.failed.name }
  statistic   = "Maximum"
  topic_arn   = var.alarm_topic_arn
}

module "lag_alarm" {
  source      = "./alarm"
  name        = "${var.name}-lag"
  description = "The accounts are more than 15 minutes behind their events."
  namespace   = "AWS/Lambda"
  metric      = "IteratorAge"
  dimensions  = { FunctionName = module.project.name }
  statistic   = "Maximum"
  threshold   = 900000 # Milliseconds.
  topic_arn   = var.alarm_topic_arn
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

output "events_table" {
  value = aws_dynamodb_table.events.name
}

output "accounts_table" {
  value = aws_dynamodb_table.accounts.name
}

output "rebuild_function" {
  value       = module.rebuild.name
  description = "Function that computes an account from all of its events."
}

output "failed_queue_url" {
  value       = aws_sqs_queue.failed.url
  description = "Dead-letter queue."
}
