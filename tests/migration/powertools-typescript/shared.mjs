// An idempotent function of Powertools for TypeScript, over a table that it shares with Pilaster.
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";

export async function charge({ table, key, order, returns }, context) {
  let ran = false;
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: table });
  const config = new IdempotencyConfig({ eventKeyJmesPath: key });
  config.registerLambdaContext(context);
  const once = makeIdempotent(
    async () => {
      ran = true;
      return returns;
    },
    { persistenceStore, config, keyPrefix: "orders" },
  );
  return { result: await once(order, context), ran };
}
