//! `ferroapi._core`: the request path of ferroapi, compiled.

mod attached;
mod call;
mod cell;
mod connection;
mod coroutine;
mod dict_entries;
mod dict_template;
mod epoch;
mod extract;
mod in_flight;
mod interpreter;
mod leaves;
mod middleware;
mod models;
mod own_dict;
mod package;
mod pipeline;
mod plan;
mod request;
mod respond;
mod routing;
mod scope;
mod server;
mod shared;
mod stacks;
mod stamp;
mod traverse;
mod unicode;
mod validate;
mod watch;
mod wire;

use pyo3::prelude::*;

#[pymodule(gil_used = true)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::interpreter::claim(module.py())
    }

    /// Whether the compiler was shown a profile of what this code does (`make guided`).
    #[pymodule_export]
    const PROFILE_GUIDED: bool = option_env!("FERROAPI_GUIDED").is_some();

    #[pymodule_export]
    use crate::coroutine::Coroutine;
    #[pymodule_export]
    use crate::epoch::{bump_epoch, current_epoch};
    #[pymodule_export]
    use crate::middleware::FilteredSend;
    #[pymodule_export]
    use crate::models::{ModelReader, ModelWriter};
    #[pymodule_export]
    use crate::package::PackageHandle;
    #[pymodule_export]
    use crate::pipeline::{
        Entry, Handler, InnerLine, Pipeline, RouteApp, SolvePlan, open, solve_dependencies,
    };
    #[pymodule_export]
    use crate::respond::Sender;
    #[pymodule_export]
    use crate::routing::Dispatcher;
    #[pymodule_export]
    use crate::server::{Exchange, HttpProtocol, ServerFacts, configure_server};
}
