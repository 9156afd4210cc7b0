//! The compiled side of an `APIRouter`: its table, and the way in for Python.

use pyo3::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::dispatch::{Found, dispatch};
use super::table::Table;
use crate::attached::attached;
use crate::cell::AttachedCell;
use crate::connection::{self, reduced_to};
use crate::coroutine::Coroutine;
use crate::epoch;
use crate::leaves::Leaves;
use crate::package::Package;
use crate::pipeline::not_found_error;
use crate::shared::{Owned, Shared};
use crate::traverse::{Traverse, Visited, traverse};

struct Known {
    epoch: u64,
    table: Owned<Table>,
}

/// Finds and runs the route of a request. Derived data: it can be dropped and made anew at any time.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct Dispatcher {
    package: &'static Package,
    pub router: Py<PyAny>,
    known: AttachedCell<Option<Known>>,
}

traverse!(Known { table } but { epoch });
traverse!(Dispatcher { router, known } but { package });

impl Dispatcher {
    /// The table in force, rebuilt if the routes changed.
    pub fn table(&self, py: Python<'_>, leaves: &Leaves) -> PyResult<Shared<Table>> {
        let known = self.known.read(py, |known| {
            let known = known.as_ref();
            known.map(|known| (known.epoch, known.table.share()))
        });
        if let Some((_, table)) = &known {
            table.spec.classes.look(py);
        }
        // Taken before anything is read: what another thread changes meanwhile moves it on.
        let epoch = epoch::current();
        if let Some((seen, table)) = known {
            if seen == epoch && !table.spec.volatile && table.spec.plain_routes_are_unchanged(py) {
                return Ok(table);
            }
            table.spec.settle_plain_routes(py);
            let snapshot = &table.spec.snapshot;
            if leaves
                .routes_are_current
                .call1(py, (&self.router, snapshot))?
                .is_truthy(py)?
            {
                self.renew(py, epoch, &table);
                return Ok(table);
            }
        }
        let described = leaves.compile_routes.call1(py, (&self.router,))?;
        let table = Owned::new(Table::build(described.extract(py)?));
        table.spec.settle_plain_routes(py);
        let shared = table.share();
        drop(self.known.replace(py, Some(Known { epoch, table })));
        Ok(shared)
    }

    /// The table holds at this epoch, too.
    fn renew(&self, py: Python<'_>, epoch: u64, table: &Shared<Table>) {
        self.known.update(py, |known| {
            let known = known.as_mut();
            if let Some(known) = known.filter(|known| Shared::ptr_eq(&known.table, table)) {
                known.epoch = epoch;
            }
        });
    }
}

#[pymethods]
impl Dispatcher {
    #[new]
    fn new(package: &'static Package, router: Py<PyAny>) -> Self {
        Self {
            package,
            router,
            known: AttachedCell::new(None),
        }
    }

    #[getter]
    fn router(&self, py: Python<'_>) -> Py<PyAny> {
        self.router.clone_ref(py)
    }

    /// Serve one connection, as the router's ASGI application.
    fn dispatch(
        slf: Py<Self>,
        scope: Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> Coroutine {
        let package = slf.get().package;
        connection::serve(package, scope, receive, send, |mut cx| async move {
            cx.enter_middleware_stack()?;
            match dispatch(slf.get(), &mut cx).await? {
                Found::Route => Ok(()),
                Found::Nothing => Err(attached(|py| not_found_error(py, &cx))),
            }
        })
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let dispatcher = slf.get();
        reduced_to(slf.get_type(), dispatcher.package, &dispatcher.router)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| drop(self.known.take(py)));
    }
}
