"""A thread's state in compiled code: a pointer to the addresses and lengths of its arrays.

Numba passes a tuple of arrays by value, seven numbers for each array. With 26 arrays a call took
longer than most functions, and a fifth of the compilation; so nearly all functions were inlined.
"""

# Numba's interface for new types has few annotations of its own.
# mypy: disable-error-code="arg-type, call-overload, import-untyped, misc, override"
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

from typing import TYPE_CHECKING, Any

import numba
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    infer_getattr,
    intrinsic,
    lower_getattr_generic,
    models,
    register_model,
)
from numba.np.arrayobj import make_array, populate_array

from leakthrough.engine.kernel.compiling import JIT_OFF
from leakthrough.engine.layout import ARRAYS, Whole

if TYPE_CHECKING:
    from leakthrough.engine.state import State

TYPES = {name: types.Array(numba.from_dtype(dtype), 1, "C") for name, dtype in ARRAYS.items()}
POSITIONS = {name: 2 * n for n, name in enumerate(ARRAYS)}
"""Of an array's address among the addresses and lengths."""


class _StateType(types.Type):
    def __init__(self) -> None:
        super().__init__("leakthrough.State")


STATE = _StateType()
register_model(_StateType)(models.OpaqueModel)


@infer_getattr
class _Arrays(AttributeTemplate):
    key = _StateType

    def generic_resolve(self, _state: Any, name: str) -> Any:
        return TYPES.get(name)


@lower_getattr_generic(_StateType)
def _array(context: Any, builder: Any, _type: Any, state: Any, name: str) -> Any:
    """Load the address and the length of an array, and build its descriptor."""

    def number(value: int) -> Any:
        return context.get_constant(types.intp, value)

    def load(position: int, type_: Any) -> Any:
        numbers = builder.bitcast(state, type_.as_pointer())
        found = builder.load(builder.gep(numbers, [number(position)], inbounds=True))
        # No array is moved, so LLVM need not load it again after a store.
        found.set_metadata("invariant.load", builder.module.add_metadata([]))
        return found

    array, size = make_array(TYPES[name])(context, builder), number(ARRAYS[name].itemsize)
    populate_array(
        array,
        data=load(POSITIONS[name], array.data.type),
        shape=[load(POSITIONS[name] + 1, cgutils.intp_t)],
        strides=[size],
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()


@intrinsic
def _pointer(_context: Any, addresses: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = make_array(signature.args[0])(context, builder, given[0])
        return builder.bitcast(array.data, cgutils.voidptr_t)

    return STATE(addresses), generate


def _itself(state: Any) -> Any:
    return state


state_at: Any = _itself if JIT_OFF else _pointer
"""In compiled code: the state whose arrays have these addresses."""


def handle(state: "State") -> "State | Whole":
    """What `state_at` takes: the addresses, or the state itself if the JIT is off."""
    return state if JIT_OFF else state.addresses
