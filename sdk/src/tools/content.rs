//! [`Content`]: blocks of text, pictures, sound and links, as the output of a tool.

use std::borrow::Cow;
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

/// A block of [`Content`]. The methods of `Content` create it, and a pattern ends with `..`.
///
/// # Example
///
/// ```
/// use pilaster::tools::{Block, Content};
///
/// fn pictures(content: &Content) -> usize {
///     content.blocks().iter().filter(|block| matches!(block, Block::Image { .. })).count()
/// }
///
/// let png: &[u8] = b"..";
/// assert_eq!(pictures(&Content::text("The chart of this week").image("image/png", png)), 1);
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Block {
    /// Text.
    #[non_exhaustive]
    Text {
        /// The text.
        text: String,
    },
    /// A picture.
    #[non_exhaustive]
    Image {
        /// The media type, such as `image/png`.
        media_type: String,
        /// The bytes of the picture.
        bytes: Vec<u8>,
    },
    /// Sound.
    #[non_exhaustive]
    Audio {
        /// The media type, such as `audio/wav`.
        media_type: String,
        /// The bytes of the sound.
        bytes: Vec<u8>,
    },
    /// A link to a resource.
    #[non_exhaustive]
    Link {
        /// The URI of the resource.
        uri: String,
        /// The name of the resource.
        name: String,
    },
    /// A resource of text as part of the output.
    #[non_exhaustive]
    Resource {
        /// The URI of the resource.
        uri: String,
        /// The media type, such as `text/plain`.
        media_type: String,
        /// The text of the resource.
        text: String,
    },
}

impl Content {
    /// Creates content of one block of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::default().and_text(text)
    }

    /// Adds a block of text.
    #[must_use]
    pub fn and_text(self, text: impl Into<String>) -> Self {
        self.with(Block::Text { text: text.into() })
    }

    /// Adds a picture, whose media type is such as `image/png`.
    #[must_use]
    pub fn image(self, media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(Block::Image { media_type: media_type.into(), bytes: bytes.into() })
    }

    /// Adds sound, whose media type is such as `audio/wav`.
    #[must_use]
    pub fn audio(self, media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(Block::Audio { media_type: media_type.into(), bytes: bytes.into() })
    }

    /// Adds a link to a resource.
    #[must_use]
    pub fn link(self, uri: impl Into<String>, name: impl Into<String>) -> Self {
        self.with(Block::Link { uri: uri.into(), name: name.into() })
    }

    /// Adds a resource of text, such as a file, with its URI and its media type.
    #[must_use]
    pub fn resource(self, uri: impl Into<String>, media_type: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(Block::Resource { uri: uri.into(), media_type: media_type.into(), text: text.into() })
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
        self.0.iter().map(Block::as_text).collect::<Vec<_>>().join("\n")
    }
}

impl Block {
    /// Returns the block as text, for a protocol that does not have its kind.
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text { text } | Self::Resource { text, .. } => text.into(),
            Self::Image { media_type, bytes } | Self::Audio { media_type, bytes } => {
                format!("[{media_type}, {} bytes]", bytes.len()).into()
            }
            Self::Link { uri, name } => format!("{name}: {uri}").into(),
        }
    }
}

/// The output of a tool may be personal: only the kind of the block is shown.
impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text { .. } => "Text { .. }",
            Self::Image { .. } => "Image { .. }",
            Self::Audio { .. } => "Audio { .. }",
            Self::Link { .. } => "Link { .. }",
            Self::Resource { .. } => "Resource { .. }",
        })
    }
}
