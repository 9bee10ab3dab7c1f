//! The local run: started outside of Lambda, the same binary serves itself.
//!
//! An HTTP function starts a server; any other reads an event from a file or from standard input and prints its
//! response, as an HTTP function does if its arguments name files. It is compiled into debug builds and with feature `local`; a release
//! build does not contain it otherwise.

mod arguments;
mod event;
mod events;
mod files;
#[cfg(feature = "http")]
mod hosts;
#[cfg(feature = "http")]
mod http;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::Context;

use self::arguments::{Arguments, Input};
use crate::core::error::BoxError;
use crate::core::invocation::Invocation;
use crate::core::raw::{RawEvent, RawService};
use crate::function::StartError;

/// The inputs that the arguments of a local run name.
pub(crate) enum Inputs {
    Events(Vec<Input>),
    /// None: the function writes an OpenAPI document.
    #[cfg(feature = "openapi")]
    Document(arguments::Documents, arguments::Format),
    /// The schema of the tools.
    #[cfg(feature = "tools")]
    Tools(crate::tools::Dialect),
}

/// A local run whose arguments, files and address are valid: the function may have effects from here on.
pub(crate) enum Prepared {
    Events(Vec<RawEvent>),
    #[cfg(feature = "http")]
    Server(http::Server),
}

impl Inputs {
    /// Reads the arguments that follow the program's name, and the secrets and parameters that replace those of AWS.
    /// Returns `None` if the arguments only print a text.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, StartError> {
        let inputs = match Arguments::parse(arguments).map_err(|mistake| failed(mistake.into()))? {
            Arguments::Print(text) => {
                print(format_args!("{}", text.trim_end()));
                return Ok(None);
            }
            Arguments::Call(inputs) => inputs,
            #[cfg(feature = "openapi")]
            Arguments::Document(documents, format) => return Ok(Some(Self::Document(documents, format))),
            #[cfg(feature = "tools")]
            Arguments::Tools(dialect) => return Ok(Some(Self::Tools(dialect))),
        };
        #[cfg(feature = "clients")]
        files::insert().map_err(failed)?;
        Ok(Some(Self::Events(inputs)))
    }

    /// Reads the events, or opens the port of an HTTP function.
    pub(crate) fn prepare(self, is_http: bool) -> Result<Prepared, StartError> {
        let inputs = match self {
            Self::Events(inputs) => inputs,
            #[cfg(feature = "openapi")]
            Self::Document(..) => Vec::new(),
            #[cfg(feature = "tools")]
            Self::Tools(_) => Vec::new(),
        };
        #[cfg(feature = "http")]
        if is_http && inputs.is_empty() {
            return http::Server::bind().map(Prepared::Server).map_err(failed);
        }
        let _ = is_http;
        event::read(inputs).map(Prepared::Events).map_err(failed)
    }
}

impl Prepared {
    /// Serves the function until Ctrl-C, or with the events of its arguments.
    pub(crate) async fn serve<S: RawService>(self, service: S, routes: Vec<&'static str>) -> Result<(), StartError> {
        let served = match self {
            #[cfg(feature = "http")]
            Self::Server(server) => server.serve(service, routes).await,
            Self::Events(events) => event::serve(service, events).await,
        };
        #[cfg(not(feature = "http"))]
        let _ = routes;
        served.map_err(failed)
    }
}

/// Prints an OpenAPI document to standard output, and what it lacks to standard error.
#[cfg(feature = "openapi")]
pub(crate) fn print_document(
    documents: &arguments::Documents,
    format: arguments::Format,
    function: &impl crate::function::IntoService,
) -> Result<(), StartError> {
    use arguments::{Documents, Format};

    use crate::openapi::{merge, of};

    let document = match documents {
        Documents::Own => of(function),
        Documents::Aws(logical_id) => of(function).and_then(|document| document.to_aws(logical_id)),
        Documents::Merged(paths) => merge(paths.iter().map(|path| read_document(path)).collect::<Result<Vec<_>, _>>()?),
    };
    let document = document.map_err(|faults| StartError::new(format!("openapi: {faults}")))?;
    for warning in document.warnings() {
        let _ = writeln!(io::stderr(), "warning: {warning}");
    }
    let text = match format {
        Format::Json => document.to_json(),
        Format::Yaml => document.to_yaml(),
    };
    print(format_args!("{}", text.trim_end_matches('\n')));
    Ok(())
}

#[cfg(feature = "openapi")]
fn read_document(path: &std::path::Path) -> Result<(String, serde_json::Value), StartError> {
    let name = path.display().to_string();
    let text =
        std::fs::read(path).map_err(|error| StartError::new(format!("openapi: `{name}` cannot be read: {error}")))?;
    let value = serde_json::from_slice(&text)
        .map_err(|error| StartError::new(format!("openapi: `{name}` is no JSON (line {})", error.line())))?;
    Ok((name, value))
}

#[cfg(feature = "tools")]
const NO_TOOLS: &str = match cfg!(feature = "mcp") {
    false => "tools: this function has none",
    true => {
        "tools: this function has none; the tools of an MCP server that is a route of a router are not known here: write \
         `Tools::mcp_schema()` into a file by `testing::assert_schema` in a test"
    }
};

/// Prints the schema of the tools of a function.
#[cfg(feature = "tools")]
pub(crate) fn print_tools(
    dialect: crate::tools::Dialect,
    function: &impl crate::function::IntoService,
) -> Result<(), StartError> {
    let mut tools = None::<crate::tools::Tools>;
    function.describe(&mut tools).map_err(StartError::new)?;
    let tools = tools.ok_or_else(|| StartError::new(NO_TOOLS))?;
    let schema = tools.schema(dialect).map_err(|faults| StartError::new(format!("tools: {faults}")))?;
    print(format_args!("{schema:#}"));
    Ok(())
}

fn failed(error: BoxError) -> StartError {
    StartError::because("local run", &error)
}

/// Creates an invocation with this time-out.
fn invocation(timeout: Duration) -> Result<Invocation, BoxError> {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let mut context = Context::default();
    context.request_id = format!("local-{}", COUNT.fetch_add(1, Ordering::Relaxed));
    context.deadline = u64::try_from((now + timeout).as_millis())?;
    context.invoked_function_arn = "arn:aws:lambda:local:000000000000:function:local".to_owned();
    #[cfg(feature = "agentcore")]
    {
        context.client_context = files::client_context()?;
    }
    Ok(Invocation::first_is_cold(context))
}

/// Prints a line. `println!` panics once standard output has no reader (`cargo run | head`).
fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stdout(), "{line}");
}
