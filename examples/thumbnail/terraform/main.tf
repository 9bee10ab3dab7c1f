# terraform init && terraform apply
#
# One bucket with two prefixes. S3 sends its events to EventBridge, whose rule selects those of uploads.

module "thumbnail" {
  source      = "./function"
  name        = var.name
  binary      = "thumbnail"
  timeout     = 60
  memory_size = 1769 # One full vCPU. An image at the limits needs about 700 MB.
  logs        = aws_cloudwatch_log_group.logs
  environment = {
    POWERTOOLS_SERVICE_NAME = "thumbnail"
    TABLE_NAME              = aws_dynamodb_table.images.name
  }
  statements = [
    { actions = ["s3:GetObject"], resources = ["${aws_s3_bucket.pictures.arn}/uploads/*"] },
    # Without it, S3 answers 403 instead of 404 for an upload that has been deleted.
    { actions = ["s3:ListBucket"], resources = [aws_s3_bucket.pictures.arn] },
    { actions = ["s3:PutObject", "s3:DeleteObject"], resources = ["${aws_s3_bucket.pictures.arn}/thumbnails/*"] },
    { actions = ["dynamodb:GetItem", "dynamodb:PutItem"], resources = [aws_dynamodb_table.images.arn] },
    { actions = ["sqs:SendMessage"], resources = [aws_sqs_queue.failed.arn] },
  ]
}

resource "aws_cloudwatch_event_rule" "upload" {
  name = "${var.name}-upload"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created", "Object Deleted"]
    detail = {
      bucket = { name = [aws_s3_bucket.pictures.bucket] }
      object = { key = [{ prefix = "uploads/" }] } # Thumbnails have another prefix, so the function does not invoke itself.
    }
  })
}

resource "aws_cloudwatch_event_target" "upload" {
  rule = aws_cloudwatch_event_rule.upload.name
  arn  = module.thumbnail.arn
  # Events that EventBridge could not hand over to Lambda.
  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }
}

resource "aws_lambda_permission" "upload" {
  function_name = module.thumbnail.name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.upload.arn
}

# EventBridge invokes the function asynchronously; failed events go to the queue.
resource "aws_lambda_function_event_invoke_config" "thumbnail" {
  function_name          = module.thumbnail.name
  maximum_retry_attempts = 2
  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed.arn
    }
  }
}

resource "aws_s3_bucket" "pictures" {
  bucket_prefix = "${var.name}-"
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "pictures" {
  bucket                  = aws_s3_bucket.pictures.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_notification" "pictures" {
  bucket      = aws_s3_bucket.pictures.id
  eventbridge = true
}

resource "aws_dynamodb_table" "images" {
  name         = "${var.name}-images"
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
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  lifecycle {
    prevent_destroy = true
  }
}

# Events of uploads that were not handled, with the error.
resource "aws_sqs_queue" "failed" {
  name                      = "${var.name}-failed"
  message_retention_seconds = 1209600 # Fourteen days, the maximum.
  sqs_managed_sse_enabled   = true
  lifecycle {
    prevent_destroy = true
  }
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
      values   = [aws_cloudwatch_event_rule.upload.arn]
    }
  }
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.id
  policy    = data.aws_iam_policy_document.failed.json
}

module "failed_alarm" {
  source      = "./alarm"
  name        = "${var.name}-failed"
  description = "The dead-letter queue contains events of uploads that were not handled."
  namespace   = "AWS/SQS"
  metric      = "ApproximateNumberOfMessagesVisible"
  dimensions  = { QueueName = aws_sqs_queue.failed.name }
  statistic   = "Maximum"
  topic_arn   = var.alarm_topic_arn
}

# A metric without an alarm: an upload that is no image is a mistake of its sender.
resource "aws_cloudwatch_log_metric_filter" "rejected_uploads" {
  name           = "RejectedUploads"
  log_group_name = aws_cloudwatch_log_group.logs.name
  pattern        = "{ $.message = \"rejected the upload\" }"
  metric_transformation {
    namespace     = var.name
    name          = "RejectedUploads"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_log_group" "logs" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = 30
}

output "bucket_name" {
  value       = aws_s3_bucket.pictures.bucket
  description = "Images are under uploads/, thumbnails under thumbnails/."
}

output "table_name" {
  value = aws_dynamodb_table.images.name
}

output "failed_queue_url" {
  value       = aws_sqs_queue.failed.url
  description = "Dead-letter queue."
}
