//! Calls of a registry: results, errors, panics, deadlines.
