import { App } from 'aws-cdk-lib';
import { ServiceStack } from './stack';

const app = new App();

// `npx cdk deploy -c alarmTopicArn=arn:…`: the SNS topic that the alarms notify.
new ServiceStack(app, '{{ project_name | replace: "_", "-" }}', {
  alarmTopicArn: app.node.tryGetContext('alarmTopicArn'),
});
