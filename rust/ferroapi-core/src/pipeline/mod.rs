//! The straight line of one request: body, dependencies, endpoint, response, errors.

mod app;
mod body;
mod call_slot;
mod compiled;
mod default_errors;
mod endpoint;
mod entry;
mod errors;
mod handler;
mod line;
mod patches;
mod route_app;
mod solve_door;
mod telemetry;

pub use app::Pipeline;
pub use call_slot::{compile_class, is_application};
pub use entry::{Entry, Known, entry_of, open, serve_app};
pub use errors::not_found_error;
pub use handler::Handler;
pub use line::InnerLine;
pub use patches::{Patches, patches};
pub use route_app::RouteApp;
pub use solve_door::{SolvePlan, solve_dependencies};
pub use telemetry::Gate;
