//! Raw parameter values out of the scope: one pass over query string, headers and cookies per request.

mod cookies;
mod headers;
mod pairs;
mod query;
mod sources;
mod values;

pub use headers::{latin1, settled, visit_each};
pub use sources::Sources;
pub use values::{Found, Values, Wanted};
