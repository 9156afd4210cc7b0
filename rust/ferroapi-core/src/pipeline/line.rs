//! Native layers of a middleware stack and what is inside of them, in one straight line.

use pyo3::PyVisit;
use pyo3::prelude::*;

use super::app::Pipeline;
use crate::attached::attached;
use crate::connection;
use crate::coroutine::Coroutine;
use crate::epoch;
use crate::leaves::Leaves;
use crate::middleware::Layers;
use crate::package::Package;
use crate::request::RequestContext;
use crate::traverse::{Traverse, Visited, traverse};
use crate::watch;

/// A part of a stack, from its outermost native layer inwards.
pub struct Line {
    layers: Layers,
    inside: Inside,
}

/// What is inside of the native layers.
enum Inside {
    /// No middleware that Python must run.
    Compiled(Py<Pipeline>),
    /// The outermost middleware that Python must run.
    Python(Py<PyAny>),
}

traverse!(Line { layers, inside });
traverse!(InnerLine { layer, line } but { package, epoch });

impl Traverse for Inside {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Compiled(pipeline) => pipeline.traverse(visit),
            Self::Python(layer) => layer.traverse(visit),
        }
    }
}

impl Line {
    /// Reads a `StackSpec`.
    pub fn read(leaves: &Leaves, description: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (layers, layer) = Layers::read(description)?;
        let inside = Inside::of(leaves, layer)?;
        Ok(Self { layers, inside })
    }

    /// The quick look: nothing was written to the layers, nor to the innermost one. Moves the epoch if a
    /// class was patched.
    pub fn is_untouched(&self, py: Python<'_>) -> bool {
        self.layers.are_untouched(py)
            && match &self.inside {
                Inside::Compiled(pipeline) => pipeline.get().is_untouched(py),
                Inside::Python(_) => true,
            }
    }

    /// The full look at the innermost layer, after something was written.
    pub fn is_current(&self, py: Python<'_>) -> PyResult<bool> {
        if !self.layers.are_untouched(py) {
            return Ok(false);
        }
        match &self.inside {
            Inside::Compiled(pipeline) => pipeline.get().is_current(py),
            Inside::Python(_) => Ok(true),
        }
    }

    /// Passes a request through the layers to what is inside of them.
    pub async fn serve(&self, cx: &mut RequestContext) -> PyResult<()> {
        let stopped = attached(|py| self.layers.enter(py, cx))?;
        let layer = match (&stopped, &self.inside) {
            (Some(layer), _) | (None, Inside::Python(layer)) => layer,
            (None, Inside::Compiled(pipeline)) => return pipeline.get().serve(cx).await,
        };
        let call = attached(|py| {
            let sender = cx.sender(py)?;
            layer.call1(py, (cx.scope.object(py)?, cx.receive(py)?, sender))
        })?;
        cx.run(call).await
    }
}

impl Inside {
    fn of(leaves: &Leaves, layer: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = layer.py();
        if layer.get_type().is(leaves.innermost_class.bind(py)) {
            let pipeline = leaves.pipeline_of.bind(py).call1((&layer,))?;
            if let Ok(pipeline) = pipeline.cast_into::<Pipeline>() {
                return Ok(Self::Compiled(pipeline.unbind()));
            }
        }
        Ok(Self::Python(layer.unbind()))
    }
}

/// The line that begins at a layer which Python calls, since middleware of the user's is around it.
#[pyclass(frozen, weakref, module = "ferroapi._core")]
pub struct InnerLine {
    package: &'static Package,
    layer: Py<PyAny>,
    line: Line,
    epoch: u64,
}

#[pymethods]
impl InnerLine {
    /// `description`: the `StackSpec` of `layer`.
    #[new]
    fn new(
        py: Python<'_>,
        package: &'static Package,
        layer: Py<PyAny>,
        description: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let epoch = epoch::current();
        let line = Line::read(package.leaves(py)?, description)?;
        Ok(Self {
            package,
            layer,
            line,
            epoch,
        })
    }

    /// Whether the layer itself is native.
    #[getter]
    fn native(&self) -> bool {
        !self.line.layers.is_empty()
    }

    /// Whether this was made for `layer`, and nothing changed since.
    fn is_for(&self, py: Python<'_>, layer: &Bound<'_, PyAny>) -> PyResult<bool> {
        watch::look(py, self.package.leaves(py)?);
        Ok(self.layer.is(layer) && self.line.is_current(py)? && self.epoch == epoch::current())
    }

    /// Takes the layer for unchanged, after this was kept among its attributes.
    fn settle(&self, py: Python<'_>) {
        self.line.layers.settle(py);
    }

    /// Serve one HTTP request as an ASGI application.
    fn serve_http(
        slf: Py<Self>,
        scope: Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> Coroutine {
        let package = slf.get().package;
        connection::serve(package, scope, receive, send, |mut cx| async move {
            slf.get().line.serve(&mut cx).await
        })
    }

    /// Derived data: a copy of the layer starts without it.
    fn __reduce__(&self, py: Python<'_>) -> (Py<PyAny>, ()) {
        (py.None().bind(py).get_type().into_any().unbind(), ())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
