"""Twinworld's engine: structural causal models, queries on every rung, answers with their derivation."""

from . import plot as plot
from ._aggregates import Aggregate as Aggregate
from ._aggregates import Chance as Chance
from ._aggregates import Histogram as Histogram
from ._aggregates import Mean as Mean
from ._aggregates import Quantiles as Quantiles
from ._aggregates import Variance as Variance
from ._answer import Answer as Answer
from ._arguments import parse_budget as parse_budget
from ._ask import ask as ask
from ._bind import bind as bind
from ._bound_draws import bound_draws as bound_draws
from ._bound_formulas import bound_formulas as bound_formulas
from ._by_noise import ByNoise as ByNoise
from ._by_noise import by_noise as by_noise
from ._claims import Adjusts as Adjusts
from ._claims import CausalClaim as CausalClaim
from ._claims import Claim as Claim
from ._claims import Independence as Independence
from ._claims import Relation as Relation
from ._claims_text import claim_from_data as claim_from_data
from ._claims_text import claim_names as claim_names
from ._claims_text import claim_to_data as claim_to_data
from ._claims_text import correlation_from_data as correlation_from_data
from ._claims_text import correlation_to_data as correlation_to_data
from ._claims_text import parse_claim as parse_claim
from ._claims_text import parse_correlation as parse_correlation
from ._claims_text import parse_quantity as parse_quantity
from ._claims_text import print_claim as print_claim
from ._claims_text import print_correlation as print_correlation
from ._claims_text import print_quantity as print_quantity
from ._claims_text import quantity_from_data as quantity_from_data
from ._claims_text import quantity_nodes as quantity_nodes
from ._claims_text import quantity_to_data as quantity_to_data
from ._codes import encode_text as encode_text
from ._continuous import ContinuousLaw as ContinuousLaw
from ._continuous import ContinuousNoise as ContinuousNoise
from ._continuous import GaussianCopula as GaussianCopula
from ._continuous import MultivariateNormal as MultivariateNormal
from ._continuous import UnknownLaw as UnknownLaw
from ._continuous import normal as normal
from ._coupling import Coupling as Coupling
from ._coupling import Custom as Custom
from ._coupling import Independent as Independent
from ._coupling import RankPreserving as RankPreserving
from ._coupling import independent as independent
from ._coupling import rank_preserving as rank_preserving
from ._coupling_laws import check_coupling as check_coupling
from ._curves import SensitivityCurve as SensitivityCurve
from ._curves import sensitivity_curve as sensitivity_curve
from ._domain import Domain as Domain
from ._domain import Real as Real
from ._draws import DrawnAnswer as DrawnAnswer
from ._draws import TableDraws as TableDraws
from ._draws import ask_draws as ask_draws
from ._draws import draw_tables as draw_tables
from ._end_draws import BoundDraws as BoundDraws
from ._equivalence import EquivalenceClass as EquivalenceClass
from ._equivalence import class_from_independences as class_from_independences
from ._equivalence import equivalence_class as equivalence_class
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
from ._errors import ZeroCell as ZeroCell
from ._errors import listing as listing
from ._errors import near as near
from ._estimand import Estimand as Estimand
from ._estimand import Index as Index
from ._estimand_canonical import canonical as canonical
from ._estimand_data import estimand_from_data as estimand_from_data
from ._estimand_data import estimand_to_data as estimand_to_data
from ._estimand_parse import parse_estimand as parse_estimand
from ._estimand_simplify import simplify as simplify
from ._estimand_text import estimand_latex as estimand_latex
from ._estimand_text import print_estimand as print_estimand
from ._evaluate import evaluate as evaluate
from ._execution import Execution as Execution
from ._explain import Forecast as Forecast
from ._explain import explain as explain
from ._finding import Assumption as Assumption
from ._finding import Confidence as Confidence
from ._finding import Finding as Finding
from ._finding import Interval as Interval
from ._finding import Step as Step
from ._finding import Uncertainty as Uncertainty
from ._frames import Encoded as Encoded
from ._further_number import FurtherNumber as FurtherNumber
from ._further_numbers import further_numbers as further_numbers
from ._graph import CausalGraph as CausalGraph
from ._graph_ops import districts as districts
from ._graph_ops import latent_projection as latent_projection
from ._graph_ops import moral_graph as moral_graph
from ._graph_ops import mutilated as mutilated
from ._gumbel import GumbelMax as GumbelMax
from ._gumbel import gumbel_max as gumbel_max
from ._holds import Members as Members
from ._holds import holds as holds
from ._imagine import imagine as imagine
from ._imagine_stream import imagine_stream as imagine_stream
from ._imagined import Imagined as Imagined
from ._known_equation import KnownEquation as KnownEquation
from ._known_equation import equation as equation
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
from ._path_coefficients import effect_along as effect_along
from ._path_coefficients import implied_covariance as implied_covariance
from ._path_coefficients import path_coefficients as path_coefficients
from ._path_coefficients import total_effect as total_effect
from ._plan_report import contraction_text as contraction_text
from ._plan_report import task_text as task_text
from ._posteriors import Posteriors as Posteriors
from ._posteriors import posteriors as posteriors
from ._prepare import Prepared as Prepared
from ._prepare import prepare as prepare
from ._quantities import ate as ate
from ._quantities import cde as cde
from ._quantities import ett as ett
from ._quantities import late as late
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
from ._read_ahead import read_ahead as read_ahead
from ._real_column import numbers_from_text as numbers_from_text
from ._relevance import rung as rung
from ._results import arrow_column as arrow_column
from ._results import result_columns as result_columns
from ._results import results_frame as results_frame
from ._rows import row_variables as row_variables
from ._seen_states import seen_states as seen_states
from ._sensitivity import EntrySensitivity as EntrySensitivity
from ._sensitivity import Sensitivity as Sensitivity
from ._sensitivity import TableSensitivity as TableSensitivity
from ._sensitivity import sensitivity as sensitivity
from ._separation import implied_independences as implied_independences
from ._separation import inducing_paths as inducing_paths
from ._separation import minimal_separator as minimal_separator
from ._separation import minimal_separators as minimal_separators
from ._separation import separated as separated
from ._shapes import Shape as Shape
from ._shapes import additive_confounding as additive_confounding
from ._shapes import effect_within as effect_within
from ._shapes import marginal_sensitivity as marginal_sensitivity
from ._shapes import no_defiers as no_defiers
from ._shapes import no_prevention as no_prevention
from ._shapes_text import parse_shape as parse_shape
from ._shapes_text import print_shape as print_shape
from ._statement import Correlation as Correlation
from ._statement import Quantity as Quantity
from ._statement import Statement as Statement
from ._statement_text import print_statement as print_statement
from ._statement_text import statement as statement
from ._structured import expr_from_data as expr_from_data
from ._structured import expr_to_data as expr_to_data
from ._structured import query_from_data as query_from_data
from ._structured import query_to_data as query_to_data
from ._study import KnownLaw as KnownLaw
from ._study import Sample as Sample
from ._study import Study as Study
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
from ._text import outward_text as outward_text
from ._text import settings_text as settings_text
from ._units import Unit as Unit
from ._units import possible_units as possible_units
from ._variable import Variable as Variable
from ._worlds import Worlds as Worlds
from ._worlds import build_worlds as build_worlds
from .bounds._formulas import BoundFormula as BoundFormula
from .identify import AdjustmentCheck as AdjustmentCheck
from .identify import Available as Available
from .identify import Conflict as Conflict
from .identify import EfficientSet as EfficientSet
from .identify import Hedge as Hedge
from .identify import Identification as Identification
from .identify import Instrument as Instrument
from .identify import LinearEffect as LinearEffect
from .identify import adjustment_sets as adjustment_sets
from .identify import alternatives as alternatives
from .identify import confounding_paths as confounding_paths
from .identify import covariance_ratio as covariance_ratio
from .identify import efficient_adjustment_set as efficient_adjustment_set
from .identify import explain_adjustment as explain_adjustment
from .identify import front_door_sets as front_door_sets
from .identify import identify as identify
from .identify import instruments as instruments
from .identify import is_adjustment_set as is_adjustment_set
from .identify import is_back_door_set as is_back_door_set
from .identify import is_front_door_set as is_front_door_set
from .identify import is_sequential_plan as is_sequential_plan
from .identify import linear_effect as linear_effect
from .identify import parent_adjustment_set as parent_adjustment_set
from .identify import sequential_plan as sequential_plan
from .identify import smallest_adjustment_set as smallest_adjustment_set
from .io import GraphFormat as GraphFormat
from .io import file_format as file_format
from .io import from_pgmpy as from_pgmpy
from .io import graph_from_text as graph_from_text
from .io import graph_to_text as graph_to_text
from .io import network as network
from .io import networks as networks
from .io import parquet_batches as parquet_batches
from .io import read_graph as read_graph
from .io import read_model as read_model
from .io import to_pgmpy as to_pgmpy
from .mechanisms import Additive as Additive
from .mechanisms import Choice as Choice
from .mechanisms import Flow as Flow
from .mechanisms import Function as Function
from .mechanisms import Linear as Linear
from .mechanisms import LocationScale as LocationScale
from .mechanisms import Multiplicative as Multiplicative
from .mechanisms import Named as Named
from .mechanisms import PostNonlinear as PostNonlinear
from .mechanisms import Quantile as Quantile
from .mechanisms import Threshold as Threshold
from .solvers import Bootstrap as Bootstrap
from .solvers import EstimandCheck as EstimandCheck
from .solvers import EstimandEstimate as EstimandEstimate
from .solvers import JointLaws as JointLaws
from .solvers import LawSource as LawSource
from .solvers import ModelLaws as ModelLaws
from .solvers import Overlap as Overlap
from .solvers import SampleLaws as SampleLaws
from .solvers import check_estimand as check_estimand
from .solvers import estimate_estimand as estimate_estimand
from .solvers import evaluate_estimand as evaluate_estimand
from .solvers._two_models import TwoModels as TwoModels
from .solvers._two_models import two_models as two_models

__all__ = [
    "MAX_NUMBER",
    "Additive",
    "AdjustmentCheck",
    "Adjusts",
    "Aggregate",
    "Answer",
    "Assumption",
    "Available",
    "Bernoulli",
    "Bootstrap",
    "BoundDraws",
    "BoundFormula",
    "ByNoise",
    "Categorical",
    "CausalClaim",
    "CausalGraph",
    "Chance",
    "Choice",
    "Claim",
    "Confidence",
    "Conflict",
    "Const",
    "ContinuousLaw",
    "ContinuousNoise",
    "Contrast",
    "Correlation",
    "Coupling",
    "CouplingRange",
    "Custom",
    "Distribution",
    "Domain",
    "Draw",
    "DrawnAnswer",
    "EfficientSet",
    "Encoded",
    "EntrySensitivity",
    "Equation",
    "EquivalenceClass",
    "Estimand",
    "EstimandCheck",
    "EstimandEstimate",
    "Execution",
    "Expectation",
    "Explanation",
    "Expr",
    "Finding",
    "Flow",
    "Forecast",
    "Function",
    "FurtherNumber",
    "GaussianCopula",
    "GraphFormat",
    "GumbelMax",
    "Hedge",
    "Histogram",
    "Identification",
    "Imagined",
    "Independence",
    "Independent",
    "Index",
    "Instrument",
    "Interval",
    "InvalidFile",
    "InvalidGraph",
    "InvalidModel",
    "InvalidQuery",
    "InvalidRows",
    "JointLaws",
    "KnownEquation",
    "KnownLaw",
    "Ladder",
    "LawSource",
    "Linear",
    "LinearEffect",
    "LocationScale",
    "Mean",
    "Members",
    "MissingPackage",
    "Model",
    "ModelLaws",
    "Multiplicative",
    "MultivariateNormal",
    "Named",
    "Noise",
    "NoiseLaw",
    "Number",
    "Op",
    "Overlap",
    "Placeholder",
    "PostNonlinear",
    "Posteriors",
    "Prepared",
    "Probability",
    "Quantile",
    "Quantiles",
    "Quantity",
    "Query",
    "QuerySyntaxError",
    "RankPreserving",
    "Real",
    "Relation",
    "Sample",
    "SampleLaws",
    "ScmError",
    "Sensitivity",
    "SensitivityCurve",
    "Set",
    "Shape",
    "Soft",
    "Statement",
    "Step",
    "Study",
    "TableDraws",
    "TableSensitivity",
    "Threshold",
    "TwoModels",
    "Uncertainty",
    "Unit",
    "Unknown",
    "UnknownLaw",
    "UnknownName",
    "UnknownState",
    "Value",
    "Var",
    "Variable",
    "Variance",
    "World",
    "Worlds",
    "ZeroCell",
    "additive_confounding",
    "adjustment_sets",
    "alternatives",
    "arrow_column",
    "ask",
    "ask_draws",
    "ate",
    "bind",
    "bound_draws",
    "bound_formulas",
    "build_worlds",
    "by_noise",
    "canonical",
    "cde",
    "check_coupling",
    "check_estimand",
    "claim_from_data",
    "claim_names",
    "claim_to_data",
    "class_from_independences",
    "confounding_paths",
    "conjunction",
    "conjuncts",
    "contraction_text",
    "correlation_from_data",
    "correlation_to_data",
    "coupling_range",
    "covariance_ratio",
    "districts",
    "draw_tables",
    "effect_along",
    "effect_within",
    "efficient_adjustment_set",
    "encode_text",
    "equation",
    "equivalence_class",
    "estimand_from_data",
    "estimand_latex",
    "estimand_to_data",
    "estimate_estimand",
    "ett",
    "evaluate",
    "evaluate_estimand",
    "explain",
    "explain_adjustment",
    "expr_from_data",
    "expr_to_data",
    "file_format",
    "from_pgmpy",
    "front_door_sets",
    "further_numbers",
    "graph_from_text",
    "graph_to_text",
    "gumbel_max",
    "holds",
    "identify",
    "imagine",
    "imagine_stream",
    "implied_covariance",
    "implied_independences",
    "independent",
    "inducing_paths",
    "instruments",
    "is_adjustment_set",
    "is_back_door_set",
    "is_front_door_set",
    "is_sequential_plan",
    "ladder",
    "late",
    "latent_projection",
    "linear_effect",
    "listing",
    "marginal_sensitivity",
    "minimal_separator",
    "minimal_separators",
    "moral_graph",
    "most_probable",
    "mutilated",
    "nde",
    "near",
    "network",
    "networks",
    "nie",
    "no_defiers",
    "no_prevention",
    "normal",
    "number_text",
    "numbers_from_text",
    "outward_text",
    "parent_adjustment_set",
    "parquet_batches",
    "parse_budget",
    "parse_claim",
    "parse_correlation",
    "parse_estimand",
    "parse_expression",
    "parse_quantity",
    "parse_query",
    "parse_shape",
    "path_coefficients",
    "placeholders",
    "plot",
    "pn",
    "pns",
    "possible_units",
    "posteriors",
    "prepare",
    "print_assignment",
    "print_claim",
    "print_correlation",
    "print_estimand",
    "print_expr",
    "print_name",
    "print_quantity",
    "print_query",
    "print_shape",
    "print_statement",
    "ps",
    "quantity_from_data",
    "quantity_nodes",
    "quantity_to_data",
    "query_from_data",
    "query_nodes",
    "query_terms",
    "query_to_data",
    "rank_preserving",
    "read_ahead",
    "read_graph",
    "read_model",
    "result_columns",
    "results_frame",
    "row_variables",
    "rung",
    "seen_states",
    "sensitivity",
    "sensitivity_curve",
    "separated",
    "sequential_plan",
    "settings_text",
    "simplify",
    "smallest_adjustment_set",
    "statement",
    "task_text",
    "terms",
    "to_pgmpy",
    "total_effect",
    "two_models",
    "walk",
    "world",
]
