"""`Drawing`: a graph while its text is read. What a drawing shows is understood here, for every format alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .._document import MAX_NAME, shown
from .._errors import InvalidFile, caret
from .._graph import CausalGraph

MAX_EDGES = 1_000_000
"""Most edges that are read: `{A B ...} -> {C D ...}` says many in few words."""

_HIDDEN = frozenset(("latent", "l", "unobserved", "u", "hidden"))
_ROLES = frozenset(("exposure", "e", "outcome", "o", "adjusted", "a", "source", "target"))
_TRUE = frozenset(("true", "yes", "1", "on"))
_FALSE = frozenset(("false", "no", "0", "off"))

# How a drawing looks (Graphviz, yEd, dagitty), and numbers beside edges: none of it changes what causes what.
_LOOK_WORDS = """
bb bgcolor center charset class cluster clusterrank color colorscheme comment compound concentrate constraint creator
decorate dpi epsilon fill fillcolor fixedsize fontcolor fontname fontnames fontpath fontsize forcelabels gradientangle
graphics group h headclip headlabel headport height href id image imagescale k label labelangle labeldistance labelfloat
labelfontcolor labelfontname labelfontsize labelgraphics labeljust labelloc landscape layer layers layout len lhead lp
ltail margin maxiter mclimit mindist minlen mode model name nodesep nojustify normalize ordering orientation outline
outputorder overlap pack packmode pad page pagedir pencolor penwidth peripheries pin pos position quantum rank rankdir
ranksep ratio rects regular remincross resolution root rotate rotation samehead sametail samplepoints scale searchsize
sep shape shapefile showboxes sides size skew smoothing sortv splines start stylesheet tailclip taillabel tailport
target text title tooltip truecolor type url vertices version viewport voro_margin w weight width x xdotversion xlabel
xlp y z beta
"""
_LOOKS = frozenset(_LOOK_WORDS.split())

_SAYS_HIDDEN = re.compile(r"\b(un(observed|measured)|latent|hidden)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A key and perhaps a value, and where it stands."""

    key: str
    value: str | None
    at: int


class Drawing:
    """Variables and edges as they are read; every mistake points at its place in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.variables: dict[str, int] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._both: dict[frozenset[str], tuple[str, str]] = {}
        self._hidden: dict[str, None] = {}
        self._doubts: list[tuple[str, int, str]] = []  # what must be hidden to be drawn like this

    def fault(self, at: int, problem: str) -> InvalidFile:
        """The error of a place in the text, with a caret under it."""
        return InvalidFile(f"line {self.text.count(chr(10), 0, at) + 1}: {problem}\n{caret(self.text, at)}")

    def variable(self, name: str, at: int) -> None:
        """Mention a variable: the first mention gives its place in the order."""
        if name in self.variables:
            return
        if not name.strip() or len(name) > MAX_NAME:
            raise self.fault(at, f"got {shown(name)}, wanted a variable's name of at most {MAX_NAME} characters.")
        self.variables[name] = at

    def describe(self, name: str, attributes: Iterable[Attribute]) -> None:
        """What attributes say of a variable."""
        for found in attributes:
            key = found.key.lower()
            if key in _HIDDEN or key == "observed":
                if self._truth(found) == (key in _HIDDEN):
                    self._hidden[name] = None
            elif key in ("selected", "s"):
                raise self.fault(
                    found.at, f"{name!r} is drawn as a selection variable; a causal graph here has no selected ones."
                )
            elif key == "style":
                if self._is_dashed(found):
                    self._doubts.append((name, found.at, "it is dashed"))
            elif key == "label" and _SAYS_HIDDEN.search(found.value or ""):
                self._doubts.append((name, found.at, "its label says so"))
            elif key not in _ROLES:
                self.only_looks(found)

    def join(self, first: str, arrow: str, second: str, attributes: Iterable[Attribute], at: int) -> None:
        """An edge: `arrow` is ->, <-, <-> or --, and attributes may say otherwise."""
        dashed: list[Attribute] = []
        for found in attributes:
            if found.key.lower() == "style":
                dashed += [found] if self._is_dashed(found) else []
            else:
                arrow = self._said(arrow, found)
        if arrow == "--":
            raise self.fault(at, "this edge is undirected: it does not say what causes what. Write ->, <- or <->.")
        if first == second:
            raise self.fault(at, f"{first!r} is its own cause. A variable cannot cause itself: drop this edge.")
        if arrow == "<->":
            self._both.setdefault(frozenset((first, second)), (first, second))
        else:
            cause, effect = (first, second) if arrow == "->" else (second, first)
            self._edges[cause, effect] = None
            self._doubts += [(cause, found.at, "its edge is dashed") for found in dashed]
        if len(self._edges) + len(self._both) > MAX_EDGES:
            raise self.fault(at, f"there are more than {MAX_EDGES:,} edges, the most that are read.")

    def _said(self, arrow: str, found: Attribute) -> str:
        """The arrow that an attribute makes of an arrow."""
        match found.key.lower():
            case "dir":
                return self._turned(arrow, found)
            case "confounded" | "bidirected":
                return "<->" if self._truth(found) else arrow
            case "description" if found.value == "U":
                return "<->"  # so the R package causaleffect marks the two arrows of a hidden common cause
            case "arrowhead" | "arrowtail":
                if str(found.value).lower() == "none":
                    raise self.fault(found.at, "an arrow without a head does not say what causes what.")
            case _:
                self.only_looks(found)
        return arrow

    def only_looks(self, found: Attribute) -> None:
        """That an attribute may be passed over.

        Raises:
            InvalidFile: it could carry a meaning.
        """
        if found.key.lower() not in _LOOKS:
            raise self.fault(
                found.at,
                f"the attribute {shown(found.key)} may have a meaning that a causal graph does not hold. Leave it out.",
            )

    def graph(self) -> CausalGraph:
        """The graph that was read.

        Raises:
            InvalidFile: something is drawn like a hidden cause and not said to be one.
            InvalidGraph: the edges go round in a circle, which is printed.
        """
        for name, at, why in self._doubts:
            if name not in self._hidden:
                raise self.fault(
                    at,
                    f"{name!r} may be meant as hidden ({why}), but that is not said. Write latent=true if it is, <-> "
                    "or dir=both for the edge of a hidden common cause; else leave the look out.",
                )
        hidden = tuple(name for name in self.variables if name in self._hidden)
        return CausalGraph(tuple(self.variables), tuple(self._edges), tuple(self._both.values()), hidden)

    def _truth(self, found: Attribute) -> bool:
        value = (found.value or "true").lower()
        if value not in _TRUE | _FALSE:
            raise self.fault(found.at, f"got {shown(found.value)} for {found.key!r}, wanted yes or no.")
        return value in _TRUE

    def _is_dashed(self, found: Attribute) -> bool:
        words = (found.value or "").lower().replace(",", " ").split()
        if "invis" in words:
            raise self.fault(found.at, "what is drawn invisible may be there for the layout only. Leave it out.")
        return "dashed" in words or "dotted" in words

    def _turned(self, arrow: str, found: Attribute) -> str:
        ways = {"forward": "->", "back": "<-", "both": "<->", "none": "--"}
        turned = ways.get(str(found.value).lower())
        if turned is None:
            raise self.fault(found.at, f"got {shown(found.value)} for 'dir', wanted forward, back or both.")
        if arrow not in ("->", turned):
            raise self.fault(found.at, f"dir={found.value} does not go with the arrow {arrow}.")
        return turned
