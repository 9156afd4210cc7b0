//! The Python leaves: what Rust calls where Python has to answer.
//!
//! They are handed over once per load of the package (`Package.configure`), so that Rust never imports by a
//! name which the drop-in may have changed.

use pyo3::prelude::*;

use crate::extract::Connections;
use crate::pipeline::Gate;
use crate::watch::{Watched, WatchedNames};

/// The members of `_compiled/leaves.py`; each is documented there.
#[derive(FromPyObject)]
pub struct Leaves {
    pub compile_plan: Py<PyAny>,
    pub recompile_graph: Py<PyAny>,
    pub solve_publicly: Py<PyAny>,
    pub plan_is_current: Py<PyAny>,
    pub compile_routes: Py<PyAny>,
    pub routes_are_current: Py<PyAny>,
    pub patches: Py<PyAny>,

    pub new_request: Py<PyAny>,
    pub new_websocket: Py<PyAny>,
    pub new_exit_stack: Py<PyAny>,
    pub exit_callbacks: Option<Py<PyAny>>,
    pub new_injected_response: Py<PyAny>,
    pub new_background_tasks: Py<PyAny>,
    pub new_security_scopes: Py<PyAny>,

    pub undefined: Py<PyAny>,
    pub missing_error: Py<PyAny>,
    pub located_errors: Py<PyAny>,
    pub at_headers: Py<PyAny>,
    pub validate_field: Py<PyAny>,
    pub field_default: Py<PyAny>,
    pub connections: Connections,
    pub connections_are_plain: Py<PyAny>,
    pub bare_object: Py<PyAny>,
    pub params_to_args: Py<PyAny>,
    pub body_to_args: Py<PyAny>,

    pub is_json_content_type: Py<PyAny>,
    pub from_json: Py<PyAny>,
    pub json_module: Py<PyAny>,
    pub json_loads: Py<PyAny>,
    pub read_form: Py<PyAny>,
    pub body_error: Py<PyAny>,
    pub client_disconnect: Py<PyAny>,
    pub validation_error: Py<PyAny>,

    pub run_in_threadpool: Py<PyAny>,
    pub call_in_thread: Py<PyAny>,
    pub call_limited: Py<PyAny>,
    pub enter_generator: Py<PyAny>,
    pub close_stack: Py<PyAny>,
    pub end_generator: Py<PyAny>,
    pub close_generators: Py<PyAny>,
    pub new_cancel_scope: Py<PyAny>,
    pub is_in_cancel_scope: Py<PyAny>,
    pub cancellation_point: Py<PyAny>,
    pub response_not_awaited: Py<PyAny>,

    pub run_endpoint: Py<PyAny>,
    pub stream_response: Py<PyAny>,
    pub response_error: Py<PyAny>,
    pub jsonable_encoder: Py<PyAny>,
    pub json_text: Py<PyAny>,
    pub make_response: Py<PyAny>,
    pub response_class: Py<PyAny>,
    pub plain_response_call: Py<PyAny>,

    pub handle_exception: Py<PyAny>,
    pub http_exception: Py<PyAny>,
    pub default_http_exception_handler: Py<PyAny>,
    pub default_validation_error_handler: Py<PyAny>,
    pub request_validation_error: Py<PyAny>,
    pub starlette_http_exception: Py<PyAny>,
    pub asgi_signature: Py<PyAny>,
    pub method_not_allowed: Py<PyAny>,
    pub fallback: Py<PyAny>,
    pub update_scope: Py<PyAny>,
    pub apply_form_limits: Py<PyAny>,
    pub route_selected: Py<PyAny>,
    pub redirect: Py<PyAny>,
    pub gzip_body: Py<PyAny>,
    pub gzip_responder: Py<PyAny>,
    pub inside_of_stack: Py<PyAny>,
    pub innermost_class: Py<PyAny>,
    pub pipeline_of: Py<PyAny>,
    pub server_error: Py<PyAny>,
    pub watched_classes: Watched,
    pub watched_names: WatchedNames,
    pub match_full: Py<PyAny>,
    pub match_partial: Py<PyAny>,

    pub telemetry_gate: Gate,
    pub telemetry_begin: Py<PyAny>,
    pub telemetry_route: Py<PyAny>,
}
