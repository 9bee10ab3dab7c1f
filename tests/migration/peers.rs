//! Check 33: the same events, answered by functions of Powertools for Python, of Powertools for TypeScript and of Pilaster, for fields of
//! AppSync, channels of AppSync Events and action groups of Bedrock Agents. See `peers/README.md`.

mod answers;
mod appsync;
mod bedrock;
mod channels;
mod listed;
mod random;
