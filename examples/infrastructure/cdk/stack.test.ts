import { test } from "node:test";

import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";

import { Infrastructure } from "./stack";

const subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
const group = "sg-0123456789abcdef0";
const context = { vpcId: "vpc-0123456789abcdef0", subnetIds: subnets.join(), securityGroupIds: group };
const template = Template.fromStack(new Infrastructure(new App({ context }), "Test"));

test("the API invokes the alias of the function with provisioned concurrency", () => {
  template.hasResourceProperties("AWS::ApiGatewayV2::Integration", { IntegrationUri: { Ref: Match.stringLikeRegexp("Alias") } });
  template.hasResourceProperties("AWS::Lambda::Alias", {
    Name: "live",
    ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 2 },
  });
});

test("the function is in both subnets and has concurrency of its own", () => {
  template.hasResourceProperties("AWS::Lambda::Function", {
    ReservedConcurrentExecutions: 50,
    VpcConfig: { SubnetIds: subnets, SecurityGroupIds: [group] },
  });
});
