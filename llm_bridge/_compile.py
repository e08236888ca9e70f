"""Problem to engine: a `Model` or a `Study`, and the queries. Pure; nothing is guessed, what is missing is named.

An equation stays an equation. A variable without causes takes the law that is stated for it, or an unknown law. Where
every variable with causes has an equation, or a stated law (or counts) for every combination of its causes, that is a
Model. Where mechanisms are not given in full, the graph with what is stated is a Study, and the query is answered from
the statements by identification. Claims about causes are looked up in the graph.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TypeAlias

from scm import (
    Bernoulli,
    Categorical,
    CausalGraph,
    Claim,
    Const,
    EquivalenceClass,
    Expr,
    Model,
    Op,
    Probability,
    Quantity,
    Query,
    ScmError,
    Study,
    Unknown,
    Value,
    Var,
    Variable,
    conjunction,
    print_quantity,
    print_query,
    print_shape,
)
from scm import Statement as Stated

from ._crosscheck import split_term
from ._judged import graph_of
from ._problem import Problem, ProblemVariable, Reply, Statement
from ._tally import Cell, Tally, cell_of

Key: TypeAlias = tuple[Value, ...]

MAX_ROWS = 100_000
"""Most combinations of causes that one variable may have."""


class CannotCompile(ScmError):
    """The Problem says too little for a model; the message names what is missing."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the engine is asked.

    Attributes:
        knowledge: the Problem's variables with their mechanisms, or the graph with what is stated; None where only
            claims are asked about.
        queries: the queries for numbers, in order.
        claims: the claims, in order.
        lacking: of a study, the number that a model would need; empty where a model is out of the question.
        graph: where claims are looked up; None where there are none.
        reply: how the answer is to be said.
        assumptions: what the reader of the text added.
        notes: what compiling did beyond copying, such as rescaling a rounded law.
    """

    knowledge: Model | Study | None
    queries: tuple[Query, ...]
    reply: Reply
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    graph: CausalGraph | EquivalenceClass | None = None
    lacking: str = ""

    @property
    def model(self) -> Model | None:
        """The model, where there is one."""
        return self.knowledge if isinstance(self.knowledge, Model) else None


def compile_problem(problem: Problem) -> Compiled:
    """The model or study, and the queries, that `problem` describes.

    Raises:
        InvalidProblem: its parts disagree with each other.
        CannotCompile: it says why it cannot be formalised, or a number is missing; the message names it.
        ScmError: the engine refuses the model.
    """
    if problem.cannot is not None:
        raise CannotCompile(f"The text was not formalised: {problem.cannot}")
    problem.check()
    claims = tuple(item.claim for item in problem.queries if item.claim is not None)
    queries = tuple(item.query for item in problem.queries if item.query is not None)
    knowledge, notes, lacking = _knowledge(problem) if queries else (None, (), "")
    if problem.granted and problem.equations:
        raise CannotCompile(
            f"{print_shape(problem.granted[0].shape)} is granted beside equations, which say already what acts how. "
            "Leave one of them out."
        )
    graph = graph_of(problem) if claims else None
    return Compiled(knowledge, queries, problem.reply, problem.assumptions, notes, claims, graph, lacking)


def _knowledge(problem: Problem) -> tuple[Model | Study, tuple[str, ...], str]:
    """The model, or else the study where no equation would be lost in it, with what a model would need."""
    if not problem.equations and _beyond_laws(problem):
        return study_of(problem), (), ""
    try:
        compiler = _Compiler(problem)
        model = Model(*(compiler.variable(variable) for variable in problem.variables))
        compiler.refuse_unused()
    except CannotCompile as wrong:
        if problem.equations:
            raise
        return study_of(problem), (), str(wrong)
    return model, tuple(compiler.notes), ""


def _beyond_laws(problem: Problem) -> bool:
    """Whether a part of the Problem has no place in a model."""
    return bool(problem.confounded or problem.granted) or any(
        s.relation != "=" or not isinstance(s.term, Probability) for s in problem.statements
    )


def study_of(problem: Problem) -> Study:
    """The graph of `problem` with what its statements say; it has no equations.

    Raises:
        ScmError: the engine refuses the graph or a statement.
    """
    graph = graph_of(problem)
    assert isinstance(graph, CausalGraph), "a query for a number comes with no list of independences"
    return Study(graph, *map(_stated, problem.statements), states={v.name: v.states for v in problem.variables})


def _stated(statement: Statement) -> Stated:
    face, low, high = statement.printed()
    if statement.relation != "=":
        low = high = face  # "more likely than not" is no rounded number
    total = None if statement.counts is None else statement.counts[1]
    return Stated(statement.term, face, low, high, statement.relation, total, statement.words)


class _Compiler:
    def __init__(self, problem: Problem) -> None:
        if problem.confounded:
            first, second = problem.confounded[0].pair
            raise CannotCompile(
                f"{first!r} and {second!r} have a common cause that is not given, which a model cannot express. Name "
                f"the "
                "common cause as a hidden variable and say how it acts, or leave the pair out."
            )
        self.problem = problem
        self.equations = {equation.variable: equation.expression for equation in problem.equations}
        self.parents = problem.causes
        self.states = {variable.name: variable.states for variable in problem.variables}
        self.values: dict[Cell, dict[Value, Statement]] = {}
        self.used: set[int] = set()
        self.notes: list[str] = []
        self.tally = Tally(self.states)
        for statement in problem.statements:
            self.file(statement)
        self.tally.close()

    def file(self, statement: Statement) -> None:
        """Sort one statement: counts to the tally, printed values to their law."""
        term = statement.term
        if statement.counts is not None and isinstance(term, Probability):
            self.tally.add(term, *statement.counts)
            return
        parts = split_term(term)
        condition = cell_of(term.given) if isinstance(term, Probability) else None
        if parts is None or condition is None or statement.relation != "=":
            raise _not_a_law(term)
        name, value, _ = parts
        self.values.setdefault(_law_key(name, condition), {})[value] = statement

    def variable(self, variable: ProblemVariable) -> Variable:
        """One variable with its mechanism."""
        name, states, text = variable.name, variable.states, variable.description
        if name in self.equations:
            return Variable(name, states, equation=self.equations[name], description=text)
        causes = self.parents[name]
        if not causes:
            return self.root(variable)
        rows = 1
        for cause in causes:
            rows *= len(self.states[cause])
        if rows > MAX_ROWS:
            raise CannotCompile(f"{name!r} has {rows:,} combinations of causes; at most {MAX_ROWS:,} are read.")
        keys = list(itertools.product(*(self.states[cause] for cause in causes)))
        counted = {key: self.counts(name, causes, key) for key in keys} if self.tally else {}
        full: dict[Value | Key, object] = {key: row for key, row in counted.items() if row is not None}
        if len(full) == len(keys):
            return Variable(name, states, parents=causes, counts=full, description=text)
        table: dict[Value | Key, object] = {
            key: self.law(name, frozenset(zip(causes, key, strict=True))) for key in keys
        }
        return Variable(name, states, parents=causes, table=table, description=text)

    def root(self, variable: ProblemVariable) -> Variable:
        """A variable without causes: the stated law, the counts, or any law."""
        name, states, text = variable.name, variable.states, variable.description
        if self.values and _law_key(name, frozenset()) in self.values:
            law = dict(zip(states, self.law(name, frozenset()), strict=True))
            noise = Bernoulli(law[True]) if states == (False, True) else Categorical(law)
            return Variable(name, states, noise=noise, description=text)
        if self.tally and (row := self.counts(name, (), ())) is not None:
            return Variable(name, states, counts={(): row}, description=text)
        return Variable(name, states, noise=Unknown(states), description=text)

    def counts(self, name: str, causes: tuple[str, ...], key: tuple[Value, ...]) -> tuple[int, ...] | None:
        """Units in each state of `name` where its causes are as in `key`, if the counts settle all of them."""
        condition = frozenset(zip(causes, key, strict=True))
        found = [self.tally.get(condition | {(name, state)}) for state in self.states[name]]
        row = tuple(units for units in found if units is not None)
        return row if len(row) == len(found) else None

    def law(self, name: str, condition: Cell) -> tuple[float, ...]:
        """The stated law of `name` given `condition`, in the order of its states."""
        stated = self.values.get(_law_key(name, condition), {})
        states = self.states[name]
        missing = [state for state in states if state not in stated]
        if not stated or len(missing) > 1:
            raise self.missing(name, missing, condition)
        self.used.update(id(statement) for statement in stated.values())
        face = {state: statement.printed().value for state, statement in stated.items()}
        if missing:
            face[missing[0]] = max(0.0, 1 - sum(face.values()))
        total = sum(face.values())
        if abs(total - 1) > 1e-9:
            self.notes.append(f"The printed law of {name!r} adds up to {total:.4g}; it was rescaled to 1.")
        return tuple(face[state] / total for state in states)

    def missing(self, name: str, states: list[Value], condition: Cell) -> CannotCompile:
        """The error that names the number that is missing."""
        state: Value = states[-1]
        given = conjunction(*(_equals(n, v) for n, v in sorted(condition, key=str))) if condition else None
        wanted = print_query(Probability(_equals(name, state), given))
        causes = ", ".join(map(repr, self.parents[name]))
        why = (
            f"{name!r} depends on {causes} and has no equation" if causes else f"the law of {name!r} is stated in part"
        )
        return CannotCompile(
            f"A number is missing: {wanted}. As {why}, it needs a probability, or counts, for each combination. "
            f"State it, "
            "or give an equation."
        )

    def refuse_unused(self) -> None:
        """Nothing that the text says about a probability may be dropped in silence."""
        for law in self.values.values():
            for statement in law.values():
                if id(statement) not in self.used:
                    raise _not_a_law(statement.term)


_ANY = "\0"


def _law_key(name: str, condition: Cell) -> Cell:
    """Laws are filed under the variable, marked by a state that no file can contain, and their condition."""
    return condition | {(name, _ANY)}


def _equals(name: str, value: Value) -> Expr:
    return Op("=", (Var(name), Const(value)))


def _not_a_law(term: Quantity) -> CannotCompile:
    return CannotCompile(
        f"The statement {print_quantity(term)} is not the law of a variable given its direct causes, and a model has "
        "no other place for it. "
        "State the law of each variable given exactly its causes, or leave the statement out."
    )
