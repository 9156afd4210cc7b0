//! `TrustedHostMiddleware`: hosts that it lets pass. The others its own `__call__` answers.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::Passage;
use crate::scope::Scope;
use crate::traverse::traverse;

/// The hosts that are served.
pub struct TrustedHost {
    allow_any: bool,
    /// Patterns in lower case; `*.` in front stands for any subdomain. Read at each request: the list may
    /// change.
    allowed_hosts: Py<PyList>,
}

traverse!(TrustedHost { allowed_hosts } but { allow_any });

impl TrustedHost {
    /// Reads the settings of a `TrustedHostMiddleware`.
    pub fn read(layer: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = layer.py();
        Ok(Self {
            allow_any: layer.getattr(intern!(py, "allow_any"))?.is_truthy()?,
            allowed_hosts: layer
                .getattr(intern!(py, "allowed_hosts"))?
                .cast_into()?
                .unbind(),
        })
    }

    /// Lets a request pass whose host is plainly one of the allowed ones.
    pub fn enter(&self, py: Python<'_>, scope: &Scope) -> PyResult<Passage> {
        if self.allow_any {
            return Ok(Passage::Through(None));
        }
        let Some(headers) = scope.headers(py)? else {
            return Ok(Passage::Python);
        };
        let host = headers.first(b"host");
        Ok(match host.as_deref().and_then(plain_host) {
            Some(host) if self.allows(py, &host)? => Passage::Through(None),
            _ => Passage::Python,
        })
    }

    fn allows(&self, py: Python<'_>, host: &str) -> PyResult<bool> {
        for pattern in self.allowed_hosts.bind(py) {
            let pattern = pattern.cast::<PyString>()?.to_str()?;
            let suffix = pattern.strip_prefix('*');
            if host == pattern || suffix.is_some_and(|suffix| host.ends_with(suffix)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The host in lower case, without its port, if it is a name or an IPv4 address of plain letters (RFC 9110,
/// section 7.2); anything else needs the whole parser.
fn plain_host(header: &[u8]) -> Option<String> {
    let header = str::from_utf8(header).ok()?;
    let (host, port) = header.split_once(':').unwrap_or((header, "0"));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let valid = !host.is_empty()
        && host.bytes().all(plain)
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| host.to_ascii_lowercase())
}
