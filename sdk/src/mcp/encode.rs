//! Writes answers: results and errors of JSON-RPC, and what a tool came to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use super::error::RpcError;
use crate::tools::{Block, Outcome};

/// The form in which a client reads the result of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// A value is put into an object.
    pub(super) is_wrapped: bool,
    /// The revision of the client has the block `resource_link`.
    pub(super) has_links: bool,
}

/// The JSON text of an answer, written from its start to its end.
#[derive(Debug)]
pub(super) struct Answer(Vec<u8>);

impl Answer {
    /// Begins an answer with its id, `null` without one.
    fn new(id: Option<&RawValue>) -> Self {
        // Enough for most answers, which then do not grow.
        let mut answer = Self(Vec::with_capacity(1024));
        answer.raw(r#"{"jsonrpc":"2.0","id":"#).raw(id.map_or("null", RawValue::get));
        answer
    }

    /// Writes a result, whose members `write` adds.
    pub(super) fn result(id: &RawValue, write: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut answer = Self::new(Some(id));
        answer.raw(r#","result":{"#);
        write(&mut answer);
        answer.raw("}}");
        answer.0
    }

    /// Writes an error.
    pub(super) fn error(id: Option<&RawValue>, error: &RpcError) -> Vec<u8> {
        let mut answer = Self::new(id);
        answer.raw(r#","error":{"code":"#).raw(&error.code.to_string()).raw(r#","message":"#).text(&error.message);
        if let Some(data) = &error.data {
            answer.raw(r#","data":"#).raw(data);
        }
        answer.raw("}}");
        answer.0
    }

    /// Adds JSON.
    pub(super) fn raw(&mut self, json: &str) -> &mut Self {
        self.0.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a text.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        // Writing a text into memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, text);
        self
    }

    /// Adds the members of the result of a call.
    pub(super) fn outcome(&mut self, outcome: &Outcome, form: Form) {
        match outcome {
            Outcome::Structured(json) => self.structured(json.get(), form.is_wrapped),
            Outcome::Text(text) => self.content_text(text),
            Outcome::Content(content) => {
                self.raw(r#""content":["#);
                for (at, block) in content.blocks().iter().enumerate() {
                    if at > 0 {
                        self.raw(",");
                    }
                    self.block(block, form);
                }
                self.raw("]");
            }
            Outcome::Failed(error) => self.failure(error.message()),
            Outcome::Invalid(error) => self.failure(&error.to_string()),
            Outcome::Opaque(opaque) => self.failure(&opaque.to_string()),
            Outcome::UnknownTool => self.failure("unknown tool"),
        }
    }

    fn structured(&mut self, json: &str, is_wrapped: bool) {
        // The value, its copy as text with escapes, and what `completed` adds.
        self.0.reserve(json.len() * 2 + json.len() / 4 + 256);
        if is_wrapped {
            let wrapped = format!(r#"{{"result":{json}}}"#);
            self.structured(&wrapped, false);
            return;
        }
        // Clients that do not know structured content read the text.
        self.content_text(json);
        self.raw(r#","structuredContent":"#).raw(json);
    }

    /// Adds a value without its text copy. `content` is a member of each result.
    pub(super) fn structured_alone(&mut self, json: &str, is_wrapped: bool) {
        self.raw(r#""content":[],"structuredContent":"#);
        match is_wrapped {
            true => self.raw(r#"{"result":"#).raw(json).raw("}"),
            false => self.raw(json),
        };
    }

    fn content_text(&mut self, text: &str) {
        self.raw(r#""content":[{"type":"text","text":"#).text(text).raw("}]");
    }

    pub(super) fn failure(&mut self, text: &str) {
        self.content_text(text);
        self.raw(r#","isError":true"#);
    }

    fn block(&mut self, block: &Block, form: Form) {
        let mut media = |kind: &str, media_type: &str, bytes: &[u8]| {
            self.raw(r#"{"type":"#).text(kind).raw(r#","mimeType":"#).text(media_type);
            self.raw(r#","data":""#).raw(&STANDARD.encode(bytes)).raw(r#""}"#);
        };
        match block {
            Block::Image { media_type, bytes } => media("image", media_type, bytes),
            Block::Audio { media_type, bytes } => media("audio", media_type, bytes),
            Block::Link { uri, name } if form.has_links => {
                self.raw(r#"{"type":"resource_link","uri":"#).text(uri).raw(r#","name":"#).text(name).raw("}");
            }
            // The client would refuse the whole result.
            Block::Text { .. } | Block::Link { .. } => {
                self.raw(r#"{"type":"text","text":"#).text(&block.as_text()).raw("}");
            }
            Block::Resource { uri, media_type, text } => {
                self.raw(r#"{"type":"resource","resource":{"uri":"#).text(uri).raw(r#","mimeType":"#).text(media_type);
                self.raw(r#","text":"#).text(text).raw("}}");
            }
        }
    }
}
