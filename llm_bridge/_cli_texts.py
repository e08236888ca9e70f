"""What the command says of itself: a description and examples for each subcommand."""

ABOUT = """\
Causal questions on every rung of the ladder, answered exactly and said back in words.

  twinworld ask "If it rains, the road is wet. It rained.
                 Would the road have been wet if it had not rained?"
"""
AFTER = """\
`twinworld COMMAND --help` shows the options of a command, with an example.
Exit status: 0 for any finding (undefined and bounds included), 2 for misuse, 3 for what is refused or unreadable (of
rows, where every row is refused).
"""
ASK = """\
Answer a causal question in words: rules, what was seen, and one question. Without --model nothing leaves this machine.
With it a language model reads, and nothing more: the engine computes every figure, and what the model read is checked
against the text and the engine, mended, or given up.
"""
ASK_EXAMPLES = """\
examples:
  twinworld ask "We know that Ziklo causes Blaf. Would Blaf occur if not Ziklo?"
  twinworld ask story.txt --explain
  echo "If the fuse is blown, the light is off. ..." | twinworld ask - --json
  twinworld ask note.txt --model gpt-5-mini --votes 3 --explain          (the key: OPENAI_API_KEY)
  twinworld ask note.txt --model llama3.1 --base-url http://localhost:11434/v1
"""
SOLVE = """\
Answer a Problem: the form between words and engine, as JSON (variables, equations, statements, queries).
"""
SOLVE_EXAMPLES = """\
example, with problem.json holding
  {"variables": [{"name": "X"}, {"name": "Y"}], "equations": [{"variable": "Y", "expression": "X"}],
   "queries": [{"query": "P(Y[X=False]=True | X=True)"}], "reply": {"kind": "yes-no"}}

  twinworld solve problem.json
"""
QUERY = """\
Ask the engine about a model: Twinworld's own (.json or .safetensors, as `Model.save` of the package `scm` writes it),
or a Bayesian network as BIF, XMLBIF, NET, UAI or XDSL (also packed: .bif.gz). The extension says which. Or about a
graph (.dot, .gml, dagitty, edges, JSON, or its text) with what is known of it: statements (--given) or a table of units
(--data).
"""
QUERY_EXAMPLES = """\
queries:
  P(Y=1 | X=1)                    seeing
  P(Y=1 | do(X=1))                doing
  P(Y[X=0]=0 | X=1, Y=1)          imagining: Y, had X been 0, where both were 1
  E[Y[X=1, M=M[X=0]]] - E[Y[X=0]] a nested contrast (the natural direct effect)

examples:
  twinworld query model.json "P(Y[X=0]=0 | X=?x, Y=1)" --set x=1
  twinworld query model.json "P(Y[X=?x]=1)" --rows units.csv --out answers.csv --ignore id
  twinworld query "Z -> X -> Y, Z -> Y" "P(Y=1 | do(X=1))" --given "P(Z=1) = 40%" \\
            --given "P(Y=1 | X=1, Z=0) = 31%" --given "P(Y=1 | X=1, Z=1) = 85%"

rows: a column named as a placeholder fills it; one named as a variable is what was observed of it; an empty cell says
that nothing was observed. The column `status` says ok, undefined (the evidence is impossible) or refused (no method can
work it out; why is said on standard error); the exit status is 3 only if every row is refused. A run that was
interrupted goes on where it was when the same command is given again.
"""
IDENTIFY = """\
Say whether a query follows from a graph: the formula with its derivation and how it was checked, or why there is none
and two models that show it. GRAPH is a file (.dot, .gml, dagitty, edges, Twinworld's JSON) or the text of one.
"""
IDENTIFY_EXAMPLES = """\
examples:
  twinworld identify "X -> M -> Y, X <-> Y" "P(Y=1 | do(X=1))"
  twinworld identify graph.dot "E[Y[X=1, M=M[X=0]]] - E[Y[X=0]]" --json
  twinworld identify "Z -> X -> Y, X <-> Y" "P(Y=1 | do(X=1))" --available "trial: P(X, Y | do(Z))"
"""
BENCH = """\
Run suite files (CounterBench, CLadder, Corr2Cause and CCR.GB as published, or Twinworld's own JSONL) and score the
answers, with and without the conventions that a suite's labels rest on. With --model, a language model reads or
answers.
"""
BENCH_EXAMPLES = """\
examples:
  twinworld bench counterbench.jsonl --out results.jsonl
  twinworld bench clinical.jsonl --model NAME --method bridge --cache replies.db --out results.jsonl

methods: direct (the model answers at once), reasoned (it reasons first, then answers), bridge (it reads the text into a
Problem, which is checked, and the engine answers).

A run that was stopped, in whatever way, goes on when the same command is given again: what is finished is not asked
again, what failed at the endpoint is. A budget that is used up ends a run with status 0: the scores are of what was
asked, and the report and a line on standard error say how many items were not. With --out it is kept in a ledger beside
it (OUT.ledger), and holds for all runs of that output together: a larger one goes on. Where nothing can go on until
the user acts (a wrong key, an unknown model, no credit) the run stops at once with status 3.
"""
