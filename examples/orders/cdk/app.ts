// cdk deploy
import { App } from "aws-cdk-lib";

import { Orders } from "./stack";

new Orders(new App(), "pilaster-orders-cdk");
