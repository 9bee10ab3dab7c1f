// cdk deploy
import { App } from "aws-cdk-lib";

import { Projection } from "./stack";

new Projection(new App(), "pilaster-projection-cdk");
