// cdk deploy
import { App } from "aws-cdk-lib";

import { Thumbnail } from "./stack";

new Thumbnail(new App(), "pilaster-thumbnail-cdk");
