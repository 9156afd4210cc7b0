//! What the Python compiler hands over, and the immutable plan made of it.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::plain::Plain;

/// Where a parameter's raw value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Path,
    Query,
    Header,
    Cookie,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Source {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>()?.to_str()? {
            "path" => Ok(Self::Path),
            "query" => Ok(Self::Query),
            "header" => Ok(Self::Header),
            "cookie" => Ok(Self::Cookie),
            other => Err(unknown("parameter source", other)),
        }
    }
}

/// What a step calls, and how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallKind {
    Coroutine,
    Threadpool,
    /// A generator, entered and left in worker threads.
    Generator,
    /// An async generator.
    AsyncGenerator,
    /// An endpoint whose generator is sent as it is produced.
    Stream,
}

impl<'a, 'py> FromPyObject<'a, 'py> for CallKind {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>()?.to_str()? {
            "coroutine" => Ok(Self::Coroutine),
            "threadpool" => Ok(Self::Threadpool),
            "generator" => Ok(Self::Generator),
            "async_generator" => Ok(Self::AsyncGenerator),
            "stream" => Ok(Self::Stream),
            other => Err(unknown("call kind", other)),
        }
    }
}

/// What to put where a field got no value.
pub enum Default {
    /// Nothing: a missing value is an error.
    Required,
    /// The same immutable object each time.
    Shared(Py<PyAny>),
    /// The field's own `default`, evaluated and deep-copied per request.
    PerRequest,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Default {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, value): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        match kind.to_str()? {
            "required" => Ok(Self::Required),
            "shared" => Ok(Self::Shared(value.unbind())),
            "per_request" => Ok(Self::PerRequest),
            other => Err(unknown("default", other)),
        }
    }
}

/// How a raw value becomes the argument.
#[derive(FromPyObject)]
pub struct Check {
    /// The `ModelField`, for the leaves.
    pub field: Py<PyAny>,
    /// `SchemaValidator.validate_python`, or `None` where `field.validate` must be asked.
    pub validate: Option<Py<PyAny>>,
    pub default: Default,
    pub validate_default: bool,
}

/// One name under which a parameter may arrive.
#[derive(FromPyObject)]
pub struct Alias {
    /// The name in the request.
    pub name: String,
    /// The same as a Python string, for dict look-ups.
    pub key: Py<PyString>,
    /// The name as a header has it: in lower case, none if it is no Latin-1 text.
    pub lower: Option<String>,
    /// The same as raw bytes.
    pub header: Option<Vec<u8>>,
    /// The error location for a value found here.
    pub loc: Py<PyTuple>,
}

impl Alias {
    /// The name as it is compared with what arrived from `source`.
    pub fn lookup(&self, source: Source) -> &str {
        match (source, &self.lower) {
            (Source::Header, Some(lower)) => lower,
            _ => &self.name,
        }
    }
}

/// A path, query, header or cookie parameter.
#[derive(FromPyObject)]
pub struct Param {
    pub source: Source,
    pub slot: usize,
    pub aliases: Vec<Alias>,
    /// All values of the name, as a list.
    pub many: bool,
    /// An empty value counts as none (the annotation is a sequence).
    pub empty_is_missing: bool,
    /// The model whose fields are the parameters.
    pub model: Option<ParamModel>,
    /// What the value can be told from without pydantic.
    pub plain: Plain,
    pub check: Check,
    /// A function that reads parameters was replaced: the Python leaf, which calls it, reads this one.
    pub asked: bool,
}

/// A field of a parameter model.
#[derive(FromPyObject)]
pub struct ModelParam {
    pub name: Py<PyString>,
    pub aliases: Vec<Alias>,
    /// By alias, the key of the model's input.
    pub keys: Vec<Py<PyString>>,
    /// Names in lower case that are taken along with the field, though they don't name it.
    pub spellings: Vec<String>,
    pub many: bool,
    pub empty_is_missing: bool,
}

/// A pydantic model whose fields are parameters of one source.
#[derive(FromPyObject)]
pub struct ParamModel {
    pub fields: Vec<ModelParam>,
    /// Without anything of it, there is no value at all.
    pub nullable: bool,
    /// Other parameters than its fields make that something.
    pub extra_counts: bool,
    pub loc: Py<PyTuple>,
    /// An error at a field is located at the header that it was read from.
    pub renames: bool,
}

/// A key of an embedding JSON body.
#[derive(FromPyObject)]
pub struct BodyParam {
    pub slot: usize,
    pub aliases: Vec<Alias>,
    pub check: Check,
    /// `SchemaValidator.validate_json`, where it does the same to JSON text as parsing and validating do one
    /// after the other.
    pub reader: Option<Py<PyAny>>,
}

/// How one step's body parameters are filled.
pub enum BodyStep {
    /// The whole body is the one argument.
    Whole(BodyParam),
    /// Each argument is a key of the body.
    Keys(Vec<BodyParam>),
    /// Forms: the Python leaf extracts them; `(field name, slot)` says where they go.
    Form {
        fields: Py<PyAny>,
        embed: bool,
        slots: Vec<(Py<PyString>, usize)>,
    },
}

impl<'a, 'py> FromPyObject<'a, 'py> for BodyStep {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, content): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        match kind.to_str()? {
            "whole" => Ok(Self::Whole(content.extract()?)),
            "keys" => Ok(Self::Keys(content.extract()?)),
            "form" => {
                let (fields, embed, slots) = content.extract()?;
                Ok(Self::Form {
                    fields,
                    embed,
                    slots,
                })
            }
            other => Err(unknown("body step", other)),
        }
    }
}

/// Objects of the request itself that a callable asks for.
pub enum Injection {
    Request,
    Response,
    BackgroundTasks,
    /// `SecurityScopes` with these scopes, a new one per request.
    SecurityScopes(Py<PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Injection {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, value): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        match kind.to_str()? {
            "request" => Ok(Self::Request),
            "response" => Ok(Self::Response),
            "background_tasks" => Ok(Self::BackgroundTasks),
            "security_scopes" => Ok(Self::SecurityScopes(value.unbind())),
            other => Err(unknown("injection", other)),
        }
    }
}

/// One callable of the dependency graph with its parameters; the last step is the endpoint.
#[derive(FromPyObject)]
pub struct Step {
    pub call: Py<PyAny>,
    pub kind: CallKind,
    /// The argument names, in the order of the slots `first_slot..`.
    pub names: Py<PyTuple>,
    pub first_slot: usize,
    pub params: Vec<Param>,
    pub body: Option<BodyStep>,
    pub injections: Vec<(Injection, usize)>,
    /// The step that receives this one's result, and the slot; the slot is none for `dependencies=[...]`.
    pub parent: Option<usize>,
    pub target: Option<usize>,
    /// Steps with equal keys share one cache cell.
    pub cache_cell: usize,
    pub use_cache: bool,
    /// The generator is closed before the response is sent.
    pub function_scope: bool,
    /// `Depends(concurrency=...)`, or none.
    pub concurrency: Option<Py<PyAny>>,
}

/// The flattened dependency graph of one path operation, in the order of execution.
#[derive(FromPyObject)]
pub struct Graph {
    pub steps: Vec<Step>,
    pub slots: usize,
    pub cache_cells: usize,
    /// The overrides in force when this was built, a copy; none without any.
    pub overrides: Option<Py<PyDict>>,
    /// Builds the rest anew when an override changes during a request.
    pub builder: Py<PyAny>,
}

pub fn unknown(what: &str, value: &str) -> PyErr {
    pyo3::exceptions::PyValueError::new_err(format!("unknown {what}: {value:?}"))
}
