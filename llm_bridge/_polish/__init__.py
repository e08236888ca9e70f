"""Answers in smoother words: a language model may reword a template, and what it wrote is read again."""

from ._polishing import Polished as Polished
from ._polishing import polish as polish
from ._recheck import recheck as recheck
