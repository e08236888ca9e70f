"""What single statements about probabilities determine, over a causal graph."""

from ._arithmetic import LONGEST as LONGEST
from ._arithmetic import Shown as Shown
from ._composed import composed as composed
from ._doing import doing_clash as doing_clash
from ._formula import CellLaw as CellLaw
from ._readings import Read as Read
from ._readings import certain as certain
from ._solve import Found as Found
from ._solve import Statements as Statements
from ._solve import TooLarge as TooLarge
from ._solve import names_of as names_of
