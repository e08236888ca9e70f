"""A reader that misreads at a stated rate: what shows how much the checks, repair, voting and comparing are worth."""

from ._corrupt import KINDS as KINDS
from ._corrupt import Corruption as Corruption
from ._corrupt import Kind as Kind
from ._corrupt import corrupt as corrupt
from ._reader import NoisyReader as NoisyReader
