//! The request body as dependencies see it.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::leaves::Leaves;
use crate::request::RequestContext;

/// The request body as the handler read it.
pub enum Body {
    /// No body, or none declared.
    Undefined,
    /// JSON content, or raw bytes of another content type.
    Content(Py<PyAny>),
    /// JSON that was validated while it was parsed, for the one parameter with this reader.
    Validated {
        value: Py<PyAny>,
        reader: Py<PyAny>,
        bytes: Py<PyAny>,
    },
    /// A `FormData`.
    Form(Py<PyAny>),
}

impl Body {
    /// What a Python leaf receives as the body.
    ///
    /// # Errors
    /// As for [`content`](Self::content).
    pub fn object(&self, cx: &RequestContext, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let content = self.content(cx, py)?;
        Ok(content.unwrap_or_else(|| cx.leaves.undefined.clone_ref(py)))
    }

    /// The content, if there is a body.
    ///
    /// # Errors
    /// What the JSON parser says of bytes that only a validator has read so far.
    pub fn content(&self, cx: &RequestContext, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self {
            Self::Undefined => Ok(None),
            Self::Content(object) | Self::Form(object) => Ok(Some(object.clone_ref(py))),
            Self::Validated { bytes, .. } => parse_json(py, cx.leaves, bytes).map(Some),
        }
    }

    /// The value that `reader` has made of the body already.
    pub fn validated_by(&self, py: Python<'_>, reader: Option<&Py<PyAny>>) -> Option<Py<PyAny>> {
        match self {
            Self::Validated {
                value, reader: by, ..
            } if reader.is_some_and(|found| found.is(by)) => Some(value.clone_ref(py)),
            _ => None,
        }
    }
}

/// pydantic's parser first; where it refuses, the standard library's leniencies and errors count.
pub fn parse_json(py: Python<'_>, leaves: &Leaves, bytes: &Py<PyAny>) -> PyResult<Py<PyAny>> {
    if let Some(loads) = replaced_parser(py, leaves)? {
        return loads.call1((bytes,)).map(Bound::unbind);
    }
    match leaves.from_json.call1(py, (bytes,)) {
        Err(error) if error.is_instance_of::<PyValueError>(py) => {
            leaves.json_loads.call1(py, (bytes,))
        }
        outcome => outcome,
    }
}

/// `json.loads`, if somebody replaced it.
pub fn replaced_parser<'py>(
    py: Python<'py>,
    leaves: &Leaves,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let loads = leaves.json_module.bind(py).getattr(intern!(py, "loads"))?;
    Ok((!loads.is(leaves.json_loads.bind(py))).then_some(loads))
}
