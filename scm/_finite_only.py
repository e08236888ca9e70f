"""The refusal of what is worked out for finite models alone, in words."""

from __future__ import annotations

from ._errors import InvalidModel, listing
from ._model import Model


def check_finite(model: object, what: str, instead: str = "ask() answers questions about such models.") -> None:
    """That `model` is a finite one.

    Args:
        model: what was given.
        what: the function that it was given to, such as `posteriors()`.
        instead: what to try.

    Raises:
        InvalidModel: it is none, or it has continuous variables or noises.
    """
    if not isinstance(model, Model):
        raise InvalidModel(f"{what} takes a Model first, got {type(model).__name__}.")
    if not model.is_finite:
        names = [v.name for v in model.variables if v.name in model.reals] or list(model.continuous_names)
        kind = "variables" if model.reals else "noises"
        raise InvalidModel(
            f"{what} works on finite models, and this one has continuous {kind} ({listing(names, 4)}). {instead}"
        )
