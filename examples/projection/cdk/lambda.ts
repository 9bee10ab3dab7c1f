// The same file in all examples: a function of a binary, a statement of its policy, an alarm.
import { join } from "node:path";

import { Duration } from "aws-cdk-lib";
import { ComparisonOperator, Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import * as lambda from "aws-cdk-lib/aws-lambda";
import { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";

type Settings = Omit<lambda.FunctionOptions, "logGroup" | "timeout" | "initialPolicy"> & {
  /** The binary, which `cargo lambda build` has put into `../target/lambda`. */
  binary: string;
  logGroup: ILogGroup;
  timeout: Duration;
  allow?: PolicyStatement[];
};

/** A function on Arm with JSON log lines and X-Ray, and a role with these statements alone. */
export class BinaryFunction extends lambda.Function {
  constructor(scope: Construct, id: string, { binary, allow, ...options }: Settings) {
    super(scope, id, {
      runtime: lambda.Runtime.PROVIDED_AL2023,
      architecture: lambda.Architecture.ARM_64,
      handler: "bootstrap",
      code: lambda.Code.fromAsset(join(__dirname, `../target/lambda/${binary}/bootstrap.zip`)),
      memorySize: 256,
      tracing: lambda.Tracing.ACTIVE,
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: lambda.ApplicationLogLevel.INFO,
      systemLogLevelV2: lambda.SystemLogLevel.INFO,
      initialPolicy: allow,
      ...options,
    });
  }
}

/** A statement of a policy. The `grant` methods of CDK allow more than these functions need. */
export const allow = (actions: string[], ...resources: string[]) => new PolicyStatement({ actions, resources });

/** A target for failed events that adds nothing to the policy of the function. */
export const destination = (arn: string) => ({ bind: () => ({ destination: arn }) });

/** An alarm on a metric above a threshold within five minutes. It notifies the topic of `-c alarmTopicArn=ARN`. */
export function watch(scope: Construct, id: string, alarmDescription: string, metric: Metric, threshold = 0) {
  const alarm = metric.with({ period: Duration.minutes(5) }).createAlarm(scope, id, {
    alarmDescription,
    threshold,
    evaluationPeriods: 1,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  const alarmActionArn = scope.node.tryGetContext("alarmTopicArn");
  if (alarmActionArn) alarm.addAlarmAction({ bind: () => ({ alarmActionArn }) });
}
