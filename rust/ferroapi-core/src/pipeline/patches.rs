//! Functions of the public `routing` module that somebody replaced.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::cell::AttachedCell;
use crate::epoch;
use crate::leaves::Leaves;

/// A replaced function is called at its place; `None` means that the compiled one serves.
#[derive(FromPyObject)]
pub struct Patches {
    pub solve_dependencies: Option<Py<PyAny>>,
    pub run_endpoint_function: Option<Py<PyAny>>,
    pub serialize_response: Option<Py<PyAny>>,
    pub jsonable_encoder: Option<Py<PyAny>>,
    /// `Request.__init__` is replaced: somebody counts on every request having one.
    pub request_init: bool,
    /// `Request.body` and its like are replaced, so that they have to read the body.
    pub body_methods: bool,
    /// `JSONResponse` is replaced in part, so that it has to write what it is made for.
    pub json_response: bool,
}

static PATCHES: AttachedCell<Option<(u64, Arc<Patches>)>> = AttachedCell::new(None);

/// The patches in force at the present epoch.
pub fn patches(py: Python<'_>, leaves: &Leaves) -> PyResult<Arc<Patches>> {
    let epoch = epoch::current();
    let known = PATCHES.read(py, |known| {
        known
            .as_ref()
            .filter(|(seen, _)| *seen == epoch)
            .map(|(_, patches)| Arc::clone(patches))
    });
    if let Some(patches) = known {
        return Ok(patches);
    }
    let patches: Arc<Patches> = Arc::new(leaves.patches.call0(py)?.extract(py)?);
    drop(PATCHES.replace(py, Some((epoch, Arc::clone(&patches)))));
    Ok(patches)
}
