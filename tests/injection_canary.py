"""A module that nothing may import: it says so where it is."""

import os
from pathlib import Path


def strike() -> None:
    """Leave a mark."""
    Path(os.environ["TWINWORLD_CANARY"]).write_text("imported", encoding="utf-8")


strike()
