//! Responses written without a `Response` object.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use crate::attached::attached;
use crate::request::RequestContext;

/// A JSON response in parts; what `JSONResponse.__init__` would have made of them.
pub struct JsonResponse {
    pub status: u16,
    pub body: JsonText,
    pub background: Option<Py<PyAny>>,
}

/// The bytes of a JSON text, as whoever wrote them left them.
pub enum JsonText {
    Rust(Vec<u8>),
    Python(Py<PyBytes>),
}

impl JsonText {
    pub fn as_bytes<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        match self {
            Self::Rust(bytes) => bytes,
            Self::Python(bytes) => bytes.as_bytes(py),
        }
    }

    /// The Python object, if that is what it is.
    pub fn object(&self) -> Option<&Py<PyBytes>> {
        match self {
            Self::Rust(_) => None,
            Self::Python(bytes) => Some(bytes),
        }
    }

    fn to_object(&self, py: Python<'_>) -> Py<PyBytes> {
        match self {
            Self::Rust(bytes) => PyBytes::new(py, bytes).unbind(),
            Self::Python(bytes) => bytes.clone_ref(py),
        }
    }
}

/// What goes into the two messages of a plain response.
pub struct ResponseParts {
    pub status: Py<PyAny>,
    pub headers: Py<PyList>,
    pub body: Py<PyAny>,
    pub background: Option<Py<PyAny>>,
}

/// Whether Starlette leaves the body of such a response out.
pub fn is_bodiless(status: u16) -> bool {
    status < 200 || matches!(status, 204 | 205 | 304)
}

impl JsonResponse {
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            body: JsonText::Rust(body),
            background: None,
        }
    }

    /// Adds the head: length and type first, then the headers of the injected response.
    pub fn parts(&self, py: Python<'_>, injected: Option<&Py<PyAny>>) -> PyResult<ResponseParts> {
        let bodiless = is_bodiless(self.status);
        let content_type = shared::json_content_type(py)?;
        let headers = if self.status < 200 || matches!(self.status, 204 | 304) {
            PyList::new(py, [content_type])?
        } else {
            let length = shared::content_length(py, self.body.as_bytes(py).len())?;
            PyList::new(py, [&length, content_type])?
        };
        if let Some(injected) = injected {
            let raw = injected.bind(py).getattr(intern!(py, "raw_headers"))?;
            for header in raw.try_iter()? {
                headers.append(header?)?;
            }
        }
        let body = if bodiless {
            PyBytes::new(py, b"").unbind()
        } else {
            self.body.to_object(py)
        };
        Ok(ResponseParts {
            status: self.status.into_pyobject(py)?.into_any().unbind(),
            headers: headers.unbind(),
            body: body.into_any(),
            background: self.background.as_ref().map(|task| task.clone_ref(py)),
        })
    }
}

/// Sends a JSON response with what the injected response adds to it, then runs the background task.
pub async fn send_json(cx: &mut RequestContext, response: &JsonResponse) -> PyResult<()> {
    let exchange = attached(|py| cx.direct_exchange(py, response.status));
    let Some(exchange) = exchange else {
        let mut parts = attached(|py| response.parts(py, cx.response.as_ref()))?;
        return send_messages(cx, &mut parts).await;
    };
    cx.channel.mark_response_started();
    cx.channel.mark_response_delivered();
    let delivery = cx.delivery(response.background.as_ref());
    let exchange = exchange.get();
    exchange
        .respond_json(&cx.channel, response.status, &response.body, delivery)
        .await?;
    match &response.background {
        Some(background) => Box::pin(run_background(cx, background)).await,
        None => Ok(()),
    }
}

/// Sends head and body, then runs the background task.
pub async fn send_messages(cx: &mut RequestContext, parts: &mut ResponseParts) -> PyResult<()> {
    let other = attached(|py| cx.filtered(py, parts))?;
    let wire = other.as_ref().unwrap_or_else(|| cx.wire());
    let delivery = cx.delivery(parts.background.as_ref());
    wire.respond(&cx.channel, parts, delivery).await?;
    match &parts.background {
        Some(background) => Box::pin(run_background(cx, background)).await,
        None => Ok(()),
    }
}

async fn run_background(cx: &RequestContext, background: &Py<PyAny>) -> PyResult<()> {
    let task = attached(|py| background.call0(py))?;
    cx.run(task).await
}

mod shared {
    //! Headers that many responses have in common.

    use super::{Bound, Py, PyBytes, PyResult, PyTuple, Python};
    use crate::cell::AttachedCell;
    use pyo3::sync::PyOnceLock;

    static JSON_CONTENT_TYPE: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();

    /// Bodies shorter than this share the header that says their length.
    const SHORT: usize = 512;
    static CONTENT_LENGTHS: [AttachedCell<Option<Py<PyTuple>>>; SHORT] =
        [const { AttachedCell::new(None) }; SHORT];

    pub fn content_length(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyTuple>> {
        let Some(place) = CONTENT_LENGTHS.get(length) else {
            return made_content_length(py, length);
        };
        if let Some(known) = place.get(py) {
            return Ok(known.into_bound(py));
        }
        let header = made_content_length(py, length)?;
        place.put(py, Some(header.clone().unbind()));
        Ok(header)
    }

    fn made_content_length(py: Python<'_>, length: usize) -> PyResult<Bound<'_, PyTuple>> {
        let mut text = itoa::Buffer::new();
        pair(py, b"content-length", text.format(length).as_bytes())
    }

    pub fn json_content_type(py: Python<'_>) -> PyResult<&Bound<'_, PyTuple>> {
        let made = || pair(py, b"content-type", b"application/json").map(Bound::unbind);
        Ok(JSON_CONTENT_TYPE.get_or_try_init(py, made)?.bind(py))
    }

    fn pair<'py>(py: Python<'py>, name: &[u8], value: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, [PyBytes::new(py, name), PyBytes::new(py, value)])
    }
}
