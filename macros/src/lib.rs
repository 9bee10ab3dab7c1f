//! The macros of [`pilaster`](https://docs.rs/pilaster): use them through that crate.

mod lambda_handler;

use proc_macro::TokenStream;

/// Makes a Lambda function of an `async fn`: leaves it as it is and adds `fn main`.
#[proc_macro_attribute]
pub fn lambda_handler(options: TokenStream, item: TokenStream) -> TokenStream {
    lambda_handler::expand(options.into(), item.into()).into()
}
