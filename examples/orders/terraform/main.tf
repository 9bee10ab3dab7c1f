# terraform init && terraform apply
#
# One function with two queues: a standard queue, and a FIFO queue that preserves the order per customer. Keep the one you need.

locals {
  timeout = 30
}

module "ship" {
  source  = "./function"
  name    = "${var.name}-ship"
  binary  = "orders"
  timeout = local.timeout
  logs    = aws_cloudwatch_log_group.logs
  environment = {
    POWERTOOLS_SERVICE_NAME = "orders"
    TABLE_NAME              = aws_dynamodb_table.shipments.name
  }
  statements = [
    { actions = ["dynamodb:GetItem", "dynamodb:PutItem"], resources = [aws_dynamodb_table.shipments.arn] },
    {
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      resources = [aws_sqs_queue.orders.arn, aws_sqs_queue.fifo_orders.arn]
    },
  ]
}

resource "aws_lambda_event_source_mapping" "orders" {
  function_name           = module.ship.arn
  event_source_arn        = aws_sqs_queue.orders.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 10
  }
}

resource "aws_lambda_event_source_mapping" "fifo_orders" {
  function_name    = module.ship.arn
  event_source_arn = aws_sqs_queue.fifo_orders.arn
  # A failed order blocks later orders of its customer. In a larger batch, these would be received as often as the failed one and
  # follow it into the dead-letter queue.
  batch_size              = 1
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 10
  }
}

resource "aws_sqs_queue" "orders" {
  name                       = "${var.name}-orders"
  message_retention_seconds  = 1209600           # Fourteen days, so that no order expires while the function is stopped.
  visibility_timeout_seconds = 6 * local.timeout # As AWS recommends.
  sqs_managed_sse_enabled    = true
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed.arn, maxReceiveCount = 5 })
  lifecycle {
    prevent_destroy = true
  }
}

# Orders that need manual review.
resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600 # Fourteen days, the maximum.
  sqs_managed_sse_enabled   = true
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue" "fifo_orders" {
  name                        = "${var.name}-orders.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  message_retention_seconds   = 1209600
  visibility_timeout_seconds  = 6 * local.timeout
  sqs_managed_sse_enabled     = true
  redrive_policy              = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failed_fifo.arn, maxReceiveCount = 5 })
  lifecycle {
    prevent_destroy = true
  }
}

# The dead-letter queue of a FIFO queue must be a FIFO queue.
resource "aws_sqs_queue" "failed_fifo" {
  name                      = "${var.name}-failed.fifo"
  fifo_queue                = true
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  lifecycle {
    prevent_destroy = true
  }
}

module "failed_alarm" {
  source      = "./alarm"
  name        = "${var.name}-failed"
  description = "The dead-letter queue contains orders that were not shipped."
  namespace   = "AWS/SQS"
  metric      = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.failed.name }
  statistic   = "Maximum"
  topic_arn   = var.alarm_topic_arn
}

module "failed_fifo_alarm" {
  source      = "./alarm"
  name        = "${var.name}-failed-fifo"
  description = "The FIFO dead-letter queue contains orders that were not shipped."
  namespace   = "AWS/SQS"
  metric      = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.failed_fifo.name }
  statistic   = "Maximum"
  topic_arn   = var.alarm_topic_arn
}

module "lag_alarm" {
  source      = "./alarm"
  name        = "${var.name}-lag"
  description = "An order has waited in the queue for more than 15 minutes."
  namespace   = "AWS/SQS"
  metric      = "ApproximateAgeOfOldestMessage"
  dimensions  = { QueueName = aws_sqs_queue.orders.name }
  statistic   = "Maximum"
  threshold   = 900
  topic_arn   = var.alarm_topic_arn
}

module "fifo_lag_alarm" {
  source      = "./alarm"
  name        = "${var.name}-fifo-lag"
  description = "An order has waited in the FIFO queue for more than 15 minutes."
  namespace   = "AWS/SQS"
  metric      = "ApproximateAgeOfOldestMessage"
  dimensions  = { QueueName = aws_sqs_queue.fifo_orders.name }
  statistic   = "Maximum"
  threshold   = 900
  topic_arn   = var.alarm_topic_arn
}

# They are in no dead-letter queue.
resource "aws_cloudwatch_log_metric_filter" "discarded_orders" {
  name           = "DiscardedOrders"
  log_group_name = aws_cloudwatch_log_group.logs.name
  pattern        = "{ $.message = \"the record failed and is discarded\" }"
  metric_transformation {
    namespace = var.name
    name      = "DiscardedOrders"
    value     = "1"
  }
}

module "discarded_orders_alarm" {
  source      = "./alarm"
  name        = "${var.name}-discarded"
  description = "Orders that can never be shipped were discarded; the log has the ids of their messages."
  namespace   = var.name
  metric      = "DiscardedOrders"
  topic_arn   = var.alarm_topic_arn
}

resource "aws_dynamodb_table" "shipments" {
  name         = "${var.name}-shipments"
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

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

output "queue_url" {
  value = aws_sqs_queue.orders.url
}

output "fifo_queue_url" {
  value       = aws_sqs_queue.fifo_orders.url
  description = "Send with the customer as message group."
}

output "table_name" {
  value = aws_dynamodb_table.shipments.name
}

output "failed_queue_url" {
  value       = aws_sqs_queue.failed.url
  description = "Dead-letter queue."
}

output "failed_fifo_queue_url" {
  value       = aws_sqs_queue.failed_fifo.url
  description = "Dead-letter queue of the FIFO queue."
}
