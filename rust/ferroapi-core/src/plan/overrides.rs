//! `dependency_overrides`: noticing that they are others than a graph was built with.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::spec::Graph;
use crate::cell::AttachedCell;
use crate::request::RequestContext;
use crate::stamp::Stamped;
use crate::traverse::traverse;
use crate::watch;

/// Who has the overrides, usually the application; they are read anew for each request.
pub struct OverridesProvider {
    object: Py<PyAny>,
    /// None for an object without a dict.
    attributes: Option<Stamped>,
    known: AttachedCell<Option<KnownOverrides>>,
}

/// The overrides, and the version of the object's class with which they were found among its attributes.
struct KnownOverrides {
    overrides: Py<PyAny>,
    class_version: u32,
}

traverse!(OverridesProvider {
    object,
    attributes,
    known
});
traverse!(KnownOverrides { overrides } but { class_version });

impl OverridesProvider {
    pub fn new(object: Bound<'_, PyAny>) -> Self {
        Self {
            attributes: Stamped::attributes(&object).ok(),
            object: object.unbind(),
            known: AttachedCell::new(None),
        }
    }

    /// The quick look: there are certainly no overrides.
    fn has_none(&self, py: Python<'_>) -> bool {
        let unchanged = self
            .attributes
            .as_ref()
            .is_some_and(|own| own.is_unchanged(py));
        unchanged
            && self.known.read(py, |known| {
                known.as_ref().is_some_and(|known| {
                    let overrides = known.overrides.bind(py).cast_exact::<PyDict>();
                    overrides.is_ok_and(PyDictMethods::is_empty)
                        && known.class_version == plain_class_version(self.object.bind(py))
                })
            })
    }

    /// The overrides in force; none if there are none.
    pub fn overrides<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if self.has_none(py) {
            return Ok(None);
        }
        let overrides = self.present(py)?;
        Ok(overrides.is_truthy()?.then_some(overrides))
    }

    fn present<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let object = self.object.bind(py);
        let version = plain_class_version(object);
        let Some(attributes) = self.attributes.as_ref().filter(|_| version != 0) else {
            return object.getattr(intern!(py, "dependency_overrides"));
        };
        let known = self.known.read(py, |known| {
            let known = known.as_ref();
            let known = known.filter(|known| known.class_version == version);
            known.map(|known| known.overrides.bind(py).clone())
        });
        if let Some(known) = known.filter(|_| attributes.is_unchanged(py)) {
            return Ok(known);
        }
        attributes.settle(py);
        let overrides = object.getattr(intern!(py, "dependency_overrides"))?;
        let own = attributes
            .dict(py)
            .get_item(intern!(py, "dependency_overrides"))?;
        let known = own.filter(|own| own.is(&overrides));
        let known = known.map(|own| KnownOverrides {
            overrides: own.unbind(),
            class_version: version,
        });
        drop(self.known.replace(py, known));
        Ok(overrides)
    }
}

/// The version of an object's class; zero if it has none, or finds attributes in a way of its own.
fn plain_class_version(object: &Bound<'_, PyAny>) -> u32 {
    let class = object.get_type();
    // SAFETY: a live type object, whose field is read while attached to the interpreter.
    let find = unsafe { (*class.as_type_ptr()).tp_getattro };
    let plain: ffi::getattrofunc = ffi::PyObject_GenericGetAttr;
    if find.is_some_and(|find| std::ptr::fn_addr_eq(find, plain)) {
        watch::version(&class)
    } else {
        0
    }
}

/// The graph with other overrides for whatever comes after step `done`, if they changed.
pub fn rebuilt(
    py: Python<'_>,
    cx: &RequestContext,
    graph: &Graph,
    done: usize,
    provider: Option<&OverridesProvider>,
) -> PyResult<Option<Graph>> {
    let Some(provider) = provider else {
        return Ok(None);
    };
    if graph.overrides.is_none() && provider.has_none(py) {
        return Ok(None);
    }
    let overrides = provider.present(py)?;
    let unchanged = match &graph.overrides {
        None => !overrides.is_truthy()?,
        // Another kind of mapping can't be compared cheaply; it counts as it was at the start.
        Some(seen) => {
            !overrides.is_instance_of::<PyDict>() || same_content(&overrides, seen.bind(py))?
        }
    };
    if unchanged {
        return Ok(None);
    }
    let described = cx
        .leaves
        .recompile_graph
        .call1(py, (&graph.builder, done, overrides))?;
    described.extract(py)
}

/// The same keys with the identical values.
fn same_content(overrides: &Bound<'_, PyAny>, seen: &Bound<'_, PyDict>) -> PyResult<bool> {
    let Ok(overrides) = overrides.cast::<PyDict>() else {
        return Ok(false);
    };
    if overrides.len() != seen.len() {
        return Ok(false);
    }
    for (key, value) in seen {
        if !overrides
            .get_item(key)?
            .is_some_and(|present| present.is(&value))
        {
            return Ok(false);
        }
    }
    Ok(true)
}
