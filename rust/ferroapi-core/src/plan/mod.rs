//! The dependency graph of a path operation, compiled to an array of steps, and its execution.

mod body;
mod check;
mod overrides;
mod param_model;
mod plain;
mod solve;
mod solver;
mod spec;
mod traverse;

pub use body::{Body, parse_json, replaced_parser};
pub use overrides::OverridesProvider;
pub use solve::{Solution, solve};
pub use spec::{Alias, BodyStep, CallKind, Graph, Source, Step, unknown};
