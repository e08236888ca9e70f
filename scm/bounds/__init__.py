"""What can be said of a query that is not determined: ends that no model passes, and models that attain them.

The modules in the order of the data's way:

What is known, as laws and rows
    _known            a combination of probabilities across worlds, between two ends
    _granted          what the user grants, as names and shapes
    _stated           whole laws that statements give number by number
    _seen_as_done     stated conditionals, where seeing and doing are the same
    _quantity_rows    a stated quantity as linear rows
    _numbers          probabilities known as numbers, which make such rows linear
    _regions          counts to a simultaneous confidence region
    _sources          all of these together, for one study

A query with it, as polynomials in the laws of response types
    _programme        `Programme`, `Block`, `Polynomial`, `Ratio`, `Ends`, `Clash`: values only
    _frame            variables, their parents, and which share a hidden cause
    _moments          the query as ratios of sums of moments
    _events           events across worlds as sums over states
    _model_moments    the same in a `Model`, whose other mechanisms are summed over
    _factors          a whole law as numbers for each c-component
    _columns          the columns of a block: response types that something read tells apart
    _independent      parts of a block that share no hidden cause, where that is linear
    _sums             moments as polynomials over the blocks
    _canonical        the programme of a study
    _canonical_model  the programme of a `Model` with bare tables
    _presumed         conditions that statements presume to be possible

Solving: `_solve.solve`
    _effort           how hard to try
    _polynomials      what polynomials read, and what numbers leave of them
    _reduce           what can be left out before solving
    _solve            each part of a programme where it is solved best

One block, by linear programming
    _highs            HiGHS, kept between solves
    _linear           rows, forms, and what weak duality proves
    _asked            the query over one block
    _face             the laws that meet the rows, ready for many costs
    _ratio_sums       sums of ratios with different conditions
    _clash            a smallest set of sources that cannot hold together
    _clash_words      its inequality by name
    _one              both ends

Several blocks, by branch and bound
    _apart            blocks whose parts are independent
    _ties             what ties blocks and parts together, with its slopes
    _sparse           linear programmes with sparse rows
    _lift             relaxations, which prove outer ends
    _inner            descents, which find inner ends
    _branch           one end
    _crude            outer ends from ranges alone
    _several          both ends

What is made of the ends
    _attain           the model that attains an end, and a check of it
    _possible         such a law where the condition of a statement must be possible
    _further          how much narrower a further number would make them

Many rows at once, and formulas
    _standard         a programme of one block with open right-hand sides
    _vertices         extreme rays of a cone
    _shorter          dual vectors in few terms
    _pool             dual vectors that bound every row
    _pool_grow        pools too large to be listed
    _pool_rows        the ends of every row
    _row_cells        what laws say of each c-component, for all rows
    _row_factors      factors of the query that are known in each row
    _row_pools        the pools of one query
    _row_query        one query after another over the same rows
    _formulas         `BoundFormula`: ends as the greatest and least of a few forms
    _formula_of       complete pools as a formula
"""
