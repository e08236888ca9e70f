"""`Execution`: how a computation is to be run, where the user wants a say in it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, TypeAlias

from ._errors import InvalidQuery

Executor: TypeAlias = Literal["numpy", "jax"]
Precision: TypeAlias = Literal["single", "double"]


@contextmanager
def precision_of(precision: Precision) -> Generator[None]:
    """JAX in this precision, here only: the global flag stays as the user set it."""
    import jax  # half a second

    enable: Any = getattr(jax, "enable_x64", None)
    if enable is None:  # older releases keep it among what is not settled
        experimental: Any = import_module("jax.experimental")
        enable = experimental.enable_x64
    with enable(precision == "double"):
        yield


@dataclass(frozen=True, slots=True)
class Execution:
    """How a computation is to be run; None leaves a choice to the planner.

    Attributes:
        executor: `"numpy"` (float64, nothing to compile) or `"jax"` (compiled; CPU, GPU or TPU).
        precision: `"single"` or `"double"`; JAX works in single unless double is asked for (or needed: a quotient of
            terms, a law that is unknown). The error of the arithmetic is stated in the answer either way.
        chunk: rows that are worked on at once.
        devices: JAX devices over which the rows are spread.

    Raises:
        InvalidQuery: a name that is none of these, or a chunk below one.
    """

    executor: Executor | None = None
    precision: Precision | None = None
    chunk: int | None = None
    devices: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        """Check every choice."""
        if self.executor not in (None, "numpy", "jax"):
            raise InvalidQuery(f"Unknown executor {self.executor!r}; 'numpy' or 'jax' is wanted.")
        if self.precision not in (None, "single", "double"):
            raise InvalidQuery(f"Unknown precision {self.precision!r}; 'single' or 'double' is wanted.")
        if self.executor == "numpy" and self.precision == "single":
            raise InvalidQuery("The NumPy executor works in double precision; leave the precision out, or use 'jax'.")
        chunk: Any = self.chunk  # untyped callers
        if chunk is not None and (isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1):
            raise InvalidQuery(f"A chunk is a number of rows from 1 up, got {self.chunk!r}.")
        if self.devices is not None and not isinstance(self.devices, tuple):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidQuery(f"Devices are a tuple, such as tuple(jax.devices()), got {type(self.devices).__name__}.")
        for device in self.devices or ():
            if not hasattr(device, "platform"):
                raise InvalidQuery(f"{device!r} is no JAX device; devices=tuple(jax.devices()) names them all.")
        if self.devices is not None and not self.devices:
            raise InvalidQuery("An empty list of devices was given; leave it out, or name at least one.")
