//! The request body as dependencies see it.

use pyo3::prelude::*;

use crate::request::RequestContext;

/// The request body as the handler read it.
pub enum Body {
    /// No body, or none declared.
    Undefined,
    /// JSON content, or raw bytes of another content type.
    Content(Py<PyAny>),
    /// A `FormData`.
    Form(Py<PyAny>),
}

impl Body {
    /// What a Python leaf receives as the body.
    pub fn object(&self, cx: &RequestContext, py: Python<'_>) -> Py<PyAny> {
        match self {
            Self::Undefined => cx.leaves.undefined.clone_ref(py),
            Self::Content(object) | Self::Form(object) => object.clone_ref(py),
        }
    }
}
