#!/usr/bin/env bash
# Deploys what `sam build` has built, and calls it. If that fails, the alias `live` points to the previous version again.
#
#   deploy.sh STACK COMMAND...          COMMAND gets the output `Url` of the stack as its last argument, such as `curl --fail`
#   deploy.sh --rollback STACK VERSION  points the alias to a version
#
# The function has `AutoPublishAlias: live`, and the stack has the outputs `FunctionName` and `Url`. After a rollback the template still
# describes the rejected version, so the next deployment calls it again, also if nothing has changed: correct it with the next commit.
set -euo pipefail

# A request that AWS throttles is sent again.
export AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=10

# Prints an output of a stack, or nothing if the stack does not have it.
output() {
  local value
  value="$(aws cloudformation describe-stacks --stack-name "$1" --query "Stacks[0].Outputs[?OutputKey=='$2'].OutputValue" --output text)" || return
  [[ "$value" == None ]] || echo "$value"
}

point_to() {
  echo "the alias live of $1 points to version $2" >&2
  aws lambda update-alias --function-name "$1" --name live --function-version "$2" >/dev/null
}

version_of_alias() {
  aws lambda get-alias --function-name "$1" --name live --query FunctionVersion --output text
}

# Prints the version that the template describes. The alias points to another one after a rollback.
version_of_stack() {
  local arns
  arns="$(aws cloudformation list-stack-resources --stack-name "$1" --query "StackResourceSummaries[?ResourceType=='AWS::Lambda::Version'].PhysicalResourceId" --output text)" || return
  tr -s '\t ' '\n' <<<"$arns" | sed -n "s/^.*:function:$2:\([0-9]*\)$/\1/p"
}

# `if_it_exists ERROR COMMAND...` prints nothing if the command fails with this error, which says that something does not exist.
# Any other failure is one: it does not say that nothing exists.
if_it_exists() {
  local error="$1" report status=0
  shift
  report="$(mktemp)"
  "$@" 2>"$report" || status=$?
  if ((status)) && grep -q "$error" "$report"; then status=0; else cat "$report" >&2; fi
  rm "$report"
  return "$status"
}

# Deploys, and calls the version that the template describes.
deploy() {
  sam deploy --stack-name "$stack" --resolve-s3 --capabilities CAPABILITY_IAM --no-confirm-changeset --no-fail-on-empty-changeset || return
  local function url deployed current
  function="$(output "$stack" FunctionName)" && url="$(output "$stack" Url)" || return
  [[ -n "$function" && -n "$url" ]] || { echo "$stack needs the outputs FunctionName and Url" >&2 && return 1; }
  deployed="$(version_of_stack "$stack" "$function")" || return
  [[ -n "$deployed" ]] || { echo "$function needs AutoPublishAlias: live" >&2 && return 1; }
  current="$(version_of_alias "$function")" || return
  [[ "$current" == "$deployed" ]] || point_to "$function" "$deployed" || return
  "$@" "$url"
}

if [[ "$1" == --rollback ]]; then
  function="$(output "$2" FunctionName)"
  point_to "$function" "$3"
  exit
fi

stack="$1"
shift

# Before the first deployment there is no stack; a stack that was deployed otherwise may have no such output or alias.
function="$(if_it_exists 'does not exist' output "$stack" FunctionName)"
previous=""
if [[ -n "$function" ]]; then
  previous="$(if_it_exists ResourceNotFoundException version_of_alias "$function")"
fi

if ! deploy "$@"; then
  echo "the deployment failed, or does not respond as expected" >&2
  if [[ -n "$previous" ]]; then point_to "$function" "$previous"; else echo "there is no previous version" >&2; fi
  exit 1
fi
