"""Files and texts of models and graphs, and models of other packages."""

from ._graph_formats import GraphFormat as GraphFormat
from ._graph_formats import graph_from_text as graph_from_text
from ._graph_formats import graph_of as graph_of
from ._graph_formats import graph_to_text as graph_to_text
from ._graph_formats import read_graph as read_graph
from ._parquet import parquet_batches as parquet_batches
from ._pgmpy import from_pgmpy as from_pgmpy
from ._pgmpy import to_pgmpy as to_pgmpy
from ._read import file_format as file_format
from ._read import read_model as read_model
from ._shipped import network as network
from ._shipped import networks as networks

__all__ = [
    "GraphFormat",
    "file_format",
    "from_pgmpy",
    "graph_from_text",
    "graph_to_text",
    "network",
    "networks",
    "parquet_batches",
    "read_graph",
    "read_model",
    "to_pgmpy",
]
