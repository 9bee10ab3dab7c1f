import { test } from "node:test";

import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";

import { Crud } from "./stack";

const template = Template.fromStack(new Crud(new App(), "Test"));

test("each function runs on Arm and writes JSON", () => {
  template.resourceCountIs("AWS::Lambda::Function", 6);
  template.allResourcesProperties("AWS::Lambda::Function", {
    Runtime: "provided.al2023",
    Architectures: ["arm64"],
    LoggingConfig: { LogFormat: "JSON" },
  });
});

test("the function that lists reads the index, and nothing else", () => {
  template.hasResourceProperties("AWS::IAM::Policy", {
    PolicyName: Match.stringLikeRegexp("^ListUsers"),
    PolicyDocument: {
      Statement: Match.arrayEquals([
        Match.objectLike({ Action: "secretsmanager:GetSecretValue" }),
        Match.objectLike({ Action: "dynamodb:Query" }),
        Match.objectLike({ Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"] }),
      ]),
    },
  });
});

test("requests are limited", () => {
  template.allResourcesProperties("AWS::ApiGatewayV2::Stage", {
    DefaultRouteSettings: { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
  });
});
