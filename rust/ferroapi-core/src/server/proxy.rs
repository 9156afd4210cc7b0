//! uvicorn's `ProxyHeadersMiddleware`, seen through: the same trust, without its frame around every request.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::head::RequestHead;
use super::leaves::ServerLeaves;
use crate::traverse::traverse;

/// The middleware in front of the application.
pub struct Proxy {
    /// `ProxyHeadersMiddleware.trusted_hosts`.
    trusted: Py<PyAny>,
}

traverse!(Proxy { trusted });

impl Proxy {
    /// The application inside of the middleware, if `app` is exactly uvicorn's.
    pub fn unwrap(
        leaves: &ServerLeaves,
        app: &Bound<'_, PyAny>,
    ) -> PyResult<(Py<PyAny>, Option<Self>)> {
        let py = app.py();
        let class = app.get_type();
        let own = class.is(leaves.proxy_middleware.bind(py))
            && class
                .getattr(intern!(py, "__call__"))?
                .is(leaves.proxy_call.bind(py));
        if !own {
            return Ok((app.clone().unbind(), None));
        }
        let trusted = app.getattr(intern!(py, "trusted_hosts"))?.unbind();
        let inside = app.getattr(intern!(py, "app"))?.unbind();
        Ok((inside, Some(Self { trusted })))
    }

    /// Whether what this peer forwards is believed.
    pub fn trusts(&self, py: Python<'_>, client: &Bound<'_, PyAny>) -> PyResult<bool> {
        let host = if client.is_none() {
            client.clone()
        } else {
            client.get_item(0)?
        };
        self.trusted.bind(py).contains(host)
    }

    /// Writes who the client of a trusted proxy is into the scope.
    pub fn apply(&self, head: &RequestHead, scope: &Bound<'_, PyDict>) -> PyResult<()> {
        let py = scope.py();
        let mut proto: Option<Vec<u8>> = None;
        let mut addresses: Vec<u8> = Vec::new();
        let mut forwarded = false;
        head.each_header(|name, value| {
            if name == b"x-forwarded-proto" {
                proto = Some(value.to_vec());
            } else if name == b"x-forwarded-for" {
                if forwarded {
                    addresses.extend_from_slice(b", ");
                }
                forwarded = true;
                addresses.extend_from_slice(value);
            }
            true
        });
        if let Some(proto) = proto {
            let proto = ferroapi_http::latin1::decode(&proto);
            let proto = PyString::new(py, &proto).call_method0(intern!(py, "strip"))?;
            let proto = proto.cast::<PyString>()?;
            if matches!(proto.to_str(), Ok("http" | "https" | "ws" | "wss")) {
                scope.set_item(intern!(py, "scheme"), proto)?;
            }
        }
        if forwarded {
            let addresses = PyBytes::new(py, &addresses);
            let addresses = addresses.call_method1(intern!(py, "decode"), ("latin1",))?;
            let address = self
                .trusted
                .bind(py)
                .call_method1(intern!(py, "get_trusted_client_address"), (addresses,))?;
            if address.get_item(0)?.is_truthy()? {
                scope.set_item(intern!(py, "client"), address)?;
            }
        }
        Ok(())
    }
}
