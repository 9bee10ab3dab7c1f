// Verifies tokens of Cognito with AWS's own verifier: reads a list of cases, prints the verdict on each. The key set is a part of the case,
// and `verifySync` fetches none.
import { readFileSync } from "node:fs";
import { CognitoJwtVerifier } from "aws-jwt-verify";

const verdict = ({ token, pool, use, clients, scopes, groups, graceSeconds, jwks }) => {
  const verifier = CognitoJwtVerifier.create({ userPoolId: pool, tokenUse: use, clientId: clients, graceSeconds });
  verifier.cacheJwks(jwks);
  try {
    verifier.verifySync(token, { scope: scopes, groups });
    return "accepted";
  } catch (error) {
    return error.constructor.name;
  }
};

console.log(JSON.stringify(JSON.parse(readFileSync(process.argv[2], "utf8")).map(verdict)));
