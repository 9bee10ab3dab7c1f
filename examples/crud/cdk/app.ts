// cdk deploy
import { App } from "aws-cdk-lib";

import { Crud } from "./stack";

new Crud(new App(), "pilaster-crud-cdk");
