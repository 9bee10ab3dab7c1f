import { test } from "node:test";

import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";

import { Thumbnail } from "./stack";

const template = Template.fromStack(new Thumbnail(new App(), "Test"));

test("the function is not invoked for its own thumbnails", () => {
  template.hasResourceProperties("AWS::Events::Rule", {
    EventPattern: { detail: { object: { key: [{ prefix: "uploads/" }] } } },
  });
  template.resourcePropertiesCountIs("AWS::IAM::Policy", {
    PolicyDocument: {
      Statement: Match.arrayWith([
        { Action: "s3:GetObject", Effect: "Allow", Resource: { "Fn::Join": ["", [Match.anyValue(), "/uploads/*"]] } },
      ]),
    },
  }, 1);
});

test("failed events go to the queue, and the stack has no other function", () => {
  template.resourceCountIs("AWS::Lambda::Function", 1);
  template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", { MaximumRetryAttempts: 2 });
  template.hasResourceProperties("AWS::Events::Rule", { Targets: [{ DeadLetterConfig: Match.anyValue() }] });
});
