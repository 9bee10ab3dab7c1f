#!/usr/bin/env bash
# Deploys what `sam build` has built, and calls it. If the call fails, the alias `live` points to the previous version again.
#
#   deploy.sh STACK COMMAND...          COMMAND gets the output `Url` of the stack as its last argument, such as `curl --fail`
#   deploy.sh --rollback STACK VERSION  points the alias to a version
#
# The stack has the outputs `FunctionName` and `Url`. The template still describes the rejected version: correct it with the next commit.
set -euo pipefail

output() {
  aws cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text
}

point_to() {
  echo "the alias live of $1 points to version $2" >&2
  aws lambda update-alias --function-name "$1" --name live --function-version "$2" >/dev/null
}

if [[ "$1" == --rollback ]]; then
  function="$(output "$2" FunctionName)"
  point_to "$function" "$3"
  exit
fi

stack="$1"
shift

# Before the first deployment there is neither a stack nor a version.
previous=""
if aws cloudformation describe-stacks --stack-name "$stack" >/dev/null 2>&1; then
  function="$(output "$stack" FunctionName)"
  previous="$(aws lambda get-alias --function-name "$function" --name live --query FunctionVersion --output text)"
fi

sam deploy --stack-name "$stack" --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset --no-fail-on-empty-changeset

function="$(output "$stack" FunctionName)"
url="$(output "$stack" Url)"
if ! "$@" "$url"; then
  echo "the deployment does not respond as expected" >&2
  [[ -z "$previous" ]] || point_to "$function" "$previous"
  exit 1
fi
