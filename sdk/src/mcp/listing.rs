//! [`Listing`]: the tools as `tools/list` shows them, in pages.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::tools::dialect::mcp::{self, MirroredArgument};
use crate::tools::{RegisteredTool, Tools};

/// What precedes the name of a tool in a cursor.
const CURSOR: &str = "after:";

/// The tools of a server. What is made from their schemas is made at first use.
#[derive(Clone)]
pub(super) struct Listing {
    tools: Tools,
    made: Vec<Made>,
}

/// What is made from the schemas of a tool.
#[derive(Clone, Default)]
struct Made {
    json: OnceLock<Box<str>>,
    call: OnceLock<CallRules>,
}

/// What a call needs to know of the schemas of a tool.
#[derive(Clone, Debug)]
pub(super) struct CallRules {
    /// The output is not an object: it is the member `result` of one.
    pub(super) is_wrapped: bool,
    /// The arguments that a header repeats.
    pub(super) mirrored: Vec<MirroredArgument>,
}

/// A page of the tools.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) tools: Vec<&'a str>,
    pub(super) next: Option<String>,
}

impl Listing {
    pub(super) fn new(tools: Tools) -> Self {
        let made = vec![Made::default(); tools.len()];
        Self { tools, made }
    }

    pub(super) fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Returns the page that a cursor begins; `None` for a cursor that this list did not give out.
    ///
    /// A cursor is the name of the last tool before it, so that it means the same in every sandbox.
    pub(super) fn page(&self, cursor: &str, size: usize) -> Option<Page<'_>> {
        let start = match cursor {
            "" => 0,
            cursor => {
                let decoded = URL_SAFE_NO_PAD.decode(cursor).ok()?;
                let name = std::str::from_utf8(&decoded).ok()?.strip_prefix(CURSOR)?;
                self.tools.position(name)? + 1
            }
        };
        let page = self.tools.iter().zip(&self.made).skip(start).take(size);
        let tools = page.map(|(tool, made)| &**made.json.get_or_init(|| mcp::tool(tool).to_string().into()));
        let end = start.saturating_add(size);
        let last = (end < self.tools.len()).then(|| self.tools.iter().nth(end - 1)).flatten();
        let next = last.map(|last| URL_SAFE_NO_PAD.encode(format!("{CURSOR}{}", last.name())));
        Some(Page { tools: tools.collect(), next })
    }

    /// Returns what a call of a tool needs to know.
    pub(super) fn rules(&self, name: &str) -> Option<(&RegisteredTool, &CallRules)> {
        let (tool, made) = (self.tools.get(name)?, self.made.get(self.tools.position(name)?)?);
        let rules = made.call.get_or_init(|| CallRules {
            is_wrapped: tool.output_schema().is_some_and(mcp::is_wrapped),
            mirrored: mcp::mirrored(tool.input_schema()).0,
        });
        Some((tool, rules))
    }
}
