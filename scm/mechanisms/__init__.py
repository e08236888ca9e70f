"""Mechanisms over columns: continuous variables, and finite ones with continuous causes. One class a mechanism."""

from ._additive import Additive as Additive
from ._additive import Linear as Linear
from ._additive import LocationScale as LocationScale
from ._additive import Multiplicative as Multiplicative
from ._choice import Choice as Choice
from ._flow import Flow as Flow
from ._function import Function as Function
from ._maps import Named as Named
from ._post_nonlinear import PostNonlinear as PostNonlinear
from ._quantile import Quantile as Quantile
from ._threshold import Threshold as Threshold
