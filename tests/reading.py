"""Text cases as data: see the head of each file in `reading_cases/`."""

from dataclasses import dataclass, field
from pathlib import Path

CASES = Path(__file__).resolve().parent / "reading_cases"


@dataclass
class Case:
    """One text and what reading it must give."""

    name: str
    text: str = ""
    equations: dict[str, str] = field(default_factory=dict)
    statements: dict[str, str] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    reply: str = "yes-no"
    reason: str = ""


def cases(name: str) -> list[Case]:
    """The cases of one file, in order."""
    found: list[Case] = []
    for line in (CASES / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("---"):
            found.append(Case(line[3:].strip()))
        elif found and line.strip():
            _add(found[-1], line)
    for number, case in enumerate(found, start=1):
        case.name = case.name or f"{number}: {case.text[:40]}"
    return found


def _add(case: Case, line: str) -> None:
    match line[:2]:
        case "= ":
            name, _, expression = line[2:].partition(" := ")
            case.equations[name] = expression
        case "% ":
            term, _, value = line[2:].rpartition(" : ")
            case.statements[term] = value
        case "? ":
            case.queries.append(line[2:])
        case "! ":
            case.reply = line[2:].strip()
        case "> " | ">":
            case.reason = line[1:].strip()
        case _:
            case.text = f"{case.text}\n{line}" if case.text else line
