// cdk deploy -c vpcId=vpc-… -c subnetIds=subnet-…,subnet-… -c securityGroupIds=sg-…
import { App } from "aws-cdk-lib";

import { Infrastructure } from "./stack";

new Infrastructure(new App(), "pilaster-infrastructure-cdk");
