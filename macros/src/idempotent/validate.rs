//! The checks of a signature that work without type information.

use syn::{Error, Result, ReturnType};

use super::parse::Function;

/// Returns the reason why the function cannot be idempotent.
pub(super) fn check(function: &Function) -> Result<()> {
    let sig = &function.sig;
    if let Some(receiver) = sig.receiver() {
        let text = "an idempotent function must be a free function: in a method, call `Idempotency::run`";
        return Err(Error::new(receiver.self_token.span, text));
    }
    if sig.asyncness.is_none() {
        return Err(Error::new(
            sig.fn_token.span,
            "an idempotent function must be an `async fn`: write `async` before `fn`",
        ));
    }
    if matches!(sig.output, ReturnType::Default) {
        let text = "an idempotent function must return a `Result`, whose error implements `From<IdempotencyError>`";
        return Err(Error::new(sig.paren_token.span.close(), text));
    }
    Ok(())
}
