terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }

  # The state is a local file. To deploy from CI or with others, keep it in a bucket:
  # backend "s3" {
  #   bucket       = "…"
  #   key          = "terraform.tfstate"
  #   region       = "…"
  #   use_lockfile = true
  # }
}
