//! Calling the endpoint, and making an answer of what it returns.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use smallvec::SmallVec;

use super::compiled::{Compiled, ModelRendering, Rendering};
use crate::attached::attached;
use crate::call::call_named;
use crate::plan::{CallKind, Solution};
use crate::request::RequestContext;
use crate::respond::{JsonResponse, JsonText, write_json};
use crate::validate::validate_python;

/// The endpoint's arguments: in compiled slots, or as a mapping from a replaced resolver.
pub enum Arguments {
    Slots(Solution),
    Mapping(Py<PyAny>),
}

/// What is to be sent.
pub enum Answer {
    Native(JsonResponse),
    /// A `Response` object.
    Object(Py<PyAny>),
}

pub async fn run(
    compiled: &Compiled,
    options: &Py<PyAny>,
    cx: &mut RequestContext,
    arguments: &Arguments,
    given: bool,
) -> PyResult<Answer> {
    if compiled.streams() {
        return Box::pin(stream(compiled, options, cx, arguments)).await;
    }
    let call = attached(|py| begin(py, compiled, options, cx, arguments))?;
    let result = cx.await_(call).await?;
    attached(|py| cx.look_at_patches(py))?;
    let leaf = given || cx.traced || cx.patches.serialize_response.is_some();
    if !leaf {
        let answer = attached(|py| native(py, compiled, options, cx, &result))?;
        if let Some(answer) = answer {
            return Ok(answer);
        }
    }
    let call = attached(|py| {
        let response = cx.response.as_ref();
        let background = cx.background.as_ref();
        cx.leaves.make_response.call1(
            py,
            (options, &result, response, background, cx.scope.object(py)?),
        )
    })?;
    Ok(Answer::Object(cx.await_(call).await?))
}

fn begin(
    py: Python<'_>,
    compiled: &Compiled,
    options: &Py<PyAny>,
    cx: &RequestContext,
    arguments: &Arguments,
) -> PyResult<Py<PyAny>> {
    let step = compiled.endpoint()?;
    match arguments {
        Arguments::Slots(solution) if !cx.traced && cx.patches.run_endpoint_function.is_none() => {
            if step.kind == CallKind::Threadpool {
                step.invoke_through(py, &cx.leaves.run_in_threadpool, &solution.slots)
            } else {
                step.invoke(py, &solution.slots)
            }
        }
        arguments => {
            let values = arguments.mapping(py, compiled)?;
            cx.leaves.run_endpoint.call1(py, (options, values))
        }
    }
}

impl Arguments {
    fn mapping(&self, py: Python<'_>, compiled: &Compiled) -> PyResult<Py<PyAny>> {
        match self {
            Self::Slots(solution) => Ok(solution
                .values(py, compiled.endpoint()?)?
                .into_any()
                .unbind()),
            Self::Mapping(values) => Ok(values.clone_ref(py)),
        }
    }
}

async fn stream(
    compiled: &Compiled,
    options: &Py<PyAny>,
    cx: &mut RequestContext,
    arguments: &Arguments,
) -> PyResult<Answer> {
    let call = attached(|py| {
        let values = arguments.mapping(py, compiled)?;
        let stack = cx.stack(py, crate::stacks::StackKey::Request)?;
        let response = cx.response.as_ref();
        let background = cx.background.as_ref();
        let arguments = (
            options,
            values,
            response,
            background,
            stack,
            cx.scope.object(py)?,
        );
        cx.leaves.stream_response.call1(py, arguments)
    })?;
    Ok(Answer::Object(cx.await_(call).await?))
}

/// The answer made without Python, or none where a leaf has to.
fn native(
    py: Python<'_>,
    compiled: &Compiled,
    options: &Py<PyAny>,
    cx: &mut RequestContext,
    result: &Py<PyAny>,
) -> PyResult<Option<Answer>> {
    let result = result.bind(py);
    // Only what is no plain data can be, or pretend to be, a response.
    let plain = result.is_exact_instance_of::<PyDict>() || result.is_exact_instance_of::<PyList>();
    if !plain && result.is_instance(cx.leaves.response_class.bind(py))? {
        let background = result.getattr(intern!(py, "background"))?;
        if background.is_none()
            && let Some(tasks) = &cx.background
        {
            result.setattr(intern!(py, "background"), tasks)?;
        }
        return Ok(Some(Answer::Object(result.clone().unbind())));
    }
    let Some(status) = status(py, compiled, cx)? else {
        return Ok(None);
    };
    let body = match &compiled.rendering {
        Rendering::Leaf => return Ok(None),
        Rendering::Model(model) => render_model(py, model, options, cx, result)?,
        Rendering::Json => {
            let mut body = Vec::with_capacity(128);
            // Where Python has to say no, it says so to the whole value.
            if cx.patches.jsonable_encoder.is_some()
                || write_json(&mut body, result, cx.leaves).is_err()
            {
                return Ok(None);
            }
            JsonText::Rust(body)
        }
    };
    let background = cx.background.as_ref().map(|tasks| tasks.clone_ref(py));
    Ok(Some(Answer::Native(JsonResponse {
        status,
        body,
        background,
    })))
}

/// The status: the injected response's, else the path operation's; none if it is no ordinary number.
fn status(py: Python<'_>, compiled: &Compiled, cx: &RequestContext) -> PyResult<Option<u16>> {
    if let Some(response) = &cx.response {
        let injected = response.getattr(py, intern!(py, "status_code"))?;
        if injected.is_truthy(py)? {
            return Ok(injected.extract(py).ok());
        }
    }
    Ok(Some(compiled.status.unwrap_or(200)))
}

fn render_model(
    py: Python<'_>,
    model: &ModelRendering,
    options: &Py<PyAny>,
    cx: &RequestContext,
    result: &Bound<'_, PyAny>,
) -> PyResult<JsonText> {
    let raw = result.clone().unbind();
    let value = match validate_python(py, &model.validate, &raw) {
        Ok(value) => value,
        Err(error) if error.is_instance_of::<PyValueError>(py) => {
            let arguments = (error.into_value(py), raw, options, cx.scope.object(py)?);
            let error = cx.leaves.response_error.call1(py, arguments)?;
            return Err(PyErr::from_value(error.into_bound(py)));
        }
        Err(error) => return Err(error),
    };
    if let Some(writer) = &model.writer
        && let Some(text) = writer.get().text(value.bind(py))
    {
        return Ok(JsonText::Rust(text));
    }
    let mut arguments: SmallVec<[&Py<PyAny>; 8]> = SmallVec::new();
    arguments.push(&value);
    arguments.extend(&model.flags);
    let bytes = call_named(py, &model.dump, &arguments, &model.flag_names)?;
    let bytes = bytes.into_bound(py).cast_into::<PyBytes>()?;
    Ok(JsonText::Python(bytes.unbind()))
}
