import { CfnOutput, Duration, RemovalPolicy, Stack, StackProps } from "aws-cdk-lib";
import * as api from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import { Metric } from "aws-cdk-lib/aws-cloudwatch";
import { AttributeType, BillingMode, Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";

import { allow, BinaryFunction, watch } from "./lambda";

// Also of the requests that the API rejects.
const ACCESS_LOG =
  '{"requestId":"$context.requestId","ip":"$context.identity.sourceIp","route":"$context.routeKey","status":"$context.status","authorizer":"$context.authorizer.error"}';

/** The service twice with one table: one function with a router, and one function per route. Keep the one you need. Both APIs are public. */
export class Crud extends Stack {
  private readonly logs = new LogGroup(this, "Logs", {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });

  private readonly users = new Table(this, "Users", {
    partitionKey: { name: "pk", type: AttributeType.STRING },
    sortKey: { name: "sk", type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });

  private readonly apiKey = new Secret(this, "ApiKey", {
    description: "The API key that callers of the users API send as x-api-key.",
    generateSecretString: {
      secretStringTemplate: "{}",
      generateStringKey: "key",
      passwordLength: 40,
      excludePunctuation: true,
    },
  });

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, { description: "Users in DynamoDB behind an HTTP API.", ...props });
    this.users.addGlobalSecondaryIndex({
      indexName: "index",
      partitionKey: { name: "index_pk", type: AttributeType.STRING },
      sortKey: { name: "index_sk", type: AttributeType.STRING },
    });
    const { tableArn } = this.users;
    const query = allow(["dynamodb:Query"], `${tableArn}/index/index`);
    const change = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"];

    // One function with a router: it receives every request, also unknown paths.
    const router = this.api("Router");
    const integration = this.function("Router", "crud", allow(change, tableArn), query);
    new api.HttpRoute(this, "Any", { httpApi: router, routeKey: api.HttpRouteKey.DEFAULT, integration });

    // One function per route, each with the permissions of its route.
    const routes = this.api("Routes");
    const { GET, POST, PATCH, DELETE } = api.HttpMethod;
    const route = (id: string, binary: string, method: api.HttpMethod, path: string, ...statements: PolicyStatement[]) =>
      routes.addRoutes({ path, methods: [method], integration: this.function(id, binary, ...statements) });
    // The user and the lock of its address.
    route("CreateUser", "create-user", POST, "/users", allow(["dynamodb:GetItem", "dynamodb:PutItem"], tableArn));
    route("ListUsers", "list-users", GET, "/users", query);
    route("GetUser", "get-user", GET, "/users/{id}", allow(["dynamodb:GetItem"], tableArn));
    // A changed address deletes a lock.
    route("UpdateUser", "update-user", PATCH, "/users/{id}", allow(change, tableArn));
    route("DeleteUser", "delete-user", DELETE, "/users/{id}", allow(["dynamodb:GetItem", "dynamodb:DeleteItem"], tableArn));

    // DynamoDB throttles writes of the table or of its index; callers get 503.
    const throttled = { namespace: "AWS/DynamoDB", metricName: "WriteThrottleEvents", statistic: "Sum" };
    const TableName = this.users.tableName;
    const dimensions = { Table: { TableName }, Index: { TableName, GlobalSecondaryIndexName: "index" } };
    for (const [id, dimensionsMap] of Object.entries(dimensions)) {
      const metric = new Metric({ ...throttled, dimensionsMap });
      watch(this, `${id}ThrottleAlarm`, "DynamoDB throttles writes; callers get 503.", metric);
    }

    new CfnOutput(this, "TableName", { value: TableName, description: "Table of users and address locks." });
    new CfnOutput(this, "ApiKeySecret", { value: this.apiKey.secretArn, description: "Secret with the API key." });
  }

  /** A public HTTP API. Requests beyond the limits get 429. */
  private api(name: string) {
    const httpApi = new api.HttpApi(this, `${name}Api`, { createDefaultStage: false });
    const stage = httpApi.addStage("Stage", {
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 100 },
      accessLogSettings: {
        destination: new api.LogGroupLogDestination(this.logs),
        format: AccessLogFormat.custom(ACCESS_LOG),
      },
    });
    const metric = httpApi.metricServerError({ statistic: "Sum" });
    watch(this, `${name}ErrorAlarm`, "The API answers with a server error.", metric);
    new CfnOutput(this, `${name}Url`, { value: stage.url.replace(/\/$/, "") });
    return httpApi;
  }

  /** A function that reads the API key, and the integration of an API with it. */
  private function(id: string, binary: string, ...statements: PolicyStatement[]) {
    const own = new BinaryFunction(this, id, {
      binary,
      timeout: Duration.seconds(10),
      logGroup: this.logs,
      environment: {
        TABLE_NAME: this.users.tableName,
        API_KEY_SECRET: this.apiKey.secretArn,
        POWERTOOLS_SERVICE_NAME: "users",
      },
      allow: [allow(["secretsmanager:GetSecretValue"], this.apiKey.secretArn), ...statements],
    });
    watch(this, `${id}ThrottleAlarm`, "Lambda rejects invocations of the function.", own.metricThrottles());
    return new HttpLambdaIntegration(id, own);
  }
}
