import { test } from "node:test";

import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";

import { Orders } from "./stack";

const template = Template.fromStack(new Orders(new App(), "Test"));

test("a failed message alone is retried, and both queues have a limit of concurrency", () => {
  for (const BatchSize of [10, 1]) {
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
  }
});

test("a message is received five times before it is moved to the dead-letter queue", () => {
  template.resourcePropertiesCountIs("AWS::SQS::Queue", { VisibilityTimeout: 180, RedrivePolicy: { maxReceiveCount: 5 } }, 2);
});
