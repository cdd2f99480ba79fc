"""Vectors of `LANES` numbers, for compiled kernels that treat as many problems at once.

Arrays of such a kernel end in an axis of length `LANES`: one problem in each lane. A kernel loads a vector, reckons
with it as with a number, and stores it, so that one instruction does for all lanes what one number would need. Plain
loops over the lanes would leave that to the compiler, which cannot know that no two arrays overlap.

No lane sees another one: a problem ends in the same bits whatever stands beside it.
"""

from __future__ import annotations

import operator
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model
from numba.np.arrayobj import make_array

LANES = 8
"""Numbers in a vector: one register with AVX-512, two with AVX2."""

FLAGS = ("contract", "nsz", "arcp")
"""Rounding may differ from plain arithmetic; NaN and infinity keep their meaning."""

VECTOR = ir.VectorType(ir.DoubleType(), LANES)

Vector = Any
"""What a kernel loads."""

intrinsic: Any = numba.extending.intrinsic


class Lanes(types.Type):
    """Numba's type of a vector."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes({LANES})")


lanes = Lanes()


@register_model(Lanes)
class _Model(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Lanes) -> None:
        super().__init__(manager, kind, VECTOR)


def _spread(builder: Any, number: Any) -> Any:
    """Give a number to every lane."""
    undefined = ir.Constant(VECTOR, ir.Undefined)
    first = builder.insert_element(undefined, number, ir.IntType(32)(0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _teach(name: str, instruction: str) -> None:
    """Teach Numba one operation on vectors, and on a vector and a number."""
    cases = [signature(lanes, a, b) for a, b in ((lanes, lanes), (lanes, types.float64), (types.float64, lanes))]

    def compute(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vectors = (
            value if kind == lanes else _spread(builder, value) for kind, value in zip(sig.args, args, strict=True)
        )
        return getattr(builder, instruction)(*vectors, flags=FLAGS)

    for function in (getattr(operator, name), getattr(operator, f"i{name}")):
        infer_global(function)(type(f"_{name}", (ConcreteTemplate,), {"cases": cases}))
        for case in cases:
            lower_builtin(function, *case.args)(compute)


_teach("add", "fadd")
_teach("sub", "fsub")
_teach("mul", "fmul")
_teach("truediv", "fdiv")


def _pointer(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    """Where the vector args[0][*args[1], :] stands."""
    array_type, index_type = sig.args[:2]
    array = make_array(array_type)(context, builder, args[0])
    index = [
        context.cast(builder, i, kind, types.intp)
        for i, kind in zip(cgutils.unpack_tuple(builder, args[1], len(index_type)), index_type, strict=True)
    ]
    index.append(context.get_constant(types.intp, 0))
    item = cgutils.get_item_pointer(context, builder, array_type, array, index, wraparound=False)
    return builder.bitcast(item, VECTOR.as_pointer())


@intrinsic
def load(_: Any, array: Any, index: Any) -> Any:
    """Return the vector array[*index, :]; no index is checked."""

    def code(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, sig, args), align=8)

    return lanes(array, index), code


@intrinsic
def store(_: Any, array: Any, index: Any, vector: Any) -> Any:
    """Write array[*index, :]; no index is checked."""

    def code(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.store(args[2], _pointer(context, builder, sig, args), align=8)
        return context.get_dummy_value()

    return types.void(array, index, lanes), code


@intrinsic
def spread(_: Any, number: Any) -> Any:
    """Return a vector with the number in every lane."""

    def code(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _spread(builder, args[0])

    return lanes(types.float64), code


def _positive(builder: Any, vector: Any) -> Any:
    """Tell of every lane whether it is positive, which no lane is that is no number."""
    return builder.fcmp_ordered(">", vector, ir.Constant(VECTOR, [0.0] * LANES))


@intrinsic
def choose(_: Any, condition: Any, one: Any, other: Any) -> Any:
    """Return `one` where the condition is positive and `other` elsewhere."""

    def code(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(_positive(builder, args[0]), args[1], args[2])

    return lanes(lanes, lanes, lanes), code


@intrinsic
def everywhere(_: Any, vector: Any) -> Any:
    """Return whether every lane is positive."""

    def code(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = ir.IntType(LANES)
        return builder.icmp_unsigned("==", builder.bitcast(_positive(builder, args[0]), bits), bits(2**LANES - 1))

    return types.boolean(lanes), code


def _function(name: str) -> Any:
    """Return one of LLVM's functions, taken in every lane."""

    @intrinsic
    def function(_: Any, vector: Any) -> Any:
        def code(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            kind = ir.FunctionType(VECTOR, [VECTOR])
            return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64"), args)

        return lanes(lanes), code

    return function


sqrt = _function("sqrt")
floor = _function("floor")
log = _function("log")
size = _function("fabs")


@numba.njit(cache=True, inline="always")
def add(array: np.ndarray, index: tuple[int, ...], vector: Vector) -> None:
    """Add to the vector array[*index, :]."""
    store(array, index, load(array, index) + vector)


@numba.njit(cache=True)
def smaller(one: Vector, other: Vector) -> Vector:
    """Return the smaller one in every lane, `other` where one of them is no number."""
    return choose(other - one, one, other)


@numba.njit(cache=True)
def larger(one: Vector, other: Vector) -> Vector:
    """Return the larger one in every lane, `other` where one of them is no number."""
    return choose(one - other, one, other)


@numba.njit(cache=True)
def rotor(angle: Vector) -> tuple[Vector, Vector]:
    """Cosine and sine of a vector, to rounding.

    Taylor polynomials at a quarter of the angle, which is at most pi / 4, and two squarings.
    """
    turns = floor(angle * 0.15915494309189535 + 0.5)
    quarter = 0.25 * ((angle - turns * 6.283185307179586) - turns * 2.4492935982947064e-16)
    q = quarter * quarter
    s = 1.0 / 6227020800.0 - q * (1.0 / 1307674368000.0)
    s = 1.0 / 362880.0 + q * (-1.0 / 39916800.0 + q * s)
    s = quarter * (1.0 + q * (-1.0 / 6.0 + q * (1.0 / 120.0 + q * (-1.0 / 5040.0 + q * s))))
    c = -1.0 / 87178291200.0 + q * (1.0 / 20922789888000.0)
    c = 1.0 / 40320.0 + q * (-1.0 / 3628800.0 + q * (1.0 / 479001600.0 + q * c))
    c = 1.0 + q * (-0.5 + q * (1.0 / 24.0 + q * (-1.0 / 720.0 + q * c)))
    c2 = c * c - s * s
    s2 = 2.0 * c * s
    return c2 * c2 - s2 * s2, 2.0 * c2 * s2


@numba.njit(cache=True)
def space(rows: int) -> np.ndarray:
    """Room for vectors, shape (rows, LANES), zero; from a cache line on, so that no vector lies across two."""
    room = np.zeros((rows + 1) * LANES)
    shift = (-(room.ctypes.data // 8)) % LANES
    return room[shift : shift + rows * LANES].reshape(rows, LANES)
