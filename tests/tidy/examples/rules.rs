//! Each rule reports an example that breaks it, and only what is broken.
