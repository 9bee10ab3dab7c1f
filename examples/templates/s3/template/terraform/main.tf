# One bucket with two prefixes. S3 sends its events to EventBridge, whose rule selects those of uploads.

locals {
  memory_size = 256
  timeout     = 30
  environment = {
    POWERTOOLS_SERVICE_NAME = var.name
    BUCKET_NAME             = aws_s3_bucket.bucket.bucket
  }
  # What the function may do, besides writing its log and its traces.
  statements = [
    { actions = ["s3:GetObject"], resources = ["${aws_s3_bucket.bucket.arn}/uploads/*"] },
    # Without it, S3 answers 403 instead of 404 for an upload that was deleted.
    { actions = ["s3:ListBucket"], resources = [aws_s3_bucket.bucket.arn] },
    { actions = ["s3:PutObject", "s3:DeleteObject"], resources = ["${aws_s3_bucket.bucket.arn}/results/*"] },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.failed.arn] },
  ]
  alarms = {
    failed = {
      description = "The dead-letter queue contains uploads without a result."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.failed.name }
      statistic   = "Maximum"
      threshold   = 0
    }
  }
}

resource "aws_s3_bucket" "bucket" {
  bucket_prefix = "uploads-"

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "bucket" {
  bucket                  = aws_s3_bucket.bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_notification" "bucket" {
  bucket      = aws_s3_bucket.bucket.id
  eventbridge = true
}

# Results have another prefix, so the function does not invoke itself.
resource "aws_cloudwatch_event_rule" "uploads" {
  name = "${var.name}-uploads"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created", "Object Deleted"]
    detail = {
      bucket = { name = [aws_s3_bucket.bucket.bucket] }
      object = { key = [{ prefix = "uploads/" }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "function" {
  rule = aws_cloudwatch_event_rule.uploads.name
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
  source_arn    = aws_cloudwatch_event_rule.uploads.arn
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
      values   = [aws_cloudwatch_event_rule.uploads.arn]
    }
  }
}
