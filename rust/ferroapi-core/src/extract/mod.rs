//! Raw parameter values of a request: out of its scope until Python code has had a connection object, then out of that.

mod asked;
mod connections;
mod cookies;
mod headers;
mod pairs;
mod pinned;
mod query;
mod sources;
mod values;

pub use connections::Connections;
pub use headers::{Headers, latin1};
pub use pinned::pin;
pub use values::{Found, Values, Wanted};
