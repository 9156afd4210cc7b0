//! The native layers of one application, in their order.

use pyo3::intern;
use pyo3::prelude::*;

use super::{Layer, Passage};
use crate::request::RequestContext;
use crate::traverse::traverse;
use crate::watch::Watched;

/// The outermost layers of the user's middleware, as far as they are native.
pub struct Layers {
    layers: Vec<Layer>,
    /// The classes whose methods the layers stand for.
    classes: Watched,
}

traverse!(Layers { layers, classes });

impl Layers {
    /// Reads a `StackSpec`; returns what is inside of the layers, too.
    ///
    /// A layer with settings of types that its class does not say is one that Python must run.
    pub fn read<'py>(description: &Bound<'py, PyAny>) -> PyResult<(Self, Bound<'py, PyAny>)> {
        let py = description.py();
        let classes: Watched = description.getattr(intern!(py, "classes"))?.extract()?;
        classes.settle(py);
        let mut read = Self {
            layers: Vec::new(),
            classes,
        };
        for spec in description.getattr(intern!(py, "layers"))?.try_iter()? {
            let spec = spec?;
            match spec.extract() {
                Ok(layer) => read.layers.push(layer),
                Err(_) => return Ok((read, spec.getattr(intern!(py, "layer"))?)),
            }
        }
        Ok((read, description.getattr(intern!(py, "innermost"))?))
    }

    /// Whether the settings are those that were read; moves the epoch if a class was patched.
    pub fn are_untouched(&self, py: Python<'_>) -> bool {
        self.classes.look(py);
        self.layers.iter().all(|layer| layer.is_untouched(py))
    }

    /// Takes the settings as they are now for unchanged.
    pub fn settle(&self, py: Python<'_>) {
        self.layers.iter().for_each(|layer| layer.settle(py));
    }

    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Takes a request in, as far as the layers let it pass.
    ///
    /// Returns the middleware that must be called because it does not pass the request on unchanged.
    pub fn enter(&self, py: Python<'_>, cx: &mut RequestContext) -> PyResult<Option<Py<PyAny>>> {
        for layer in &self.layers {
            match layer.enter(py, &cx.scope)? {
                Passage::Through(None) => {}
                Passage::Through(Some(filter)) => cx.push_filter(filter),
                Passage::Python => return Ok(Some(layer.call.clone_ref(py))),
            }
        }
        Ok(None)
    }
}
