"""Twinworld's engine: structural causal models, queries on every rung, answers with their derivation."""

from ._answer import Answer as Answer
from ._ask import ask as ask
from ._ask import parse_budget as parse_budget
from ._bind import bind as bind
from ._by_noise import ByNoise as ByNoise
from ._by_noise import by_noise as by_noise
from ._codes import encode_text as encode_text
from ._coupling import Coupling as Coupling
from ._coupling import Custom as Custom
from ._coupling import Independent as Independent
from ._coupling import RankPreserving as RankPreserving
from ._coupling import independent as independent
from ._coupling import rank_preserving as rank_preserving
from ._coupling_laws import check_coupling as check_coupling
from ._draws import DrawnAnswer as DrawnAnswer
from ._draws import TableDraws as TableDraws
from ._draws import ask_draws as ask_draws
from ._draws import draw_tables as draw_tables
from ._errors import InvalidFile as InvalidFile
from ._errors import InvalidGraph as InvalidGraph
from ._errors import InvalidModel as InvalidModel
from ._errors import InvalidQuery as InvalidQuery
from ._errors import InvalidRows as InvalidRows
from ._errors import MissingPackage as MissingPackage
from ._errors import QuerySyntaxError as QuerySyntaxError
from ._errors import ScmError as ScmError
from ._errors import UnknownName as UnknownName
from ._errors import UnknownState as UnknownState
from ._errors import listing as listing
from ._errors import near as near
from ._evaluate import evaluate as evaluate
from ._execution import Execution as Execution
from ._explain import Forecast as Forecast
from ._explain import explain as explain
from ._finding import Assumption as Assumption
from ._finding import Finding as Finding
from ._finding import Interval as Interval
from ._finding import Step as Step
from ._finding import Uncertainty as Uncertainty
from ._frames import Encoded as Encoded
from ._graph import CausalGraph as CausalGraph
from ._gumbel import GumbelMax as GumbelMax
from ._gumbel import gumbel_max as gumbel_max
from ._ladder import Ladder as Ladder
from ._ladder import ladder as ladder
from ._mechanism import Equation as Equation
from ._model import Model as Model
from ._most_probable import Explanation as Explanation
from ._most_probable import most_probable as most_probable
from ._noise import Bernoulli as Bernoulli
from ._noise import Categorical as Categorical
from ._noise import Noise as Noise
from ._noise import NoiseLaw as NoiseLaw
from ._noise import Unknown as Unknown
from ._parse import parse_expression as parse_expression
from ._parse import parse_query as parse_query
from ._plan_report import contraction_text as contraction_text
from ._posteriors import Posteriors as Posteriors
from ._posteriors import posteriors as posteriors
from ._prepare import Prepared as Prepared
from ._prepare import prepare as prepare
from ._quantities import ate as ate
from ._quantities import cde as cde
from ._quantities import ett as ett
from ._quantities import nde as nde
from ._quantities import nie as nie
from ._quantities import pn as pn
from ._quantities import pns as pns
from ._quantities import ps as ps
from ._query import Contrast as Contrast
from ._query import Distribution as Distribution
from ._query import Expectation as Expectation
from ._query import Number as Number
from ._query import Probability as Probability
from ._query import Query as Query
from ._query import placeholders as placeholders
from ._query import print_query as print_query
from ._query import query_nodes as query_nodes
from ._query import query_terms as query_terms
from ._range import CouplingRange as CouplingRange
from ._range import coupling_range as coupling_range
from ._relevance import rung as rung
from ._results import arrow_column as arrow_column
from ._results import result_columns as result_columns
from ._results import results_frame as results_frame
from ._rows import row_variables as row_variables
from ._sensitivity import EntrySensitivity as EntrySensitivity
from ._sensitivity import Sensitivity as Sensitivity
from ._sensitivity import TableSensitivity as TableSensitivity
from ._sensitivity import sensitivity as sensitivity
from ._structured import expr_from_data as expr_from_data
from ._structured import expr_to_data as expr_to_data
from ._structured import query_from_data as query_from_data
from ._structured import query_to_data as query_to_data
from ._syntax import MAX_NUMBER as MAX_NUMBER
from ._syntax import Const as Const
from ._syntax import Draw as Draw
from ._syntax import Expr as Expr
from ._syntax import Op as Op
from ._syntax import Placeholder as Placeholder
from ._syntax import Set as Set
from ._syntax import Soft as Soft
from ._syntax import Value as Value
from ._syntax import Var as Var
from ._syntax import World as World
from ._syntax import conjunction as conjunction
from ._syntax import conjuncts as conjuncts
from ._syntax import print_assignment as print_assignment
from ._syntax import print_expr as print_expr
from ._syntax import print_name as print_name
from ._syntax import terms as terms
from ._syntax import walk as walk
from ._syntax import world as world
from ._text import number_text as number_text
from ._text import settings_text as settings_text
from ._units import Unit as Unit
from ._units import possible_units as possible_units
from ._variable import Variable as Variable
from ._worlds import Worlds as Worlds
from ._worlds import build_worlds as build_worlds
from .identify import Available as Available
from .identify import Conflict as Conflict
from .identify import Hedge as Hedge
from .identify import Identification as Identification
from .identify import identify as identify
from .io import file_format as file_format
from .io import from_pgmpy as from_pgmpy
from .io import network as network
from .io import networks as networks
from .io import read_model as read_model
from .io import to_pgmpy as to_pgmpy

__all__ = [
    "MAX_NUMBER",
    "Answer",
    "Assumption",
    "Available",
    "Bernoulli",
    "ByNoise",
    "Categorical",
    "CausalGraph",
    "Conflict",
    "Const",
    "Contrast",
    "Coupling",
    "CouplingRange",
    "Custom",
    "Distribution",
    "Draw",
    "DrawnAnswer",
    "Encoded",
    "EntrySensitivity",
    "Equation",
    "Execution",
    "Expectation",
    "Explanation",
    "Expr",
    "Finding",
    "Forecast",
    "GumbelMax",
    "Hedge",
    "Identification",
    "Independent",
    "Interval",
    "InvalidFile",
    "InvalidGraph",
    "InvalidModel",
    "InvalidQuery",
    "InvalidRows",
    "Ladder",
    "MissingPackage",
    "Model",
    "Noise",
    "NoiseLaw",
    "Number",
    "Op",
    "Placeholder",
    "Posteriors",
    "Prepared",
    "Probability",
    "Query",
    "QuerySyntaxError",
    "RankPreserving",
    "ScmError",
    "Sensitivity",
    "Set",
    "Soft",
    "Step",
    "TableDraws",
    "TableSensitivity",
    "Uncertainty",
    "Unit",
    "Unknown",
    "UnknownName",
    "UnknownState",
    "Value",
    "Var",
    "Variable",
    "World",
    "Worlds",
    "arrow_column",
    "ask",
    "ask_draws",
    "ate",
    "bind",
    "build_worlds",
    "by_noise",
    "cde",
    "check_coupling",
    "conjunction",
    "conjuncts",
    "contraction_text",
    "coupling_range",
    "draw_tables",
    "encode_text",
    "ett",
    "evaluate",
    "explain",
    "expr_from_data",
    "expr_to_data",
    "file_format",
    "from_pgmpy",
    "gumbel_max",
    "identify",
    "independent",
    "ladder",
    "listing",
    "most_probable",
    "nde",
    "near",
    "network",
    "networks",
    "nie",
    "number_text",
    "parse_budget",
    "parse_expression",
    "parse_query",
    "placeholders",
    "pn",
    "pns",
    "possible_units",
    "posteriors",
    "prepare",
    "print_assignment",
    "print_expr",
    "print_name",
    "print_query",
    "ps",
    "query_from_data",
    "query_nodes",
    "query_terms",
    "query_to_data",
    "rank_preserving",
    "read_model",
    "result_columns",
    "results_frame",
    "row_variables",
    "rung",
    "sensitivity",
    "settings_text",
    "terms",
    "to_pgmpy",
    "walk",
    "world",
]
