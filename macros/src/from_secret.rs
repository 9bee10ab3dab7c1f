//! `#[derive(FromSecret)]`.

use proc_macro2::TokenStream;

use crate::from_value::{self, Code, Words};

const WORDS: Words = Words {
    thing: "secret",
    derived: "FromSecret",
    name: "id",
    options: &["stage"],
    fields: ["SecretString", "SecretSlice<u8>"],
    forms: "`#[secret(..)]` takes, separated by commas:
    id = \"name or ARN\"     the secret, or
    env = \"VARIABLE\"       the environment variable that names it
    stage = \"AWSPENDING\"   another version than the current one
    text                   the whole text, for a struct such as `struct ApiKey(SecretString);`
    binary                 the bytes, for a struct such as `struct Key(SecretSlice<u8>);`
without `text` and `binary` the secret is JSON, read by the type's `serde::Deserialize`",
    code: Code {
        module: "secrets",
        id: "SecretId",
        id_method: "secret_id",
        value: "SecretValue",
        error: "SecretError",
        read_method: "from_secret",
    },
};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    from_value::expand(input, &WORDS)
}

#[cfg(test)]
mod tests;
