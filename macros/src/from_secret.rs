//! `#[derive(FromSecret)]`.

use proc_macro2::TokenStream;

use crate::from_value::{self, Code, Words};

const WORDS: Words = Words {
    thing: "secret",
    derived: "FromSecret",
    name: "id",
    options: &["stage"],
    fields: ["SecretString", "SecretSlice<u8>"],
    forms: "`#[secret(..)]` takes these options, separated by commas:
    id = \"name or ARN\"     the secret, or
    env = \"VARIABLE\"       the environment variable that names it
    stage = \"AWSPENDING\"   the version, if it is not the current one
    text                   the secret is text, for a struct such as `struct ApiKey(SecretString);`
    binary                 the secret is binary, for a struct such as `struct Key(SecretSlice<u8>);`
    crate = path           the path of the `pilaster` crate if it is renamed or re-exported
without `text` and `binary` the secret is JSON, and the type implements `serde::Deserialize`",
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
