"""Graphs in texts and files: round trips, the formats as their programs write them, and texts that are no graph."""

import gzip
import json
import random
import time

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scm import CausalGraph, GraphFormat, InvalidFile, InvalidGraph, ScmError, UnknownName, read_graph
from scm import graph_from_text as read
from scm import graph_to_text as write
from tests.graphs import random_graph

FORMATS: tuple[GraphFormat, ...] = ("dot", "dagitty", "gml", "json", "edges")

KEYWORDS = ("node", "graph", "digraph", "dag", "latent", "strict", "subgraph", "o", "1", "-1")
QUOTED = (
    "a b",
    "größe",
    'say "hi"',
    "\\",
    "a\\",
    "X;Y",
    "X -> Y",
    "{",
    "[latent]",
    "&amp;",
    "&#65;",
    "a.",
    "x=1",
    "'",
    "變",
)
ODD = st.sampled_from((*KEYWORDS, *QUOTED, "# no", "// no", "/*", "a.b", "\n", "\t-", "\u0000"))
NAME = st.one_of(ODD, st.text(min_size=1, max_size=8)).filter(
    lambda name: bool(name.strip()) and not any(0xD800 <= ord(c) < 0xE000 for c in name)
)


@st.composite
def graphs(draw) -> CausalGraph:
    names = draw(st.lists(NAME, min_size=1, max_size=7, unique=True))
    order = draw(st.permutations(names))
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    some = st.lists(st.sampled_from(pairs), unique=True, max_size=8) if pairs else st.just([])
    hidden = draw(st.sets(st.sampled_from(names)))
    return CausalGraph(
        tuple(names), tuple(draw(some)), tuple(draw(some)), tuple(name for name in names if name in hidden)
    )


@settings(max_examples=250, deadline=None)
@given(graphs())
def test_what_is_written_is_read_back(graph):
    for format in FORMATS:
        text = write(graph, format)
        assert read(text, format) == graph, (format, text)
        assert read(text) == graph, (format, text)


def test_random_graphs_are_read_back():
    rng = random.Random("files")
    for _ in range(200):
        graph = random_graph(rng, 8, hidden=0.2)
        for format in FORMATS:
            assert read(write(graph, format)) == graph


def test_hidden_variables_go_to_networkx_and_back():
    graph = CausalGraph(("X", "U", "V"), (("U", "X"),), (("X", "V"),), ("V", "U"))
    assert CausalGraph.from_networkx(graph.to_networkx()) == CausalGraph(
        graph.variables, graph.edges, graph.confounded, ("U", "V")
    )
    theirs = graph.networkx.copy()
    theirs.latents = {"U"}  # pyright: ignore[reportAttributeAccessIssue]  # as pgmpy's graphs have them
    assert CausalGraph.from_networkx(theirs).hidden == ("U",)
    theirs.graph["hidden"] = ["W"]
    with pytest.raises(UnknownName, match="'W'"):
        CausalGraph.from_networkx(theirs)
    theirs.graph["hidden"] = True
    with pytest.raises(InvalidGraph, match="hidden=True"):
        CausalGraph.from_networkx(theirs)


def test_networkx_and_we_write_the_same_gml():
    rng = random.Random("gml")
    for _ in range(50):
        graph = random_graph(rng, 8, confounded=False)
        assert read("\n".join(nx.generate_gml(graph.networkx))).edges == tuple(graph.networkx.edges)
        assert set(nx.parse_gml(write(graph, "gml")).edges) == set(graph.edges)


# ---------------------------------------------------------------------------------------------------------------------
# What people and programs write


X_TO_Y = CausalGraph(("X", "Y"), (("X", "Y"),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X -> Y", X_TO_Y),
        ("Y <- X", CausalGraph(("Y", "X"), (("X", "Y"),))),
        ("X→Y", X_TO_Y),
        ("X --> Y", X_TO_Y),
        ("X -> Y, X -> Y", X_TO_Y),
        ("# the effect\nX ->\n  Y  // done\n", X_TO_Y),
        ("X -> Y <- Z, X <-> Y", CausalGraph(("X", "Y", "Z"), (("X", "Y"), ("Z", "Y")), (("X", "Y"),))),
        ("X <-> Y; Y <-> X", CausalGraph(("X", "Y"), (), (("X", "Y"),))),
        ("U [latent], U -> {X Y}", CausalGraph(("U", "X", "Y"), (("U", "X"), ("U", "Y")), (), ("U",))),
        ("X, Y, Z", CausalGraph(("X", "Y", "Z"))),
        (
            '"blood pressure" -> stroke\nage',
            CausalGraph(("blood pressure", "stroke", "age"), ((("blood pressure", "stroke")),)),
        ),
        ("x.1 -> x.2", CausalGraph(("x.1", "x.2"), (("x.1", "x.2"),))),
        ("graph -> dag", CausalGraph(("graph", "dag"), (("graph", "dag"),))),
        # Graphviz: dir, defaults, groups, clusters, keywords in any case.
        ("digraph { X -> Y }", X_TO_Y),
        ('strict DIGRAPH "a-b" { X -> Y [label="+", color="#ff0000", penwidth=2]; }', X_TO_Y),
        ("digraph { X Y rankdir=LR; Y -> X [dir=back] }", X_TO_Y),
        ("digraph { subgraph cluster_0 { label=one; X } -> { rank=same; Y } }", X_TO_Y),
        ("digraph { X -> Y [dir=both, style=dashed] }", CausalGraph(("X", "Y"), (), (("X", "Y"),))),
        (
            "digraph { edge [dir=both]; X -> Y; { edge [dir=forward] Y -> Z } }",
            CausalGraph(("X", "Y", "Z"), (("Y", "Z"),), (("X", "Y"),)),
        ),
        (
            'digraph { node [observed=no]; U; node [observed="yes"]; U -> X [style=dashed] }',
            CausalGraph(("U", "X"), (("U", "X"),), (), ("U",)),
        ),
        # dagitty.net, as it exports a model.
        (
            'dag {\nbb="-2,-2,2,2"\nA [latent,pos="-1.2,0.3"]\n"my X" [exposure,pos="0,-0.5"]\nY [outcome]\n'
            'A -> {"my X" Y}\n"my X" -> Y [beta=-0.5]\nY <-> Z\n}',
            CausalGraph(("A", "my X", "Y", "Z"), (("A", "my X"), ("A", "Y"), ("my X", "Y")), (("Y", "Z"),), ("A",)),
        ),
        # igraph, with the convention of causaleffect (Tikka & Karvanen 2017) for hidden common causes.
        (
            'Creator "igraph"\nVersion 1\ngraph\n[\n  directed 1\n  node\n  [\n    id 0\n    label "X"\n  ]\n'
            '  node [ id 1 label "Y" graphics [ x 1.5 y -2e3 ] ]\n  edge [ source 0 target 1 ]\n'
            '  edge [ source 0 target 1 description "U" ]\n  edge [ source 1 target 0 description "U" ]\n]',
            CausalGraph(("X", "Y"), (("X", "Y"),), (("X", "Y"),)),
        ),
        # DoWhy's documentation: ids that are names.
        ('graph[directed 1 node[id "X" label "X"] node[id "Y" label "Y"] edge[source "X" target "Y"]]', X_TO_Y),
        ('{"variables": ["X", "Y"], "edges": [["X", "Y"]]}', X_TO_Y),
    ],
)
def test_what_people_write(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("X - Y", 2, "got '-', wanted an arrow"),
        ("X -- Y", 2, "undirected: it does not say what causes what"),
        ("X -> Y Z", 7, "A name of several words stands in quotes"),
        ("X -> Y, Z", 8, "may be meant as one more end of the arrow"),
        ("A, B -> C", 0, "may be meant as one more end of the arrow"),
        ("X -> ", 5, "got the end of the text, wanted a variable's name"),
        ("X -> -> Y", 5, "got '->', wanted a variable's name"),
        ("X -> X", 2, "'X' is its own cause"),
        ("X -> 'Y'", 5, 'got "\'", wanted'),
        ('X -> "Y', 5, "a quote that is not closed"),
        ("X @-> Y", 2, "got '@'"),
        ("X = 1", 2, "got '=', wanted an arrow"),
        ("X [exposre] -> Y", 3, "'exposre' may have a meaning"),
        ("X [latent=perhaps]", 3, "wanted yes or no"),
        ("S [selected]", 3, "selection variable"),
        ('"" -> Y', 0, "got '', wanted a variable's name"),
        ("digraph { X -> Y", 16, "got the end of the text, wanted '}'"),
        ("digraph { X -> Y } digraph { }", 19, "One graph is read from one text"),
        ("graph { X -- Y }", 0, "undirected graph does not say"),
        ("digraph { X -> Y [dir=none] }", 15 - 3, "undirected"),
        ("digraph { X -> Y [dir=up] }", 18, "wanted forward, back or both"),
        ("digraph { X <-> Y [dir=back] }", 19, "does not go with the arrow <->"),
        ("digraph { X -> Y [style=dashed] }", 18, "'X' may be meant as hidden"),
        ("digraph { U [style=dotted]; U -> Y }", 13, "'U' may be meant as hidden"),
        ('digraph { U [label="Unobserved Confounders"]; U -> Y }', 13, "its label says so"),
        ("digraph { X -> Y [style=invis] }", 18, "invisible"),
        ("digraph { X -> Y [arrowhead=none] }", 18, "without a head"),
        ("digraph { X -> Y [lag=1] }", 18, "'lag' may have a meaning"),
        ("digraph { node -> Y }", 15, "'node' is a keyword"),
        ("digraph { X:n -> Y }", 11, "got ':'"),
        ("mag { X -> Y }", 0, "Graphs of other types"),
        ("pdag { X -- Y }", 0, "Graphs of other types"),
        ('graph [ directed 1 node [ id 0 label "X" lag 1 ] ]', 41, "'lag' may have a meaning"),
        ("graph [ node [ id 0 ] ]", 0, "undirected"),
        ("graph [ directed 1 node [ id 0 ] edge [ source 0 target 1 ] ]", 33, "1, which is no node's id"),
        ("graph [ directed 1 node [ id 0 ] node [ id 0 ] ]", 33, "there twice"),
        ("graph [ directed 1 node [ label 0 ] ]", 19, "0 values for 'id'"),
        ("graph [ directed 1 node [ id 0 ]", 32, "got the end of the text"),
        ("graph [ directed 1 ] ]", 21, "got ']', wanted a key"),
        ('{"variables": ["A",}', 19, "not JSON"),
    ],
)
def test_the_character_is_pointed_at(text, at, message):
    with pytest.raises(InvalidFile) as caught:
        read(text)
    said = str(caught.value)
    assert message in said
    assert said.splitlines()[-2:] == [f"  {text}", f"  {' ' * at}^"]
    assert said.startswith("line 1: ")


def test_the_line_is_named():
    with pytest.raises(InvalidFile, match=r"line 3: got '->'"):
        read("X -> Y\nY -> Z\nZ -> -> W")


@pytest.mark.parametrize(
    "text",
    [
        "A -> B -> C -> A",
        "dag { A -> B -> C -> A }",
        "digraph { A -> B B -> C C -> A }",
        '{"variables": ["A", "B", "C"], "edges": [["A", "B"], ["B", "C"], ["C", "A"]]}',
    ],
)
def test_a_cycle_is_printed(text):
    with pytest.raises(InvalidGraph, match=r"(A -> B -> C -> A|B -> C -> A -> B|C -> A -> B -> C)"):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ('{"variables": "AB"}', "variables: got 'AB', wanted a list"),
        ('{"variables": ["A"], "arrows": []}', "'arrows', wanted only the keys"),
        ('{"edges": []}', "wanted the key 'variables' too"),
        ('{"variables": ["A", "B"], "edges": [["A", "B", "A"]]}', r"edges\[0\]: got a list of 3"),
        ('{"variables": ["A", 1]}', r"variables\[1\]: got 1, wanted a name"),
        ('{"variables": [], "variables": []}', "there twice"),
        ('{"format": "twinworld-model", "variables": []}', "Is it a model"),
        ('{"version": 2, "variables": []}', "version: got 2"),
        ('{"variables": NaN}', "holds NaN"),
    ],
)
def test_json_that_is_no_graph(text, message):
    with pytest.raises(InvalidFile, match=message):
        read(text, "json" if text else None)


def test_json_with_an_unknown_name():
    with pytest.raises(UnknownName, match="'B'"):
        read('{"variables": ["A"], "edges": [["A", "B"]]}')


def test_formats_that_are_not_there():
    with pytest.raises(InvalidFile, match=r"no format 'dott'.*Did you mean 'dot'"):
        read("X -> Y", "dott")
    with pytest.raises(InvalidFile, match="no format 'png'"):
        write(X_TO_Y, "png")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidFile, match="got list"):
        read(["X -> Y"])  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidGraph, match="too long"):
        write(CausalGraph(("X" * 201,)))


HOSTILE = {
    "brackets": "digraph " + "{" * 200_000,
    "groups": "{" * 100_000 + "A",
    "products": "{" + " ".join(f"a{i}" for i in range(3000)) + "} -> {" + " ".join(f"b{i}" for i in range(3000)) + "}",
    "lists": "graph " + "[ a " * 100_000,
    "quotes": '"' * 99_999,
    "escapes": 'X -> "' + "\\" * 500_000,
    "comments": "/*" * 300_000,
    "spaces": " " * 1_000_000 + "?",
    "arrays": "[" * 200_000,
    "objects": '{"variables":' * 50_000,
    "number": '{"variables": ' + "9" * 10_000 + "}",
    "attributes": "X [" + "color=red," * 100_000,
    "name": "X" * 1_000_000 + " -> Y",
    "dots": "X" + "." * 500_000,
    "arrow": "X " + "-" * 500_000 + "> Y",
    "entities": 'graph [ directed 1 node [ id 0 label "' + "&lt;" * 200_000 + '" ] ]',
    "too long": "X -> Y\n" * 1_000_000,
    "surrogates": "\ud800 -> \udfff\x00",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format", [None, *FORMATS])
def test_hostile_texts_are_refused_quickly(name, format):
    start = time.process_time()
    with pytest.raises(ScmError) as caught:
        read(HOSTILE[name], format)
    assert len(str(caught.value)) < 800
    assert time.process_time() - start < 10  # a fuse, far above what is needed


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='XYZ->< {}[]",;=\\\ndigraphdag:12#/*', max_size=40), st.sampled_from((None, *FORMATS)))
def test_any_text_is_read_or_refused(text, format):
    try:
        graph = read(text, format)
    except ScmError:
        return
    assert read(write(graph)) == graph


# ---------------------------------------------------------------------------------------------------------------------
# Files


KINDS: tuple[tuple[GraphFormat, str], ...] = (
    ("dot", "gv"),
    ("dot", "dot"),
    ("gml", "gml"),
    ("json", "json"),
    ("dagitty", "txt"),
    ("edges", "txt"),
)


def test_files_by_extension_and_by_content(tmp_path):
    graph = CausalGraph(("X", "U", "Y"), (("X", "Y"), ("U", "Y")), (("X", "Y"),), ("U",))
    for format, extension in KINDS:
        path = tmp_path / f"graph.{extension}"
        path.write_text(write(graph, format), encoding="utf-8")
        assert read_graph(path) == graph
        assert read_graph(str(path), format=format) == graph
    packed = tmp_path / "graph.dot.gz"
    packed.write_bytes(gzip.compress(write(graph, "dot").encode()))
    assert read_graph(packed) == graph


def test_files_that_are_no_graph(tmp_path):
    with pytest.raises(InvalidFile, match="There is no file"):
        read_graph(tmp_path / "none.dot")
    path = tmp_path / "cycle.dot"
    path.write_text("digraph { A -> B -> A }")
    with pytest.raises(InvalidFile, match=r"cycle\.dot'.*(A -> B -> A|B -> A -> B)"):
        read_graph(path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"format": "twinworld-model", "version": 1, "variables": []}))
    with pytest.raises(InvalidFile, match=r"model\.json'.*use read_model"):
        read_graph(path)
