//! The coroutine of a request's task: the application's call, and what is done about its outcome.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

use super::exchange::Exchange;
use super::response::Delivery;
use crate::attached::attached;
use crate::coroutine::{Channel, Outcome, Progress, nothing};
use crate::pipeline::serve_app;
use crate::request::RequestContext;
use crate::respond::ResponseParts;
use crate::shared::Shared;

/// What serves `exchange` once it runs.
pub fn serving(exchange: Py<Exchange>) -> Progress {
    Progress::new(|channel| async move {
        let outcome = serve(&channel, &exchange).await;
        attached(|py| exchange.get().unlimit(py))?;
        if let Some(outcome) = attached(|py| unanswered(py, exchange.get(), outcome)) {
            Box::pin(conclude(&channel, exchange.get(), outcome)).await?;
        }
        nothing()
    })
}

async fn serve(channel: &Shared<Channel>, exchange: &Py<Exchange>) -> Outcome {
    let known = exchange.get();
    if known.refused {
        respond_plainly(channel, known, 503, b"Service Unavailable").await?;
        return nothing();
    }
    let facts = known.facts();
    let way = attached(|py| facts.way_in(py))?;
    if let Some(way) = way {
        let (app, mut cx) = attached(|py| {
            let channel = Shared::clone(channel);
            let exchange = exchange.clone_ref(py);
            let cx = RequestContext::native(py, way.leaves, channel, exchange)?;
            Ok::<_, PyErr>((facts.app.clone_ref(py), cx))
        })?;
        serve_app(app, way, &mut cx).await?;
        return nothing();
    }
    let call = attached(|py| {
        let exchange = exchange.bind(py);
        let receive = exchange.getattr(intern!(py, "receive"))?;
        let send = exchange.getattr(intern!(py, "send"))?;
        facts.app.call1(py, (known.scope(py)?, receive, send))
    })?;
    channel.await_(call).await
}

/// The outcome of an application that did not do what it has to.
fn unanswered(py: Python<'_>, exchange: &Exchange, outcome: Outcome) -> Option<Outcome> {
    if exchange.is_given_up(py) && is_cancellation(py, exchange, &outcome) {
        return None;
    }
    let fine = outcome.as_ref().is_ok_and(|result| result.is_none(py));
    let over = exchange.is_complete(py) || exchange.is_disconnected(py);
    (!fine || !over).then_some(outcome)
}

fn is_cancellation(py: Python<'_>, exchange: &Exchange, outcome: &Outcome) -> bool {
    let leaves = &exchange.facts().leaves;
    let cancelled = leaves.cancelled_error.bind(py);
    matches!(outcome, Err(error) if error.is_instance(py, cancelled))
}

/// Logs what went wrong, and answers for an application that did not.
async fn conclude(channel: &Channel, exchange: &Exchange, outcome: Outcome) -> PyResult<()> {
    let answered = attached(|py| {
        let leaves = &exchange.facts().leaves;
        let started = exchange.is_started(py);
        match outcome {
            Err(error) => {
                leaves.log_exception.call1(py, (error.into_value(py),))?;
            }
            Ok(result) if !result.is_none(py) => {
                leaves.log_result.call1(py, (result,))?;
                exchange.link.close(py)?;
                return Ok(true);
            }
            Ok(_) => {
                leaves.log_unfinished.call1(py, (started,))?;
            }
        }
        if started {
            exchange.link.close(py)?;
        }
        Ok::<_, PyErr>(started)
    })?;
    if answered {
        return Ok(());
    }
    respond_plainly(channel, exchange, 500, b"Internal Server Error").await
}

/// A short text, after which the connection ends.
async fn respond_plainly(
    channel: &Channel,
    exchange: &Exchange,
    status: u16,
    text: &[u8],
) -> PyResult<()> {
    let parts = attached(|py| {
        let length = text.len().to_string();
        let pairs = [
            (&b"content-type"[..], &b"text/plain; charset=utf-8"[..]),
            (b"content-length", length.as_bytes()),
            (b"connection", b"close"),
        ];
        let pairs = pairs.map(|(name, value)| {
            PyTuple::new(py, [PyBytes::new(py, name), PyBytes::new(py, value)])
        });
        let pairs = pairs.into_iter().collect::<PyResult<Vec<_>>>()?;
        let headers = PyList::new(py, pairs)?.unbind();
        let status = status.into_pyobject(py)?.into_any().unbind();
        let body = PyBytes::new(py, text).into_any().unbind();
        Ok::<_, PyErr>(ResponseParts {
            status,
            headers,
            body,
            background: None,
        })
    })?;
    exchange.respond(channel, &parts, Delivery::AtOnce).await
}
