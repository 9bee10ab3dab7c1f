//! [`Arguments`]: the arguments of a local run.

use std::ffi::OsString;
use std::path::PathBuf;

use super::events::EVENTS;

/// The text of `--help`.
pub(super) const HELP: &str = "\
Runs this Lambda function locally.

An HTTP function:                 cargo run
  listens on http://127.0.0.1:3000; PILASTER_ADDR=host:port sets another address
Any function:                     cargo run -- event.json ..
  calls the function with the event in each file; `-` reads standard input, as does a
  function that is not one of HTTP without a file
  the responses go to standard output, the logs and metrics to standard error

An OpenAPI document:              cargo run -- openapi > openapi.json
  of an HTTP function, with pilaster's feature `openapi`
  openapi --aws LogicalId         for API Gateway, with the integration of the function
  openapi merge a.json b.json     joins the documents of several functions
  --yaml                          with any of them: YAML instead of JSON

The schema of its tools:          cargo run -- tools --dialect agentcore > tool-schema.json
  of a function of tools, with pilaster's feature `tools`; the dialect is agentcore, bedrock or mcp

Options:
  --event NAME   prints an event to start from: sqs, sqs-fifo, sns, s3, kinesis, dynamodb, eventbridge, schedule, http,
                 appsync, appsync-batch, appsync-authorizer, channels, channels-subscribe, channels-authorizer,
                 bedrock, bedrock-openapi, agentcore, agentcore-context (for PILASTER_CLIENT_CONTEXT) or mcp
  --help         prints this text

Variables:
  PILASTER_SECRETS=secrets.json         secrets by id, instead of Secrets Manager
  PILASTER_PARAMETERS=parameters.json   parameters by name, instead of SSM
  PILASTER_CLAIMS='{\"sub\": \"ada\"}'      the claims of a JWT authorizer, or a file with them (HTTP)
  PILASTER_CLIENT_CONTEXT='{..}'         the client context of each call, or a file with it
  PILASTER_HOSTS=dev.example.com        other hosts that an HTTP function responds for
";

#[derive(Debug, PartialEq)]
pub(super) enum Arguments {
    /// A text to print.
    Print(&'static str),
    /// The events to call the function with. Without one an HTTP function is served, and any other reads standard input.
    Call(Vec<Input>),
    /// The OpenAPI document of the function.
    #[cfg(feature = "openapi")]
    Document(Documents, Format),
    #[cfg(feature = "tools")]
    Tools(crate::tools::Dialect),
}

/// The form of a document.
#[cfg(feature = "openapi")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

/// What to print of an OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(Debug, PartialEq)]
pub(crate) enum Documents {
    /// The function's own.
    Own,
    /// The function's own for API Gateway, with this logical id of the function.
    Aws(String),
    /// These files, merged.
    Merged(Vec<PathBuf>),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl Arguments {
    /// Parses the arguments that follow the program's name.
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut inputs = Vec::new();
        let mut names = Vec::new();
        let mut arguments = arguments.into_iter().peekable();
        if arguments.next_if(|first| first == "openapi").is_some() {
            return document(arguments);
        }
        if arguments.next_if(|first| first == "tools").is_some() {
            return tools(arguments);
        }
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--help" | "-h") => return Ok(Self::Print(HELP)),
                Some("--event") => names.push(arguments.next().unwrap_or_default()),
                Some("-") if inputs.contains(&Input::Stdin) => {
                    return Err("`-` is named twice: standard input is read once, to its end".to_owned());
                }
                Some("-") => inputs.push(Input::Stdin),
                Some(option) if option.starts_with('-') => match option.strip_prefix("--event=") {
                    Some(name) => names.push(name.into()),
                    None => return Err("unknown option; `--help` lists the options".to_owned()),
                },
                Some("") => return Err("the name of a file is empty".to_owned()),
                _ => inputs.push(Input::File(argument.into())),
            }
        }
        match &*names {
            [] => Ok(Self::Call(inputs)),
            [name] if inputs.is_empty() => event(&name.to_string_lossy()),
            [_, _, ..] => Err("`--event NAME` is given twice: it prints one event".to_owned()),
            [_] => Err("`--event NAME` prints an event and takes no file: write it to one first".to_owned()),
        }
    }
}

#[cfg(feature = "openapi")]
fn document(rest: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
    let mut rest = rest.collect::<Vec<_>>();
    let all = rest.len();
    rest.retain(|argument| argument != "--yaml");
    let format = match all - rest.len() {
        0 => Format::Json,
        1 => Format::Yaml,
        _ => return Err("`--yaml` is given twice: one document is printed".to_owned()),
    };
    let texts = rest.iter().map(|text| text.to_str()).collect::<Vec<_>>();
    let documents = match &*texts {
        [] => Documents::Own,
        [Some("--aws")] => return Err(AWS.to_owned()),
        [Some("--aws"), Some(id)] if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Documents::Aws((*id).to_owned())
        }
        [Some("--aws"), ..] => return Err(AWS.to_owned()),
        [Some("merge"), _, ..] => Documents::Merged(rest.into_iter().skip(1).map(PathBuf::from).collect()),
        [Some("merge")] => {
            return Err("`openapi merge` takes the files of documents: `openapi merge a.json b.json`".to_owned());
        }
        _ => {
            return Err("`openapi` takes nothing, `--aws LogicalId` or `merge FILE ..`, and `--yaml`, such as \
                        `cargo run -- openapi > openapi.json`"
                .to_owned());
        }
    };
    Ok(Arguments::Document(documents, format))
}

#[cfg(feature = "openapi")]
const AWS: &str = "`openapi --aws` takes the logical id of the function in the template, which is alphanumeric: \
                   `openapi --aws CreateUser`";

#[cfg(not(feature = "openapi"))]
fn document(_: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
    Err("`openapi` needs pilaster's feature `openapi`; a file of this name is `./openapi`".to_owned())
}

#[cfg(feature = "tools")]
fn tools(rest: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
    use crate::tools::Dialect;

    let rest = rest.map(|text| text.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    let dialect = rest.strip_prefix("--dialect").map(|name| name.trim_start_matches('=').trim());
    Ok(Arguments::Tools(match dialect {
        Some("agentcore") => Dialect::AgentCore,
        Some("bedrock") => Dialect::Bedrock,
        Some("mcp") => Dialect::Mcp,
        _ => return Err("`tools` takes `--dialect agentcore`, `--dialect bedrock` or `--dialect mcp`".to_owned()),
    }))
}

#[cfg(not(feature = "tools"))]
fn tools(_: impl Iterator<Item = OsString>) -> Result<Arguments, String> {
    Err("`tools` needs pilaster's feature `tools`; a file of this name is `./tools`".to_owned())
}

fn event(name: &str) -> Result<Arguments, String> {
    match EVENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, event)) => Ok(Arguments::Print(event)),
        None => {
            let names = EVENTS.iter().map(|(name, _)| *name).collect::<Vec<_>>();
            Err(format!("`--event` must be one of {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        Arguments::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn files_and_standard_input_are_inputs() {
        assert_eq!(parse(&[]), Ok(Arguments::Call(Vec::new())));
        assert_eq!(parse(&["a.json", "-"]), Ok(Arguments::Call(vec![Input::File("a.json".into()), Input::Stdin])));
    }

    #[test]
    fn an_option_prints_an_event_or_the_help() {
        assert_eq!(parse(&["--help"]), Ok(Arguments::Print(HELP)));
        for (name, text) in EVENTS {
            assert_eq!(parse(&["--event", name]), Ok(Arguments::Print(text)));
            assert!(HELP.contains(name), "{name}");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{name}");
        }
        assert!(parse(&["--event=nosuch"]).unwrap_err().contains("sqs, sqs-fifo"));
        assert!(parse(&["--event"]).unwrap_err().contains("must be one of"));
        assert!(parse(&["--verbose"]).unwrap_err().contains("--help"));
        assert_eq!(parse(&["--event=SQS"]), parse(&["--event", "sqs"]));
    }

    #[test]
    fn arguments_that_would_be_ignored_are_mistakes() {
        assert!(parse(&["-", "a.json", "-"]).unwrap_err().contains("named twice"));
        for ignored in [["--event", "sqs", "a.json"], ["a.json", "--event", "sqs"], ["a.json", "--event=sqs", "b.json"]]
        {
            assert!(parse(&ignored).unwrap_err().contains("takes no file"), "{ignored:?}");
        }
        for twice in [&["--event", "sqs", "--event", "sns"][..], &["--event=sqs", "--event=sqs"]] {
            assert!(parse(twice).unwrap_err().contains("given twice"), "{twice:?}");
        }
        assert!(parse(&["-v"]).unwrap_err().contains("--help"));
        assert!(parse(&[""]).unwrap_err().contains("empty"));
        assert_eq!(parse(&["a.json", "--help"]), Ok(Arguments::Print(HELP)));
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn documents_are_printed_merged_and_written_for_api_gateway() {
        let document = |documents| Ok(Arguments::Document(documents, Format::Json));
        let yaml = |documents| Ok(Arguments::Document(documents, Format::Yaml));
        assert_eq!(parse(&["openapi"]), document(Documents::Own));
        assert_eq!(parse(&["openapi", "--aws", "Users"]), document(Documents::Aws("Users".to_owned())));
        let files = vec![PathBuf::from("a.json"), PathBuf::from("b.json")];
        assert_eq!(parse(&["openapi", "merge", "a.json", "b.json"]), document(Documents::Merged(files.clone())));
        assert_eq!(parse(&["openapi", "--yaml"]), yaml(Documents::Own));
        for aws in [["openapi", "--aws", "Users", "--yaml"], ["openapi", "--yaml", "--aws", "Users"]] {
            assert_eq!(parse(&aws), yaml(Documents::Aws("Users".to_owned())));
        }
        assert_eq!(parse(&["openapi", "merge", "a.json", "--yaml", "b.json"]), yaml(Documents::Merged(files)));
        for (wrong, says) in [
            (&["openapi", "--aws"][..], "logical id"),
            (&["openapi", "--aws", "a-b"], "alphanumeric"),
            (&["openapi", "--aws", "A", "B"], "logical id"),
            (&["openapi", "merge"], "merge a.json b.json"),
            (&["openapi", "--aws", "--yaml"], "logical id"),
            (&["openapi", "--yaml", "--yaml"], "twice"),
            (&["openapi", "--toml"], "takes nothing"),
        ] {
            assert!(parse(wrong).unwrap_err().contains(says), "{wrong:?}");
        }
        assert_eq!(parse(&["./openapi"]), Ok(Arguments::Call(vec![Input::File("./openapi".into())])));
    }

    #[cfg(feature = "tools")]
    #[test]
    fn the_dialect_of_tools_is_named() {
        use crate::tools::Dialect;

        for (name, dialect) in [("agentcore", Dialect::AgentCore), ("bedrock", Dialect::Bedrock), ("mcp", Dialect::Mcp)]
        {
            assert_eq!(parse(&["tools", "--dialect", name]), Ok(Arguments::Tools(dialect)));
        }
        for wrong in [&["tools"][..], &["tools", "--dialect"], &["tools", "--dialect", "openai"], &["tools", "a.json"]]
        {
            assert!(parse(wrong).unwrap_err().contains("--dialect bedrock"), "{wrong:?}");
        }
        assert_eq!(parse(&["./tools"]), Ok(Arguments::Call(vec![Input::File("./tools".into())])));
    }
}
