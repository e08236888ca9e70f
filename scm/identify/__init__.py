"""Identification: graphs and queries only, no numbers."""

from ._adjustment import EfficientSet as EfficientSet
from ._adjustment import adjustment_sets as adjustment_sets
from ._adjustment import efficient_adjustment_set as efficient_adjustment_set
from ._adjustment import is_adjustment_set as is_adjustment_set
from ._adjustment import is_back_door_set as is_back_door_set
from ._adjustment import parent_adjustment_set as parent_adjustment_set
from ._adjustment import smallest_adjustment_set as smallest_adjustment_set
from ._criteria import alternatives as alternatives
from ._criteria import by_criterion as by_criterion
from ._ctf import identify_general as identify_general
from ._explain_adjustment import AdjustmentCheck as AdjustmentCheck
from ._explain_adjustment import explain_adjustment as explain_adjustment
from ._front_door import front_door_sets as front_door_sets
from ._front_door import is_front_door_set as is_front_door_set
from ._identify import identify as identify
from ._open_paths import confounding_paths as confounding_paths
from ._result import Available as Available
from ._result import Conflict as Conflict
from ._result import Hedge as Hedge
from ._result import Identification as Identification
from ._result import Method as Method
from ._result import Obstacle as Obstacle
from ._sequential import is_sequential_plan as is_sequential_plan
from ._sequential import sequential_plan as sequential_plan
