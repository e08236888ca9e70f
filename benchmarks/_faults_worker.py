"""`python -m benchmarks._faults_worker PART JSON`: the processes of the fault run. A line of JSON comes out of each.

serve   a model that reads every question rightly, behind a server that misbehaves; it ends when its input does
ask     the questions put to it through the bridge, as `twinworld bench` does
alone   the same requests through the openai client, with nothing of ours around it: by its typed methods, as its users
        call it, or on connections and by calls as the bridge has them
work    the same replies read, checked and answered, with nothing sent
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from llm_bridge import read, solve_problem
from llm_bridge._chat._bodies import Dialect, body, encoded, path
from llm_bridge._chat._connections import Connections
from llm_bridge._chat._endpoint import endpoint
from llm_bridge._chat._ledger import Budget, Ledger, Price
from llm_bridge._chat._open import open_model
from llm_bridge._chat._openai import OpenAIChat
from llm_bridge._chat._scripted import ScriptedChat
from llm_bridge._chat._server import Faults, LocalServer, ServedRequest
from llm_bridge._chat._server_answer import chat_request, simplest
from llm_bridge._chat._tokens import estimated_input, estimated_tokens
from llm_bridge._chat._types import ChatRequest
from llm_bridge._formalise._formaliser import Formaliser
from llm_bridge._formalise._wire import problem_to_wire
from llm_bridge.bench import run_bench_model

MODEL = "reader"
PRICE = Price(2.0, 8.0)

Made: TypeAlias = list[tuple[dict[str, Any], bytes]]
"""Requests as the client's methods take them, and as they are sent."""


def texts(file: str) -> list[str]:
    """The questions of a suite file."""
    entries = map(json.loads, Path(file).read_text(encoding="utf-8").splitlines())
    return [f"{entry['given_info']} {entry['question']}" for entry in entries]


class Reader:
    """The model: what the offline reader makes of a text, as a reply; and what an endpoint would charge for it."""

    def __init__(self, file: str) -> None:
        self.replies = {text: json.dumps(problem_to_wire(read(text))) for text in texts(file)}
        self.tokens = [0, 0]

    def __call__(self, request: ServedRequest) -> str:
        asked = chat_request(request)
        reply = simplest(request) if asked.purpose == "probe" else self.replies[asked.text]
        self.tokens[0] += estimated_input(request.messages, request.schema.text if request.schema else "")
        self.tokens[1] += estimated_tokens(reply)
        return reply


def serve(file: str, rate: float, seed: int, delay: float) -> dict[str, Any]:
    """Serve until the input ends; what befell the requests."""
    reader = Reader(file)
    server = LocalServer(reader, models=(MODEL,), faults=Faults(rate=rate, seed=seed, delay=delay))
    with server.running() as url:
        print(url, flush=True)
        sys.stdin.read()
        log = server.log
    whole = Counter(entry.asked for entry in log if entry.misdeed is None)
    return {
        "requests": len(log),
        "misdeeds": dict(Counter(entry.misdeed.kind for entry in log if entry.misdeed).most_common()),
        "twice": sum(count - 1 for count in whole.values()),
        "tokens": reader.tokens,
        "cost": PRICE.of(*reader.tokens),
    }


def ask(url: str, file: str, folder: str, budget: float, at_once: int, timeout: float, warm: int = 0) -> dict[str, Any]:
    """One run over the questions, after some to get warm that are not counted; what it took."""
    there = Path(folder)
    with Ledger(there / "ledger.jsonl", budget=Budget(cost=budget), price=PRICE) as ledger:
        chat = open_model(
            MODEL,
            base_url=url,
            api_key="none",
            cache=there / "replies.sqlite",
            ledger=ledger,
            at_once=at_once,
            timeout=timeout,
            reports=there,
        )
        more: dict[str, Any] = {"model": MODEL, "concurrency": at_once, "progress": False}
        if warm:
            again = OpenAIChat(MODEL, base_url=url, api_key="none")
            run_bench_model([file], again, "bridge", limit=warm, **more)
        with Clock() as clock:
            summary = run_bench_model([file], chat, "bridge", out=there / "out.jsonl", **more)
        assert summary.model is not None
        return clock.took() | {"not_asked": summary.model.not_asked, "spending": ledger.summary().data()}


def alone(url: str, file: str, at_once: int, warm: int, typed: bool = True) -> dict[str, Any]:
    """The first request about every question, through the client and nothing else."""
    made = [(body(one, MODEL, Dialect()), encoded(one, MODEL, Dialect())) for one in requests(file)]

    async def by_methods(some: Made) -> None:
        from openai import AsyncOpenAI

        async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            await shared(some, at_once, lambda one: client.chat.completions.create(**one[0]))

    async def as_the_bridge(some: Made) -> None:
        connections = Connections(endpoint(MODEL, url, "none"), 120.0, at_once)
        await shared(some, at_once, lambda one: connections.post(path(Dialect()), one[1]))

    all_of = by_methods if typed else as_the_bridge
    asyncio.run(all_of(made[:warm]))
    settled()
    with Clock() as clock:
        asyncio.run(all_of(made))
    return clock.took()


async def shared(some: Made, at_once: int, send: Callable[[tuple[dict[str, Any], bytes]], Awaitable[object]]) -> None:
    """Send all of them, so many at once."""
    waiting = iter(some)

    async def worker() -> None:
        for one in waiting:
            await send(one)

    await asyncio.gather(*(worker() for _ in range(at_once)))


def settled() -> None:
    """Have what was prepared out of the garbage collector's way: going through it is no part of what is measured."""
    gc.collect()
    gc.freeze()


def work(file: str, warm: int) -> dict[str, Any]:
    """Every reply read, checked and answered with nothing sent; and what the engine takes of that."""
    reader = Reader(file)
    chat = ScriptedChat(lambda request: reader.replies[request.text])

    async def main() -> tuple[dict[str, Any], dict[str, Any]]:
        formaliser = Formaliser(chat)
        for text in list(reader.replies)[:warm]:
            await formaliser.formalise(text)
        settled()
        with Clock() as clock:
            found = [await formaliser.formalise(text) for text in reader.replies]
        problems = [one.problem for one in found if one.problem]
        with Clock() as engine:
            for problem in problems:
                solve_problem(problem)
        return clock.took(), engine.took()

    whole, engine = asyncio.run(main())
    return {"cpu": whole["cpu"], "engine": engine["cpu"]}


def requests(file: str) -> list[ChatRequest]:
    """The first request about every question."""
    reader = Reader(file)
    chat = ScriptedChat(lambda request: reader.replies[request.text])

    async def main() -> None:
        for text in reader.replies:
            await Formaliser(chat).formalise(text)

    asyncio.run(main())
    return chat.requests


class Clock:
    """Processor time of this process, and time by the clock, of what stands inside."""

    def __enter__(self) -> Clock:
        self.cpu, self.seconds = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.seconds = time.process_time() - self.cpu, time.perf_counter() - self.seconds

    def took(self) -> dict[str, Any]:
        return {"cpu": self.cpu, "seconds": self.seconds}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {"serve": serve, "ask": ask, "alone": alone, "work": work}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](**json.loads(sys.argv[2]))), flush=True)
