import { test } from "node:test";

import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";

import { Projection } from "./stack";

const template = Template.fromStack(new Projection(new App(), "Test"));

test("a failed record ends in the queue after ten retries", () => {
  template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    BisectBatchOnFunctionError: true,
    DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    MaximumRetryAttempts: 10,
  });
});

test("the events outlive the stack, and the read model does not", () => {
  template.hasResource("AWS::DynamoDB::Table", { DeletionPolicy: "Retain", Properties: { StreamSpecification: Match.anyValue() } });
  template.hasResource("AWS::DynamoDB::Table", { DeletionPolicy: "Delete" });
});
