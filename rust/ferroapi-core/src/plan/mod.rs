//! The dependency graph of a path operation, compiled to an array of steps, and its execution.

mod check;
mod overrides;
mod solve;
mod spec;
mod traverse;

pub use overrides::same_content;
pub use solve::{Body, Solution, solve};
pub use spec::{Alias, CallKind, Graph, Param, Source, Step, unknown};
