//! Why a part of an input cannot be seen.

/// Why a part of a call's input cannot be seen, so that its bill cannot be told from the request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Opaque {
    /// The provider runs a tool, such as a web search, and puts what comes of it into the prompt.
    HostedTool,
    /// The provider goes on from what it has stored: an earlier response, a conversation, a stored prompt, a container.
    StoredState,
    /// A file is named by its id or its address, or its bytes do not bound what it costs.
    File,
    /// The provider puts in what it has cached under a name.
    Cache,
    /// The provider asks servers of tools (MCP) and puts what they say into the prompt.
    Mcp,
}

impl Opaque {
    /// The reason's name in messages, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HostedTool => "hosted_tool",
            Self::StoredState => "stored_state",
            Self::File => "file",
            Self::Cache => "cache",
            Self::Mcp => "mcp",
        }
    }

    /// The reason in the words of a message.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::HostedTool => "the provider runs a tool",
            Self::StoredState => "the provider goes on from what it has stored",
            Self::File => "a file is elsewhere, or its bytes do not tell what it costs",
            Self::Cache => "the provider puts in what it has cached",
            Self::Mcp => "the provider asks MCP servers",
        }
    }
}
