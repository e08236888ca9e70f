"""Questions of attribution over counts: necessity, sufficiency, and what would have become of those who were seen.

Pearl (2009), section 9.2: necessity P(Y[x']=no | x, Y=yes), sufficiency P(Y[x]=yes | x', Y=no), both P(Y[x]=yes,
Y[x']=no). Experiments and counts hardly ever determine them; the engine then says between which ends they lie.
"""

from __future__ import annotations

import re
from typing import Protocol, TypeAlias

from scm import Const, Expr, Op, Probability, Set, Value, Var, conjunction

from ._causation import Causation, causation
from ._counts import PEOPLE, Trait, traits
from ._story import Unreadable, quoted

State: TypeAlias = tuple[str, Value]


class Described(Protocol):
    """What descriptions stand for: states of the variables that were counted."""

    def event(self, trait: Trait) -> State:
        """A description as a state of its variable."""
        ...

    def single(self, phrase: str) -> State:
        """A phrase of one description as a state."""
        ...

    def outcome(self, phrase: str) -> str:
        """The true-or-false variable that a noun or verb names."""
        ...


_SHARE = r"(?:probability|chance|likelihood|proportion|fraction|share|percentage)"
_KIND = r"(?P<kind>necessity and sufficiency|sufficiency and necessity|necessity|sufficiency)"
_ADJECTIVE = r"(?P<kind>necessary and sufficient|sufficient and necessary|necessary|sufficient)"
_OF = re.compile(
    rf"^what (?:is|was) the {_SHARE} of {_KIND} of (?P<x>.+?) (?:for|in causing) (?P<y>.+)$", re.IGNORECASE
)
_THAT = re.compile(
    rf"^(?:what (?:is|was) the {_SHARE}|how likely (?:is|was) it) that (?P<x>.+?) (?:is|was) (?:a|the|both) "
    rf"{_ADJECTIVE} (?:cause )?(?:of|for) (?P<y>.+)$",
    re.IGNORECASE,
)
_ONE = rf"(?:some|any)(?:one|body)|an? (?:{PEOPLE}|patient|person|student|individual|participant|subject|user|employee)"
_WHO = r"(?:they|he|she|that (?:person|patient)|the (?:person|patient))"
_SEEN = re.compile(
    rf"^(?:given that (?:{_ONE}) (?P<one>.+?) , (?:what (?:is|was) the {_SHARE}|how likely (?:is|was) it) that {_WHO}"
    rf"|(?:among|of) (?:those|the {PEOPLE}) who (?P<all>.+?) , (?:what|which) {_SHARE})"
    r" would (?P<not>not )?(?:still )?have (?P<y>.+?) (?P<how>had|if|without) (?P<tail>.+)$",
    re.IGNORECASE,
)
_THEIR = re.compile(rf"^{_WHO} (?:had )?", re.IGNORECASE)


def attributed(study: Described, phrase: str) -> Probability | None:
    """The probability that a question of attribution asks for; None where it is none.

    Raises:
        Unreadable: it is one, of descriptions that the counts do not have.
    """
    if match := _OF.match(phrase) or _THAT.match(phrase):
        return _caused(study, match["kind"].lower(), match["x"], match["y"])
    if match := _SEEN.match(phrase):
        return _had_been(study, match)
    return None


def _caused(study: Described, kind: str, cause: str, effect: str) -> Probability:
    name, value = study.single(cause)
    if not isinstance(value, bool):
        raise Unreadable(f"{quoted(cause)} as a cause compared with what? Ask what would have been under another.")
    which: Causation = (
        "necessity and sufficiency" if " and " in kind else "necessity" if kind.startswith("necess") else "sufficiency"
    )
    return causation(which, (name, value), (study.outcome(effect), True))


def _had_been(study: Described, match: re.Match[str]) -> Probability:
    """`Given that a patient took the drug and recovered, ... would not have recovered without the drug`."""
    seen = [
        study.event(trait) for piece in re.split(r" and | but ", match["one"] or match["all"]) for trait in _one(piece)
    ]
    if match["how"].lower() == "without":
        (key, holds), *more = _one(f"without {match['tail']}")
    else:
        (key, holds), *more = _one(_THEIR.sub("", match["tail"]))
    if more:
        raise Unreadable(f"{quoted(match['tail'])} imposes several things. Ask about one.")
    name, value = study.event((key, holds))
    ((own, positive),) = _one(match["y"])
    outcome, state = study.event((own, positive == (match["not"] is None)))
    imposed = (Set(name, Const(value)),)
    return Probability(_is(Var(outcome, imposed), state), conjunction(*(_is(Var(n), v) for n, v in seen)))


def _one(phrase: str) -> tuple[Trait, ...]:
    if not (found := traits(phrase)):
        raise Unreadable(f"What is meant by {quoted(phrase)}? Say it as the counts do.")
    return found


def _is(term: Var, value: Value) -> Expr:
    return Op("=", (term, Const(value)))
