import { CfnOutput, Duration, Fn, RemovalPolicy, Stack, StackProps } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import * as api from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { SecurityGroup, Subnet, Vpc } from "aws-cdk-lib/aws-ec2";
import { Rule, RuleTargetInput, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

import { BinaryFunction, watch } from "./lambda";

const ACCESS_LOG =
  '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","route":"$context.routeKey","status":"$context.status","authorizer":"$context.authorizer.error"}';

/** The settings that the examples do not need, on the function of ../../hello, twice. The API is public. */
export class Infrastructure extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const ids = (name: string): string[] => this.node.tryGetContext(name)?.split(",") ?? [`${name}-missing`];

    const logs = new LogGroup(this, "Logs", { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
    const common = {
      binary: "hello",
      timeout: Duration.seconds(10),
      logGroup: logs,
      environment: { POWERTOOLS_SERVICE_NAME: "hello" },
    };

    // Reserved concurrency: 50 at most, and other functions cannot take them. A VPC: AWS services are reached from private subnets only
    // by a NAT gateway or by VPC endpoints.
    const busy = new BinaryFunction(this, "Busy", {
      ...common,
      reservedConcurrentExecutions: 50,
      vpc: Vpc.fromVpcAttributes(this, "Vpc", { vpcId: ids("vpcId")[0], availabilityZones: Fn.getAzs() }),
      vpcSubnets: { subnets: ids("subnetIds").map((id) => Subnet.fromSubnetId(this, id, id)) },
      securityGroups: ids("securityGroupIds").map((id) => SecurityGroup.fromSecurityGroupId(this, id, id)),
    });
    // The API invokes the alias, which a rollback points to an earlier version. Its provisioned concurrency follows the load.
    const live = busy.addAlias("live", { provisionedConcurrentExecutions: 2 });
    live.addAutoScaling({ minCapacity: 2, maxCapacity: 20 }).scaleOnUtilization({ utilizationTarget: 0.7 });

    // Pilaster responds to this event without calling the function. It keeps one sandbox; the next concurrent request still waits.
    const quiet = new BinaryFunction(this, "Quiet", common);
    new Rule(this, "Warm", {
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(quiet, { event: RuleTargetInput.fromObject({ source: "serverless-plugin-warmup" }) })],
    });

    const http = new api.HttpApi(this, "Api", { createDefaultStage: false });
    const stage = http.addStage("Stage", {
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 100 },
      accessLogSettings: {
        destination: new api.LogGroupLogDestination(logs),
        format: AccessLogFormat.custom(ACCESS_LOG),
      },
    });
    const methods = [api.HttpMethod.GET];
    http.addRoutes({ path: "/", methods, integration: new HttpLambdaIntegration("Live", live) });
    http.addRoutes({ path: "/quiet", methods, integration: new HttpLambdaIntegration("Quiet", quiet) });

    watch(this, "ServerErrorAlarm", "The API answers with a server error.", http.metricServerError({ statistic: "Sum" }));
    watch(this, "BusyThrottleAlarm", "Lambda rejects invocations of the function.", busy.metricThrottles());
    watch(this, "QuietThrottleAlarm", "Lambda rejects invocations of the function.", quiet.metricThrottles());
    new CfnOutput(this, "Url", { value: `${stage.url}?name=Ada` });
    new CfnOutput(this, "FunctionName", { value: busy.functionName, description: "Its alias `live` is what a rollback changes." });
  }
}
