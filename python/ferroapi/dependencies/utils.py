"""Building, flattening and reading dependency trees, and the parameters and bodies they declare."""

from pydantic import AliasChoices as AliasChoices
from pydantic import AliasPath as AliasPath
from pydantic import BaseModel as BaseModel
from pydantic import BeforeValidator as BeforeValidator
from pydantic import ConfigDict as ConfigDict
from pydantic import GetJsonSchemaHandler as GetJsonSchemaHandler
from pydantic import GetPydanticSchema as GetPydanticSchema
from pydantic import Json as Json
from pydantic import Tag as Tag
from pydantic.fields import FieldInfo as FieldInfo
from pydantic_core import CoreSchema as CoreSchema
from starlette.background import BackgroundTasks as StarletteBackgroundTasks  # noqa: F401
from starlette.datastructures import FormData as FormData
from starlette.datastructures import Headers as Headers
from starlette.datastructures import ImmutableMultiDict as ImmutableMultiDict
from starlette.datastructures import QueryParams as QueryParams
from starlette.datastructures import UploadFile as UploadFile
from starlette.requests import HTTPConnection as HTTPConnection
from starlette.requests import Request as Request
from starlette.responses import Response as Response
from starlette.websockets import WebSocket as WebSocket

from .. import _incidental, _namespace
from .. import params as params
from .._compat import ModelField as ModelField
from .._compat import RequiredParam as RequiredParam
from .._compat import Undefined as Undefined
from .._compat import copy_field_info as copy_field_info
from .._compat import create_body_model as create_body_model
from .._compat import evaluate_forwardref as evaluate_forwardref
from .._compat import field_annotation_is_scalar as field_annotation_is_scalar
from .._compat import field_annotation_is_scalar_sequence as field_annotation_is_scalar_sequence
from .._compat import field_annotation_is_sequence as field_annotation_is_sequence
from .._compat import get_cached_model_fields as get_cached_model_fields
from .._compat import get_missing_field_error as get_missing_field_error
from .._compat import is_bytes_or_nonable_bytes_annotation as is_bytes_or_nonable_bytes_annotation
from .._compat import is_bytes_sequence_annotation as is_bytes_sequence_annotation
from .._compat import is_scalar_field as is_scalar_field
from .._compat import (
    is_uploadfile_or_nonable_uploadfile_annotation as is_uploadfile_or_nonable_uploadfile_annotation,
)
from .._compat import is_uploadfile_sequence_annotation as is_uploadfile_sequence_annotation
from .._compat import lenient_issubclass as lenient_issubclass
from .._compat import sequence_types as sequence_types
from .._compat import serialize_sequence_value as serialize_sequence_value
from .._compat import value_is_sequence as value_is_sequence
from .._dependencies.aliases import _get_param_aliases as _get_param_aliases
from .._dependencies.aliases import get_validation_alias as get_validation_alias
from .._dependencies.analysis import ParamDetails as ParamDetails
from .._dependencies.analysis import analyze_param as analyze_param
from .._dependencies.body_args import request_body_to_args as request_body_to_args
from .._dependencies.body_field import _get_body_field as _get_body_field
from .._dependencies.body_field import _should_embed_body_fields as _should_embed_body_fields
from .._dependencies.body_schema import _apply_form_body_schema as _apply_form_body_schema
from .._dependencies.body_schema import _get_form_model_schema as _get_form_model_schema
from .._dependencies.build import add_non_field_param_to_dependency as add_non_field_param_to_dependency
from .._dependencies.build import add_param_to_fields as add_param_to_fields
from .._dependencies.build import get_dependant as get_dependant
from .._dependencies.build import get_parameterless_sub_dependant as get_parameterless_sub_dependant
from .._dependencies.calls import _solve_generator as _solve_generator
from .._dependencies.flat import _get_flat_body_params as _get_flat_body_params
from .._dependencies.flat import _get_flat_fields_from_params as _get_flat_fields_from_params
from .._dependencies.flat import get_flat_params as get_flat_params
from .._dependencies.form import _extract_form_body as _extract_form_body
from .._dependencies.form import _extract_form_items as _extract_form_items
from .._dependencies.form import _extract_form_model as _extract_form_model
from .._dependencies.form import _is_form_model_supplied as _is_form_model_supplied
from .._dependencies.form import _read_file_bytes as _read_file_bytes
from .._dependencies.form_models import _add_form_union_validators as _add_form_union_validators
from .._dependencies.form_models import _get_form_model as _get_form_model
from .._dependencies.form_models import _get_form_models as _get_form_models
from .._dependencies.form_models import _get_form_union_models as _get_form_union_models
from .._dependencies.form_models import _normalize_form_model as _normalize_form_model
from .._dependencies.multidict import _get_multidict_extras as _get_multidict_extras
from .._dependencies.multidict import _get_multidict_value as _get_multidict_value
from .._dependencies.multidict import _is_empty_file_input as _is_empty_file_input
from .._dependencies.multipart import ensure_multipart_is_installed as ensure_multipart_is_installed
from .._dependencies.multipart import multipart_incorrect_install_error as multipart_incorrect_install_error
from .._dependencies.multipart import multipart_not_installed_error as multipart_not_installed_error
from .._dependencies.param_args import _request_param_model_to_args as _request_param_model_to_args
from .._dependencies.param_args import _validate_value_with_model_field as _validate_value_with_model_field
from .._dependencies.param_args import request_params_to_args as request_params_to_args
from .._dependencies.param_models import _get_model_type as _get_model_type
from .._dependencies.param_models import _get_param_model as _get_param_model
from .._dependencies.param_models import _is_json_field as _is_json_field
from .._dependencies.signature import _STREAM_ORIGINS as _STREAM_ORIGINS
from .._dependencies.signature import _get_signature as _get_signature
from .._dependencies.signature import get_stream_item_type as get_stream_item_type
from .._dependencies.signature import get_typed_annotation as get_typed_annotation
from .._dependencies.signature import get_typed_return_annotation as get_typed_return_annotation
from .._dependencies.signature import get_typed_signature as get_typed_signature
from .._dependencies.solve import SolvedDependency as SolvedDependency
from .._dependencies.solve import solve_dependencies as solve_dependencies
from ..background import BackgroundTasks as BackgroundTasks
from ..concurrency import _asynccontextmanager_with_shielded_exit as _asynccontextmanager_with_shielded_exit
from ..concurrency import _contextmanager_with_concurrency_limit as _contextmanager_with_concurrency_limit
from ..concurrency import _DependencyConcurrency as _DependencyConcurrency
from ..concurrency import asynccontextmanager as asynccontextmanager
from ..concurrency import contextmanager_in_threadpool as contextmanager_in_threadpool
from ..concurrency import run_in_threadpool as run_in_threadpool
from ..exceptions import DependencyScopeError as DependencyScopeError
from ..logger import logger as logger
from ..security.oauth2 import SecurityScopes as SecurityScopes
from ..types import DependencyCacheKey as DependencyCacheKey
from ..types import UnionType as UnionType
from ..utils import create_model_field as create_model_field
from ..utils import get_path_param_names as get_path_param_names
from .models import Dependant as Dependant
from .models import _get_cache_key as _get_cache_key
from .models import _get_computed_scope as _get_computed_scope
from .models import _get_oauth_scopes as _get_oauth_scopes
from .models import _is_async_gen_callable as _is_async_gen_callable
from .models import _is_coroutine_callable as _is_coroutine_callable
from .models import _is_gen_callable as _is_gen_callable
from .models import _UsesScopesCache as _UsesScopesCache

# All of `_dependencies` but what belongs to `dependencies.models`
_PARTS = (
    "aliases",
    "analysis",
    "body_args",
    "body_field",
    "body_schema",
    "build",
    "calls",
    "flat",
    "form",
    "form_models",
    "injected",
    "multidict",
    "multipart",
    "param_args",
    "param_models",
    "signature",
    "solve",
)

ParamDetails.__module__ = __name__
SolvedDependency.__module__ = __name__
_incidental.complete(__name__)
_namespace.spread(
    __name__,
    compilers=("_compiled.graph", "_compiled.param_models", *(f"_dependencies.{part}" for part in _PARTS)),
)
