# A rule of EventBridge, the function that it invokes, the table of invoices, and a dead-letter queue.

locals {
  memory_size = 256
  timeout     = 10
  environment = {
    POWERTOOLS_SERVICE_NAME = var.name
    TABLE_NAME              = aws_dynamodb_table.invoices.name
  }
  # What the function may do, besides writing its log and its traces.
  statements = [
    { actions = ["dynamodb:GetItem", "dynamodb:PutItem"], resources = [aws_dynamodb_table.invoices.arn] },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.failed.arn] },
  ]
  alarms = {
    failed = {
      description = "The dead-letter queue contains paid orders without an invoice."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.failed.name }
      statistic   = "Maximum"
      threshold   = 0
    }
  }
}

# On the default bus; another one: `event_bus_name`, here and in the target.
resource "aws_cloudwatch_event_rule" "order_paid" {
  name = "${var.name}-order-paid"
  event_pattern = jsonencode({
    source      = ["shop"]
    detail-type = ["OrderPaid"]
  })
}

resource "aws_cloudwatch_event_target" "function" {
  rule = aws_cloudwatch_event_rule.order_paid.name
  arn  = aws_lambda_function.function.arn

  # Events that EventBridge could not hand over to Lambda.
  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }
}

resource "aws_lambda_permission" "rule" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.order_paid.arn
}

# EventBridge invokes the function asynchronously; failed events go to the queue.
resource "aws_lambda_function_event_invoke_config" "function" {
  function_name          = aws_lambda_function.function.function_name
  maximum_retry_attempts = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

# Events that were not handled, with the error.
resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600 # Fourteen days, the maximum.
  sqs_managed_sse_enabled   = true

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.url
  policy    = data.aws_iam_policy_document.failed.json
}

# Allows the rule to send to the queue.
data "aws_iam_policy_document" "failed" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.order_paid.arn]
    }
  }
}

resource "aws_dynamodb_table" "invoices" {
  name         = "${var.name}-invoices"
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
