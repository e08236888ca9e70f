"""A language model reads a note, a news story and a manager's question; the engine answers them.

The offline reader knows controlled English and gives up on such texts. A language model may read anything, and may
misread it: what it makes of a text is held against the text and the engine, mended, or given up. It never computes.

Without a key this runs on recorded replies, which a server on this machine gives over real HTTP. With OPENAI_API_KEY
(or OPENAI_BASE_URL, for a model of your own) it asks the model that TWINWORLD_MODEL names.

Run it with: python examples/by_language_model.py
"""

import asyncio
import os
from pathlib import Path

from llm_bridge import ChatModel, Formaliser, answer_by_model, open_model, serve_recording
from scm import ScmError

RECORDING = Path(__file__).parent / "recordings" / "by_language_model.jsonl"
TEXTS = (
    "Night note, ward 4. The pump's alarm goes off if the line is kinked or the battery runs down, and for "
    "nothing else. Sister Abara comes whenever the alarm goes off, unless she is in theatre, and once she comes "
    "the dose is put right. Tonight the alarm went off, she was not in theatre, and the dose was put right. We "
    "found the line kinked and the battery full. Had the line not been kinked, would the dose have been put "
    "right?",
    "Sandbags divide the town. Streets by the river take them more often than streets on the hill, and they flood "
    "more often too; a street's sandbags keep water out of its cellars. 40% of the streets lie by the river. By "
    "the river 60% of the streets without sandbags flooded last winter, and 35% of those with them. On the hill "
    "it was 10% without and 5% with. If the council put sandbags on every street instead of on none, would fewer "
    "cellars flood?",
    "We moved 12% of our customers to the new plan. 8% of those who moved have left since, and 11% of the others. "
    "The account managers chose whom to move, and they went by how happy a customer seemed, which of course also "
    "bears on who leaves. Does the plan keep customers?",
)


async def tell(chat: ChatModel) -> None:
    """Each text, how it was read, and the answer."""
    formaliser = Formaliser(chat)
    for text in TEXTS:
        answer = await answer_by_model(text, formaliser)
        print(f"{text}\n")
        for attempt in answer.formalisation.attempts:
            print(f"  read ({attempt.step}): {'taken' if attempt.kept and attempt.sound else 'not taken'}")
            for fault in attempt.faults:
                if fault.severity != "hint":
                    print(f"    {fault.check}: {fault.message.partition(' Wanted: ')[0]}")
        print(f"\n  {answer.reply.line}\n")


def main() -> None:
    """Live where there is a key or an address, else on recorded replies."""
    if os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
        asyncio.run(tell(open_model(os.environ.get("TWINWORLD_MODEL", "gpt-5-mini"))))
        return
    with serve_recording(RECORDING).running() as address:
        asyncio.run(tell(open_model("recorded", base_url=address, form="schema")))


if __name__ == "__main__":
    try:
        main()
    except ScmError as wrong:
        raise SystemExit(str(wrong)) from None
