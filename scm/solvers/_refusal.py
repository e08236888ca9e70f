"""`Refusal`: a solver that will not answer says why."""

from __future__ import annotations


class Refusal(Exception):
    """Why a solver will not answer, in words fit for a user."""
