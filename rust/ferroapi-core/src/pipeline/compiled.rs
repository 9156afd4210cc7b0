//! A path operation as the Python compiler describes it, ready to run.

use pyo3::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::models::ModelWriter;
use crate::plan::{BodyStep, CallKind, Graph, Step, unknown};
use crate::traverse::{Traverse, Visited, traverse};

/// Which body the operation declares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    None,
    Json,
    Form,
}

impl<'a, 'py> FromPyObject<'a, 'py> for BodyKind {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>()?.to_str()? {
            "none" => Ok(Self::None),
            "json" => Ok(Self::Json),
            "form" => Ok(Self::Form),
            other => Err(unknown("body kind", other)),
        }
    }
}

/// A response model on the default response class: validated and dumped to bytes by pydantic-core.
#[derive(FromPyObject)]
pub struct ModelRendering {
    /// `SchemaValidator.validate_python`.
    pub validate: Py<PyAny>,
    /// `SchemaSerializer.to_json`.
    pub dump: Py<PyAny>,
    pub flag_names: Py<PyTuple>,
    pub flags: Vec<Py<PyAny>>,
    /// Writes what `dump` would.
    pub writer: Option<Py<ModelWriter>>,
}

/// How a result that is no `Response` becomes one.
pub enum Rendering {
    /// The default class without a model: the native JSON writer.
    Json,
    Model(ModelRendering),
    /// Another response class, or a model that must be validated in a worker thread.
    Leaf,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Rendering {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, content): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        match kind.to_str()? {
            "json" => Ok(Self::Json),
            "model" => Ok(Self::Model(content.extract()?)),
            "leaf" => Ok(Self::Leaf),
            other => Err(unknown("rendering", other)),
        }
    }
}

/// Everything that is known about a path operation before its first request.
#[derive(FromPyObject)]
pub struct Compiled {
    pub graph: Graph,
    pub body: BodyKind,
    pub strict_content_type: bool,
    pub status: Option<u16>,
    pub rendering: Rendering,
    /// What the plan was made of, for `plan_is_current`.
    pub snapshot: Py<PyAny>,
}

traverse!(Compiled {
    graph, rendering, snapshot
} but {
    body, strict_content_type, status
});
traverse!(ModelRendering {
    validate,
    dump,
    flag_names,
    flags,
    writer
});

impl Traverse for Rendering {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Model(model) => model.traverse(visit),
            Self::Json | Self::Leaf => Ok(()),
        }
    }
}

impl Compiled {
    /// The endpoint's step.
    pub fn endpoint(&self) -> PyResult<&Step> {
        self.graph
            .steps
            .last()
            .ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("a plan without an endpoint"))
    }

    /// What reads the body straight into the one argument that is made of it.
    pub fn body_reader(&self) -> Option<&Py<PyAny>> {
        let mut bodies = self
            .graph
            .steps
            .iter()
            .filter_map(|step| step.body.as_ref());
        match (bodies.next(), bodies.next()) {
            (Some(BodyStep::Whole(param)), None) => param.reader.as_ref(),
            _ => None,
        }
    }

    pub fn streams(&self) -> bool {
        self.graph
            .steps
            .last()
            .is_some_and(|step| step.kind == CallKind::Stream)
    }
}
