"""The question of a statistical word problem: which kind it is, and the phrases in its places."""

from __future__ import annotations

import re

from ._forms import Kind, Question

_CHANCE = r"(?:the )?(?:overall )?(?:chance|probability|likelihood|risk|odds)"
_NUMBER = r"(?:the )?(?:overall )?(?:chance|probability|likelihood|risk)"
"""What a number is asked of: odds are another number."""
_MORE = r"(?:larger|greater|higher|bigger|more)"
_LESS = r"(?:smaller|lower|less|lesser)"
_RAISE = r"(?:increase|raise|rise|go up)"
_LOWER = r"(?:decrease|lower|reduce|fall|go down)"
_SEEING = r"(?:when|if|after|upon) (?:we )?(?:observing|observe|seeing|see|given)"
_LOOK = r"(?:if|when) we (?:only )?look (?:only )?at (?P<c>.+?), does"
_DO = r"(?:will|would|does|do|can|could)"
_EVEN = r"(?:chance|50\s?%|one half|half|0\.5|even)"
_ATTRIBUTIONS: tuple[tuple[Kind, str], ...] = (
    ("necessity", "necessary"),
    ("sufficiency", "sufficient"),
    ("necessity and sufficiency", "necessary and sufficient"),
)
_QUESTIONS: tuple[tuple[Kind, str], ...] = (
    (
        "correlation",
        r"(?:is|are) (?P<n>.+?) (?P<up>more|less) (?:likely|common|frequent) (?:among|for|in) (?P<m>.+?)"
        r"(?: than (?:among|for|in) (?P<d>.+))?",
    ),
    ("marginal", r"(?:is|are) (?P<n>.+?) (?P<up>more|less) likely than (?P<m>.+?)(?: overall| in general)?"),
    ("marginal", rf"is {_CHANCE} of (?P<n>.+?) (?:overall )?(?P<up>{_MORE}|{_LESS}) than (?P<even>{_EVEN})"),
    ("correlation", rf"is {_CHANCE} of (?P<n>.+?) (?P<up>{_MORE}|{_LESS}) {_SEEING} (?P<m>.+)"),
    ("explaining", rf"{_LOOK} {_CHANCE} of (?P<n>.+?) (?P<up>{_RAISE}|{_LOWER}) (?:when|if|given) (?P<m>.+)"),
    ("collider", rf"{_LOOK} it mean that (?P<n>.+?) (?P<up>affects?|do(?:es)? not affect) (?P<m>.+)"),
    (
        "treated",
        r"(?:for|among) (?P<c>.+?), would it be (?P<up>more|less) likely to (?:see|observe|find) (?P<n>.+?)"
        r" if (?P<s>.+)",
    ),
    ("treated", r"(?:for|among) (?P<c>.+?), would (?P<n>.+?) be (?P<up>more|less) likely if (?P<s>.+)"),
    (
        "direct",
        r"if we (?:disregard|ignore|leave out|block) the (?:mediation |mediating |indirect )?effect through (?P<v>.+?),"
        rf" {_DO} (?P<x>.+?) (?P<up>positively|negatively) affect (?P<y>.+)",
    ),
    ("through", rf"{_DO} (?P<x>.+?) (?P<up>positively|negatively) affect (?P<y>.+?) through (?P<v>.+)"),
    ("total", rf"{_DO} (?P<x>.+?) (?P<up>positively|negatively) affect (?P<y>.+)"),
    (
        "methods",
        r"to understand how (?P<x>.+?) affects? (?P<y>.+?), is (?:it (?:better|more correct) to use )?(?:the )?"
        r"method (?P<a>\d+) (?:better |more correct |rather )?than (?:the )?method (?P<b>\d+)",
    ),
    (
        "methods",
        r"to understand how (?P<x>.+?) affects? (?P<y>.+?), is it more correct to use (?:the )?method (?P<a>\d+)"
        r" (?:rather )?than (?:the )?method (?P<b>\d+)",
    ),
    ("effect", rf"{_DO} (?P<n>.+?) (?P<up>{_RAISE}|{_LOWER}) {_CHANCE} of (?P<m>.+)"),
    ("effect", rf"{_DO} (?P<n>.+?) make (?P<m>.+?) (?P<up>more|less) likely"),
    (
        "amount",
        rf"(?:by )?how much (?:{_DO}) (?P<n>.+?) (?P<up>{_RAISE}|{_LOWER}) {_CHANCE} of (?P<m>.+)",
    ),
    ("amount", r"what is the (?:average |causal |total |overall )*effect of (?P<n>.+?) on (?P<m>.+)"),
    *((kind, rf"what is {_NUMBER} of {kind} of (?P<n>.+?) for (?P<m>.+)") for kind, _ in _ATTRIBUTIONS),
    *(
        (
            kind,
            rf"(?:what is {_NUMBER}|how likely is it) that (?P<n>.+?) (?:is|was) a {word} cause (?:of|for) (?P<m>.+)",
        )
        for kind, word in _ATTRIBUTIONS
    ),
    ("chance", rf"(?:for|among) (?P<c>.+?), what is {_NUMBER} of (?P<n>.+?)"),
    ("chance", rf"what is {_NUMBER} of (?P<n>.+?)(?: overall| in general)?(?: (?:for|among) (?P<c>.+))?"),
    ("supposed", r"would (?P<s>.+?) if (?P<n>.+?)(?: instead of (?P<m>.+))?"),
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"^(?:(?:and|so|now|then),? )?{pattern}$", re.IGNORECASE)) for kind, pattern in _QUESTIONS
)
_DOWN = re.compile(rf"^(?:{_LESS}|{_LOWER}|negatively|do(?:es)? not affect)$", re.IGNORECASE)


def question_of(sentence: str) -> Question | None:
    """What a sentence asks, if it is a question of a known kind."""
    flat = " ".join(sentence.rstrip("?.! ").split())
    for kind, pattern in _PATTERNS:
        if match := pattern.match(flat):
            slots = {k: v for k, v in match.groupdict().items() if v and k != "up"}
            if slots.pop("even", "") or slots.get("m", "").lower() == "not":
                slots["m"] = f"not {slots['n']}"
            up = match.groupdict().get("up")
            return Question(kind, slots, up is None or not _DOWN.match(up), sentence)
    return None
