//! A function for the tests of how a process begins and ends. Its hook is chosen by `HOOK`, what its handler does by `HANDLER`.

use std::time::Duration;

use pilaster::http::Json;
use pilaster::{Invocation, StartError};

async fn answer(invocation: Invocation) -> Json<String> {
    match std::env::var("HANDLER").as_deref() {
        Ok("blocks") => std::thread::sleep(Duration::from_secs(3600)),
        Ok("floods") => loop {
            println!("{}", "x".repeat(1000));
        },
        Ok("waits") => {
            println!("begun");
            tokio::time::sleep(Duration::from_millis(100)).await;
            println!("handled");
        }
        _ => {}
    }
    Json(invocation.request_id().to_owned())
}

fn main() -> Result<(), StartError> {
    let function = pilaster::handler(answer);
    let function = match std::env::var("HOOK").as_deref() {
        // Without a line's end: it stays in the buffer until it is flushed.
        Ok("prints") => function.on_shutdown(async || print!("the hook ran")),
        Ok("hangs") => function.on_shutdown(std::future::pending),
        Ok("blocks") => function.on_shutdown(async || std::thread::sleep(Duration::from_secs(3600))),
        Ok("panics") => {
            function.on_shutdown(async || panic!("no good end")).on_shutdown(async || print!("the hook ran"))
        }
        _ => function,
    };
    if std::env::var_os("WITHIN_TOKIO").is_some() {
        return tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(async { pilaster::run(function) });
    }
    pilaster::run(function)
}
