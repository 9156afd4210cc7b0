//! The Python leaves of the server: what happens seldom, or belongs to uvicorn.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyType};

use crate::cell::AttachedCell;
use crate::shared::Shared;

/// The members of `_server/leaves.py`; each is documented there.
#[derive(FromPyObject)]
pub struct ServerLeaves {
    pub status_lines: Vec<Option<Vec<u8>>>,
    pub status_code: Py<PyAny>,
    pub check_header: Py<PyAny>,
    pub check_length: Py<PyAny>,
    pub local_address: Py<PyAny>,
    pub remote_address: Py<PyAny>,
    pub is_tls: Py<PyAny>,
    pub corkable: Py<PyAny>,
    pub proxy_middleware: Py<PyType>,
    pub proxy_call: Py<PyAny>,
    pub warn: Py<PyAny>,
    pub access_logger: Py<PyAny>,
    pub trace: Py<PyAny>,
    pub log_access: Py<PyAny>,
    pub log_exception: Py<PyAny>,
    pub log_result: Py<PyAny>,
    pub log_unfinished: Py<PyAny>,
    pub upgrade: Py<PyAny>,
    pub report_failure: Py<PyAny>,
    pub head_timeout: Py<PyAny>,
    pub warn_of_upgrade: Py<PyAny>,
    /// `_asyncio.Future`; None if asyncio's classes are others.
    pub future_class: Py<PyAny>,
    pub task_class: Py<PyAny>,
    pub current_tasks: Py<PyDict>,
    pub all_tasks: Py<PyAny>,
    pub all_tasks_data: Option<Py<PySet>>,
    pub nothing: Py<PyAny>,
    pub makes_plain_tasks: Py<PyAny>,
    pub cancelled_error: Py<PyAny>,
}

static LEAVES: AttachedCell<Option<Shared<ServerLeaves>>> = AttachedCell::new(None);

pub fn server_leaves(py: Python<'_>) -> PyResult<Shared<ServerLeaves>> {
    LEAVES.read(py, Clone::clone).ok_or_else(|| {
        PyRuntimeError::new_err("the protocol of ferroapi._core was used before it was configured")
    })
}

/// Hand over the Python leaves of the server. Called by the module of the protocol class.
#[pyfunction]
pub fn configure_server(py: Python<'_>, module: ServerLeaves) {
    drop(LEAVES.replace(py, Some(Shared::new(module))));
}
