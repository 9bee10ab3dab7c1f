# The same file in all examples: a function on Arm of a binary that `cargo lambda build` has put into ../target/lambda, with JSON log
# lines and X-Ray, and a role with the given statements.

variable "name" {
  type = string
}

variable "binary" {
  type = string
}

variable "timeout" {
  type = number
}

variable "memory_size" {
  type    = number
  default = 256
}

variable "environment" {
  type = map(string)
}

variable "statements" {
  type = list(object({ actions = list(string), resources = list(string) }))
}

variable "logs" {
  type        = object({ arn = string, name = string })
  description = "The log group."
}

variable "publish" {
  type        = bool
  default     = false
  description = "Publishes a version at each change, for an alias."
}

variable "reserved_concurrency" {
  type        = number
  default     = -1
  description = "The number of sandboxes that run at most, which other functions cannot take; -1: no limit of its own."
}

variable "vpc" {
  type    = object({ subnet_ids = list(string), security_group_ids = list(string) })
  default = null
}

locals {
  zip = "${path.root}/../target/lambda/${var.binary}/bootstrap.zip"
  own = [
    { actions = ["logs:CreateLogStream", "logs:PutLogEvents"], resources = ["${var.logs.arn}:*"] },
    { actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources = ["*"] },
  ]
}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "own" {
  dynamic "statement" {
    for_each = concat(local.own, var.statements)
    content {
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "own" {
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.own.json
}

resource "aws_iam_role_policy_attachment" "vpc" {
  count      = var.vpc == null ? 0 : 1
  role       = aws_iam_role.this.id
  policy_arn = "arn:${data.aws_partition.current.partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  role                           = aws_iam_role.this.arn
  runtime                        = "provided.al2023"
  architectures                  = ["arm64"]
  handler                        = "bootstrap"
  filename                       = local.zip
  source_code_hash               = filebase64sha256(local.zip)
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  publish                        = var.publish
  reserved_concurrent_executions = var.reserved_concurrency

  environment {
    variables = var.environment
  }

  logging_config {
    log_group             = var.logs.name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # What invokes the function needs its permissions, too.
  depends_on = [aws_iam_role_policy.own, aws_iam_role_policy_attachment.vpc]
}

output "arn" {
  value = aws_lambda_function.this.arn
}

output "invoke_arn" {
  value = aws_lambda_function.this.invoke_arn
}

output "name" {
  value = aws_lambda_function.this.function_name
}

output "version" {
  value = aws_lambda_function.this.version
}
