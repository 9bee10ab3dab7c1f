//! [`Content`]: blocks of text, pictures, sound and links, as the output of a tool.

use std::fmt;

/// Blocks of content, as the output of a tool in place of one value. A client of MCP shows pictures and plays sound;
/// Bedrock and AgentCore get the [text](Self::text_only) of the blocks.
///
/// # Example
///
/// ```
/// use pilaster::tools::Content;
///
/// let png: &[u8] = b"..";
/// let content = Content::text("The chart of this week").image("image/png", png);
/// assert_eq!(content.blocks().len(), 2);
/// assert_eq!(content.text_only(), "The chart of this week\n[image/png, 2 bytes]");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content(Vec<Block>);

/// A block of [`Content`].
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Block {
    /// Text.
    Text(String),
    /// A picture of a media type, such as `image/png`.
    Image(String, Vec<u8>),
    /// Sound of a media type, such as `audio/wav`.
    Audio(String, Vec<u8>),
    /// A link to a resource: its URI and its name.
    Link(String, String),
    /// A text resource as part of the output: its URI, its media type and its text.
    Resource(String, String, String),
}

impl Content {
    /// Creates content of one block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().and_text(text)
    }

    /// Adds a block of text.
    #[must_use]
    pub fn and_text(self, text: impl Into<String>) -> Self {
        self.with(Block::Text(text.into()))
    }

    /// Adds a picture, whose media type is such as `image/png`.
    #[must_use]
    pub fn image(self, media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(Block::Image(media_type.into(), bytes.into()))
    }

    /// Adds sound, whose media type is such as `audio/wav`.
    #[must_use]
    pub fn audio(self, media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(Block::Audio(media_type.into(), bytes.into()))
    }

    /// Adds a link to a resource.
    #[must_use]
    pub fn link(self, uri: impl Into<String>, name: impl Into<String>) -> Self {
        self.with(Block::Link(uri.into(), name.into()))
    }

    /// Adds a resource of text, such as a file, with its URI and its media type.
    #[must_use]
    pub fn resource(self, uri: impl Into<String>, media_type: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(Block::Resource(uri.into(), media_type.into(), text.into()))
    }

    fn with(mut self, block: Block) -> Self {
        self.0.push(block);
        self
    }

    /// Returns the blocks in their order.
    pub fn blocks(&self) -> &[Block] {
        &self.0
    }

    /// Returns the texts, each on a line; a picture or a sound is its media type and its size.
    pub fn text_only(&self) -> String {
        let lines = self.0.iter().map(|block| match block {
            Block::Text(text) | Block::Resource(_, _, text) => text.clone(),
            Block::Image(media_type, bytes) | Block::Audio(media_type, bytes) => {
                format!("[{media_type}, {} bytes]", bytes.len())
            }
            Block::Link(uri, name) => format!("{name}: {uri}"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The output of a tool may be personal: only the kind of the block is shown.
impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Image(..) => "Image(..)",
            Self::Audio(..) => "Audio(..)",
            Self::Link(..) => "Link(..)",
            Self::Resource(..) => "Resource(..)",
        })
    }
}
