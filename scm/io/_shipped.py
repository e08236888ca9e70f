"""The published networks that ship inside the package pgmpy, by name; read from its folder, without importing it."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from .._errors import InvalidFile, MissingPackage, listing, near
from .._model import Model
from ._read import read_model

if TYPE_CHECKING:
    from pathlib import Path

_ENDING = ".bif.gz"


def networks() -> tuple[str, ...]:
    """The names that `network` knows, such as "alarm".

    Raises:
        MissingPackage: pgmpy is not installed.
    """
    return tuple(sorted(_paths()))


def network(name: str) -> Model:
    """A published network that ships with pgmpy: `network("alarm")`; upper and lower case are the same.

    Raises:
        InvalidFile: there is none of that name; the message lists what there is.
        MissingPackage: pgmpy is not installed.
    """
    paths = _paths()
    found = paths.get(name.lower().strip())
    if found is None:
        raise InvalidFile(
            f"There is no network {name!r}; pgmpy ships {listing(sorted(paths), 100)}.{near(name.lower(), paths)}"
        )
    return read_model(found)


def _paths() -> dict[str, Path]:
    from pathlib import Path  # most questions read no file

    package = importlib.util.find_spec("pgmpy")
    if package is None or not package.submodule_search_locations:
        raise MissingPackage("pgmpy", "files", "The published networks ship with the package pgmpy")
    folder = Path(package.submodule_search_locations[0])
    found = {path.name.removesuffix(_ENDING).lower(): path for path in sorted(folder.rglob(f"*{_ENDING}"))}
    if not found:
        raise InvalidFile(f"The installed pgmpy ships no network: there is no *{_ENDING} in {folder}.")
    return found
