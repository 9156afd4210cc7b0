//! One copy of the Python package, with the leaves that it handed over.
//!
//! Its modules can be dropped from `sys.modules` and imported again, while the applications of the former copy go on
//! serving: several copies then stand on one extension. What is compiled belongs to the copy that had it compiled.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::cell::AttachedCell;
use crate::epoch;
use crate::leaves::Leaves;
use crate::pipeline::compile_class;

/// What the extension knows of one copy.
pub struct Package {
    /// The name under which the copy was imported.
    name: String,
    leaves: AttachedCell<Option<&'static Leaves>>,
    /// `FastAPI.__call__`, once for each time that its class was made.
    calls: AttachedCell<Vec<Py<PyAny>>>,
}

impl Package {
    pub fn leaves(&self, py: Python<'_>) -> PyResult<&'static Leaves> {
        let leaves = self.leaves.read(py, |leaves| *leaves);
        leaves.ok_or_else(|| {
            PyRuntimeError::new_err("ferroapi._core was used before the package configured it")
        })
    }

    /// Whether these are the leaves in force.
    pub fn has_leaves(&self, py: Python<'_>, leaves: &'static Leaves) -> bool {
        let is_it = |known: &'static Leaves| std::ptr::eq(known, leaves);
        self.leaves.read(py, |known| known.is_some_and(is_it))
    }

    /// The copy that an application's class belongs to.
    pub fn of_application(app: &Bound<'_, PyAny>) -> PyResult<&'static Self> {
        app.getattr(intern!(app.py(), "_package"))?.extract()
    }

    /// Whether `call` is the `__call__` of an application class of this copy.
    pub fn has_call(&self, call: &Bound<'_, PyAny>) -> bool {
        let py = call.py();
        self.calls
            .read(py, |calls| calls.iter().any(|known| call.is(known)))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for &'static Package {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(object.cast::<PackageHandle>()?.get().0)
    }
}

/// The copy as Python hands it over to what it has compiled.
#[pyclass(frozen, name = "Package", module = "ferroapi._core")]
pub struct PackageHandle(&'static Package);

impl PackageHandle {
    pub fn new(package: &'static Package) -> Self {
        Self(package)
    }
}

#[pymethods]
impl PackageHandle {
    #[new]
    fn make(name: String) -> Self {
        // Never given back: it is made once for each time that the package is loaded, and requests share it.
        Self(Box::leak(Box::new(Package {
            name,
            leaves: AttachedCell::new(None),
            calls: AttachedCell::new(Vec::new()),
        })))
    }

    /// Takes over the Python leaves. Called by their module when it is loaded.
    fn configure(&self, py: Python<'_>, module: Leaves) {
        // As the package itself.
        let leaves: &'static Leaves = Box::leak(Box::new(module));
        self.0.leaves.replace(py, Some(leaves));
        epoch::bump_epoch();
    }

    /// Lets the application class be called without a frame of Python's. Called where it is defined.
    fn compile_call(&self, class_: &Bound<'_, PyType>) -> PyResult<()> {
        let py = class_.py();
        let call = class_.getattr(intern!(py, "__call__"))?.unbind();
        self.0.calls.update(py, |calls| calls.push(call));
        compile_class(class_, self.0)
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: Py<PyAny>) -> Py<Self> {
        slf
    }

    /// Pickled as the copy that has this name where it is unpickled.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (&'static str,))> {
        let find = slf.get_type().getattr(intern!(slf.py(), "find"))?;
        Ok((find, (&slf.get().0.name,)))
    }

    /// The copy of this name, imported with its leaves.
    #[staticmethod]
    fn find<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        py.import(format!("{name}.routing"))?;
        py.import(format!("{name}._package"))?
            .getattr(intern!(py, "PACKAGE"))
    }
}
