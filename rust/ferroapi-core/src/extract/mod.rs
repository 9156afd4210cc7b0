//! Raw parameter values out of the scope: one pass over query string, headers and cookies per request.

mod cookies;
mod headers;
mod query;
mod values;

pub use headers::first_header;
pub use values::Values;
