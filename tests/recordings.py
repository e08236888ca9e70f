"""The examples' recordings, put under the keys of the present prompts and schemas: `python -m tests.recordings`.

A recording is found by all that is sent, the prompt included. When a prompt changes, the replies stay what they are:
this asks every text of a recording again, has the old recording answer, each text in its own order, and writes a new
one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from llm_bridge import ChatRequest, Formaliser, RecordingChat, ScriptedChat

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "recordings"


def replies_of(path: Path) -> dict[str, list[str]]:
    """The replies to each text, in order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if "messages" in entry:
            asked = json.loads(entry["messages"][-1][1] if isinstance(entry["messages"][-1], list) else "{}")
            found.setdefault(asked["text"], []).append(entry["reply"])
    return found


def record(replies: dict[str, list[str]], path: Path) -> None:
    """A recording of these replies; written whole or not at all."""
    given = {text: iter(said) for text, said in replies.items()}

    def answer(request: ChatRequest) -> str:
        try:
            return next(given[request.text])
        except StopIteration:
            sys.exit(
                f"One more reply is needed to: {request.text[:60]}... Its last request asked:\n"
                f"{request.messages[-1].content[-3000:]}"
            )

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        made = Path(folder) / path.name
        with RecordingChat(ScriptedChat(answer), made) as chat:
            for text in replies:
                asyncio.run(Formaliser(chat).formalise(text))
        os.replace(made, path)


def main() -> None:
    for path in sorted(FOLDER.glob("*.jsonl")):
        replies = replies_of(path)
        record(replies, path)
        print(f"{path.name}: {sum(map(len, replies.values()))} replies to {len(replies)} texts")


if __name__ == "__main__":
    main()
