//! [`Descriptions`]: the functions that write a document. A release build without the feature `local` drops them.

use std::any::Any;

#[cfg(any(feature = "openapi", feature = "tools"))]
pub(crate) use self::kept::Descriptions;
#[cfg(all(feature = "mcp", any(debug_assertions, feature = "local", feature = "testing")))]
#[cfg_attr(not(feature = "http"), allow(unused_imports, reason = "functions of HTTP call `of_service`"))]
pub(crate) use self::service::{of_service, read_services};

/// A function that can write what it does into a document, an `openapi::Document`.
pub trait Describe {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// The function is configured wrongly.
    #[doc(hidden)]
    fn describe(&self, document: &mut dyn Any) -> Result<(), String>;
}

#[cfg(any(feature = "openapi", feature = "tools"))]
mod kept {
    use std::any::Any;
    use std::fmt;
    #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
    use std::sync::Arc;

    #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
    type Write = Arc<dyn Fn(&mut dyn Any) + Send + Sync>;

    /// The functions that write a document, in the order in which they were added. The document has any type, since it is
    /// defined to the right of what holds them.
    #[derive(Clone, Default)]
    #[cfg_attr(not(feature = "openapi"), allow(unreachable_pub, reason = "routes have it in public"))]
    pub struct Descriptions {
        #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
        each: Vec<Write>,
    }

    impl Descriptions {
        #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
        #[cfg_attr(
            not(any(feature = "openapi", feature = "bedrock", feature = "agentcore", feature = "mcp")),
            allow(dead_code, reason = "the kinds of tools call it")
        )]
        pub(crate) fn add<D: 'static>(&mut self, write: impl Fn(&mut D) + Send + Sync + 'static) {
            self.each.push(Arc::new(move |document| {
                if let Some(document) = document.downcast_mut() {
                    write(document);
                }
            }));
        }

        /// Drops the function, so that its code is not in the binary.
        #[cfg(not(any(debug_assertions, feature = "local", feature = "testing")))]
        #[cfg_attr(
            not(any(feature = "openapi", feature = "bedrock", feature = "agentcore")),
            allow(dead_code, reason = "the kinds of tools call it")
        )]
        pub(crate) fn add<D: 'static>(&mut self, _: impl Fn(&mut D) + Send + Sync + 'static) {}

        #[cfg(feature = "openapi")]
        pub(crate) fn append(&mut self, other: &Self) {
            #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
            self.each.extend(other.each.iter().cloned());
            #[cfg(not(any(debug_assertions, feature = "local", feature = "testing")))]
            let _ = other;
        }

        pub(crate) fn write(&self, document: &mut dyn Any) {
            #[cfg(any(debug_assertions, feature = "local", feature = "testing"))]
            for write in &self.each {
                write(document);
            }
            #[cfg(not(any(debug_assertions, feature = "local", feature = "testing")))]
            let _ = document;
        }
    }

    impl fmt::Debug for Descriptions {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Descriptions").finish_non_exhaustive()
        }
    }
}

/// What a whole service says of itself. The function of `http` that takes any service does not know the one that has
/// something to say, an MCP server, so the server sets how it is read.
#[cfg(all(feature = "mcp", any(debug_assertions, feature = "local", feature = "testing")))]
mod service {
    use std::any::Any;
    use std::sync::OnceLock;

    use super::Descriptions;

    /// Adds the descriptions of a service of one type; does nothing for another.
    type ReadService = fn(&dyn Any, &mut Descriptions);

    static READ: OnceLock<ReadService> = OnceLock::new();

    /// Sets how a service is read. The first call has an effect, and all have the same function.
    pub(crate) fn read_services(read: ReadService) {
        let _ = READ.set(read);
    }

    /// Returns the descriptions of a service.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "functions of HTTP call it"))]
    pub(crate) fn of_service(service: &dyn Any) -> Descriptions {
        let mut descriptions = Descriptions::default();
        if let Some(read) = READ.get() {
            read(service, &mut descriptions);
        }
        descriptions
    }
}
