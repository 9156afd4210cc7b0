//! Functions of the public `routing` module that somebody replaced.

use std::ops::Deref;

use pyo3::prelude::*;

use crate::cell::AttachedCell;
use crate::epoch;
use crate::leaves::Leaves;
use crate::shared::Shared;

/// What is replaced at an epoch.
pub struct Patches {
    epoch: u64,
    /// Those of the package whose functions these are.
    leaves: &'static Leaves,
    found: Found,
}

/// A replaced function is called at its place; `None` means that the compiled one serves.
#[derive(FromPyObject)]
pub struct Found {
    pub solve_dependencies: Option<Py<PyAny>>,
    pub run_endpoint_function: Option<Py<PyAny>>,
    pub serialize_response: Option<Py<PyAny>>,
    pub jsonable_encoder: Option<Py<PyAny>>,
    /// What requests are made of: Starlette's class, unless somebody put another one in its place.
    pub request_class: Py<PyAny>,
    /// That class or its `__init__` is replaced: somebody counts on every request having one.
    pub request_init: bool,
    /// `Request.body` and its like are replaced, so that they have to read the body.
    pub body_methods: bool,
    /// `JSONResponse` is replaced in part, or what it writes with, so that it has to write what it is made for.
    pub json_response: bool,
}

impl Patches {
    /// Whether these are the package's, and nothing can have been replaced since.
    pub fn are_current(&self, leaves: &'static Leaves) -> bool {
        self.epoch == epoch::current() && std::ptr::eq(self.leaves, leaves)
    }
}

impl Deref for Patches {
    type Target = Found;

    fn deref(&self) -> &Found {
        &self.found
    }
}

static PATCHES: AttachedCell<Option<Shared<Patches>>> = AttachedCell::new(None);

/// The patches in force at the present epoch.
pub fn patches(py: Python<'_>, leaves: &'static Leaves) -> PyResult<Shared<Patches>> {
    let known = PATCHES.read(py, |known| {
        let known = known.as_ref();
        known.filter(|known| known.are_current(leaves)).cloned()
    });
    if let Some(known) = known {
        return Ok(known);
    }
    // Taken before anything is read: what another thread changes meanwhile moves it on.
    let epoch = epoch::current();
    let found = leaves.patches.call0(py)?.extract(py)?;
    let fresh = Shared::new(Patches {
        epoch,
        leaves,
        found,
    });
    drop(PATCHES.replace(py, Some(Shared::clone(&fresh))));
    Ok(fresh)
}
