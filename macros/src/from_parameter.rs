//! `#[derive(FromParameter)]`.

use proc_macro2::TokenStream;

use crate::from_value::{self, Code, Words};

const WORDS: Words = Words {
    thing: "parameter",
    derived: "FromParameter",
    name: "name",
    options: &["decrypt", "source"],
    fields: ["String", "Vec<u8>"],
    forms: "`#[parameter(..)]` takes, separated by commas:
    name = \"/path/name\"    the parameter, or
    env = \"VARIABLE\"       the environment variable that names it
    decrypt                lets SSM decrypt a `SecureString`
    source = Settings      where it is from, other than SSM: a type that is `FromClients` and `AsRef<Parameters>`
    text                   the whole text, for a struct such as `struct Level(String);`
    binary                 the bytes that it holds in base64, for a struct such as `struct Key(Vec<u8>);`
without `text` and `binary` the parameter is JSON, read by the type's `serde::Deserialize`",
    code: Code {
        module: "parameters",
        id: "ParameterId",
        id_method: "parameter_id",
        value: "ParameterValue",
        error: "ParameterError",
        read_method: "from_parameter",
    },
};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    from_value::expand(input, &WORDS)
}

#[cfg(test)]
mod tests;
