"""Files, and models of other packages."""

from ._pgmpy import from_pgmpy as from_pgmpy
from ._pgmpy import to_pgmpy as to_pgmpy
from ._read import file_format as file_format
from ._read import read_model as read_model
from ._shipped import network as network
from ._shipped import networks as networks

__all__ = ["file_format", "from_pgmpy", "network", "networks", "read_model", "to_pgmpy"]
