# The table of tasks with its stream, the function, and the table of the view.

locals {
  memory_size = 256
  timeout     = 30
  environment = {
    POWERTOOLS_SERVICE_NAME = var.name
    VIEW_TABLE              = aws_dynamodb_table.view.name
  }
  # What the function may do, besides writing its log and its traces.
  statements = [
    { actions = ["dynamodb:PutItem", "dynamodb:DeleteItem"], resources = [aws_dynamodb_table.view.arn] },
    {
      actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
      resources = [aws_dynamodb_table.tasks.stream_arn]
    },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.failed.arn] },
  ]
  alarms = {
    failed = {
      description = "The dead-letter queue contains changes that were not applied."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.failed.name }
      statistic   = "Maximum"
      threshold   = 0
    }
    lag = {
      description = "The view is more than 15 minutes behind the tasks."
      namespace   = "AWS/Lambda"
      metric      = "IteratorAge"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
      statistic   = "Maximum"
      threshold   = 900000 # Milliseconds.
    }
  }
}

resource "aws_lambda_event_source_mapping" "changes" {
  event_source_arn        = aws_dynamodb_table.tasks.stream_arn
  function_name           = aws_lambda_function.function.arn
  starting_position       = "TRIM_HORIZON"
  batch_size              = 100
  function_response_types = ["ReportBatchItemFailures"]
  # A change that fails blocks its shard until it is sent to the queue; bisecting keeps its batch small.
  bisect_batch_on_function_error = true
  maximum_retry_attempts         = 10

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed.arn
    }
  }
}

# Your application writes it: the items have the attributes of `Task` in src/view.rs.
resource "aws_dynamodb_table" "tasks" {
  name             = "${var.name}-tasks"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "pk"
  range_key        = "sk"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

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

# It can be rebuilt from the tasks, so it need not be kept.
resource "aws_dynamodb_table" "view" {
  name         = "${var.name}-view"
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

# The stream positions of changes that were not applied. The tasks themselves stay in their table.
resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600 # Fourteen days, the maximum.
  sqs_managed_sse_enabled   = true

  lifecycle {
    prevent_destroy = true
  }
}
