//! `#[derive(FromParameter)]`.

use proc_macro2::TokenStream;

use crate::from_value::{self, Code, Words};

const WORDS: Words = Words {
    thing: "parameter",
    derived: "FromParameter",
    name: "name",
    options: &["decrypt", "source"],
    fields: ["String", "Vec<u8>"],
    forms: "`#[parameter(..)]` takes these options, separated by commas:
    name = \"/path/name\"    the parameter, or
    env = \"VARIABLE\"       the environment variable that names it
    decrypt                SSM decrypts the `SecureString`
    source = Settings      the source, if it is not SSM: a type that implements `FromClients` and `AsRef<Parameters>`
    text                   the parameter is text, for a struct such as `struct Level(String);`
    binary                 the parameter is base64, for a struct of its bytes such as `struct Key(Vec<u8>);`
    crate = path           the path of the `pilaster` crate if it is renamed or re-exported
without `text` and `binary` the parameter is JSON, and the type implements `serde::Deserialize`",
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
