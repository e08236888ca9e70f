"""Identification: graphs and queries only, no numbers."""

from ._ctf import identify_general as identify_general
from ._identify import identify as identify
from ._result import Available as Available
from ._result import Conflict as Conflict
from ._result import Hedge as Hedge
from ._result import Identification as Identification
from ._result import Method as Method
from ._result import Obstacle as Obstacle
