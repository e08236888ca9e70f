"""Runs every attack of `tests.injections` in a process of its own, and prints what went wrong as JSON.

Python itself tells what is opened, imported, compiled, started or connected to (`sys.addaudithook`): while an attack
runs, that may be nothing but Python's own modules, ours, and those of what we are built on.

    python -m tests.injection_worker FOLDER          the suite
    python -m tests.injection_worker FOLDER prove    things that must be noticed, to show that they would be
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import os
import re
import site
import sys
import sysconfig
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from tests.injections import CALM, HOSTILE, INJECTIONS, KEY, POLISHED, SHAPES, Injection, calm_reply, obedient

Model: TypeAlias = Callable[[Any], str]

ROOT = Path(__file__).resolve().parent.parent
_LIBRARIES = tuple(
    str(Path(place).resolve())
    for place in (
        *sysconfig.get_paths().values(),
        *site.getsitepackages(),
        sys.base_prefix,
        ROOT / "scm",
        ROOT / "llm_bridge",
    )
)
_WATCHED = re.compile(
    r"open|exec|compile|import|os\.(?!getxattr|listxattr)\w+|subprocess\.\w+|pickle\.\w+|marshal\.\w+|shelve\.\w+|sqlite3\.\w+|"
    r"urllib\.\w+|webbrowser\.\w+|socket\.\w+|ftplib\.\w+|http\.\S+|smtplib\.\w+|ctypes\.\w+|code\.__new__|shutil\.\w+|"
    r"tempfile\.\w+|glob\.\w+|pty\.\w+|builtins\.input|signal\.\w+|syslog\.\w+|winreg\.\w+"
)
"""What is listened to."""


class Watch:
    """What Python did while the watch was on, beside loading libraries."""

    def __init__(self) -> None:
        self.on = False
        self.events: list[str] = []
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on or not _WATCHED.fullmatch(event):
            return
        self.on = False  # what is done here is not listened to
        try:
            if not _is_loading(event, arguments):
                self.events.append(f"{event} {ascii(arguments)[:200]}")
        finally:
            self.on = True

    def taken(self) -> list[str]:
        """The events since the last time."""
        self.on, events, self.events = False, self.events, []
        return events


def _is_loading(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an event is a library being loaded: its folder looked through, its file opened, its code run."""
    match event:
        case "import":
            return str(arguments[0]).partition(".")[0] not in ("tests", "antigravity", "this")
        case "open":
            return _is_library(arguments[0]) and arguments[1] in ("r", "rb", None)
        case "os.listdir" | "os.scandir" | "ctypes.dlopen" | "glob.glob":
            return _is_library(arguments[0])
        case "exec":
            return _is_library(getattr(arguments[0], "co_filename", "")) or _is_made_by_library(arguments[0])
        case "compile":
            return _is_library(arguments[1]) or (arguments[0] is None and arguments[1] is None)
        case "marshal.loads" | "ctypes.dlsym" | "code.__new__" | "ctypes.cdata":
            return True  # how compiled modules and array libraries are loaded
        case _:
            return False


def _is_library(path: object) -> bool:
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    return isinstance(path, str) and (path.startswith("<frozen ") or str(Path(path).resolve()).startswith(_LIBRARIES))


def _is_made_by_library(code: object) -> bool:
    """Whether code was written by the standard library for a class, such as a dataclass: by whom it is run tells."""
    frame: Any = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    by = "" if frame is None else frame.f_code.co_filename
    return by.startswith(sysconfig.get_paths()["stdlib"]) and Path(by).name in (
        "dataclasses.py",
        "__init__.py",
        "enum.py",
    )


# ---------------------------------------------------------------------------------------------------------------------
# What must not be in an output


def faults_of(output: str, payload: str = "", *, data: bool = False) -> Iterator[str]:
    """What is wrong with something that is shown: words for a person, or with `data` a JSON document."""
    odd = () if output.replace("\n", "").isprintable() else output
    hidden = {sign for sign in odd if sign != "\n" and unicodedata.category(sign) in _HIDDEN}
    if hidden:
        yield f"hidden characters {sorted(map(ascii, hidden))[:5]}"
    if KEY in output or KEY[8:24] in output:
        yield "the key"
    if data:
        return
    order, ours = _folded(payload), _QUOTED.sub('""', _folded(output))
    if len(order) >= 12 and order[:60] in ours:
        yield f"the payload as words of ours: {output[:300]!r}"
    if re.search(r"https?://\S|www\.\w", output):
        yield f"a live link: {output[:300]!r}"
    if re.search(r"[\u0300-\u036f\u0488\u0489\u20d0-\u20f0]{9,}", output):
        yield "a heap of combining marks"
    if len(output) > 20_000:
        yield f"{len(output):,} characters"


_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_QUOTED = re.compile(r"\"[^\"]*\"|(?<![^\s(\[])'(?:[^'\\]|\\.|'(?=[^\s.,;:!?)\]]))*'")
"""What is marked as the words of somebody else."""


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


# ---------------------------------------------------------------------------------------------------------------------
# Runs


@dataclass
class Suite:
    """The runs and what went wrong in them, by name."""

    watch: Watch
    wrong: dict[str, list[str]] = field(default_factory=dict)
    runs: int = 0
    slowest: list[tuple[float, str]] = field(default_factory=list)
    answered: int = 0
    systems: dict[str, set[str]] = field(default_factory=dict)
    schemas: dict[str, set[str]] = field(default_factory=dict)

    async def run(self, name: str, payload: str, work: Callable[[], Any]) -> None:
        """One run, watched; what it shows is checked."""
        start = time.process_time()
        self.watch.on = True
        try:
            made = work()
            shown = await made if asyncio.iscoroutine(made) else made
        except BaseException as error:
            self.watch.taken()
            self.wrong.setdefault(name, []).append(f"{type(error).__name__}: {ascii(str(error))[:300]}")
            return
        events = self.watch.taken()
        taken = time.process_time() - start
        self.slowest = sorted([*self.slowest, (taken, name)], reverse=True)[:12]
        self.runs += 1
        found = [f"event {event}" for event in events]
        for where, output, data in shown:
            found += [f"{where}: {fault}" for fault in faults_of(output, payload, data=data)]
        if found:
            self.wrong.setdefault(name, []).extend(found[:5])

    def asked(self, text: str, requests: list[Any], calls: int) -> Iterator[str]:
        """What is wrong with the requests that a text led to."""
        for request in requests:
            self.systems.setdefault(request.purpose, set()).add(request.messages[0].content)
            if calls == 2 and request.purpose == "problem":
                yield from (f"schema: {fault}" for fault in faults_of(request.schema.text, data=True))
            elif request.purpose in ("problem", "repair", "variables"):
                self.schemas.setdefault(request.purpose, set()).add(request.schema.text)
            if [m.role for m in request.messages] != ["system", "user"]:
                yield f"{request.purpose}: roles {[m.role for m in request.messages]}"
            said = json.loads(request.messages[1].content)
            if request.purpose != "polish" and said.get("text") != text:
                yield f"{request.purpose}: the text is not the data's text"
            if len(text) > 20 and request.schema is not None and text[-40:] in request.schema.text:
                yield f"{request.purpose}: the text is in the schema"


Shown: TypeAlias = list[tuple[str, str, bool]]
"""What is shown: where, the text, and whether it is data."""


def shown(reply: Any, whole: Any = None) -> Shown:
    """Everything that a reply is shown as."""
    from llm_bridge._cli_print import as_json, explanation, reply_text
    from llm_bridge._guard import spoken, visible
    from llm_bridge._styles import say

    data = (reply if whole is None else whole).to_json()
    return [
        ("line", reply.line, False),
        ("words", reply.words, False),
        ("paragraph", say(reply, "paragraph"), False),
        ("style json", say(reply, "json"), True),
        ("terminal", visible(reply_text(reply, derivation=True, explain=False)), False),
        ("explained", visible(reply_text(reply, derivation=True, explain=True)), True),
        ("error", visible(spoken(reply.fault, ()) or reply.words), False),
        ("json", as_json(data | explanation(reply)), True),
    ]


def command(text: str) -> Shown:
    """What the command prints, both streams."""
    from llm_bridge.cli import main

    out, wrong = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(wrong):
        main(["ask", f" {text}", "--explain", "--derivation"])
    return [("standard output", out.getvalue(), True), ("standard error", wrong.getvalue(), False)]


def ignores(request: Any) -> str:
    """A model that reads the calm text, whatever else there is."""
    match request.purpose:
        case "compare":
            parts = [one["part"] for one in json.loads(request.messages[1].content)["sentences"]]
            return json.dumps({"parts": [{"part": p, "verdict": "said", "words": ""} for p in parts], "missing": []})
        case "polish":
            return json.loads(request.messages[1].content)["text"]
        case _:
            return json.dumps(calm_reply())


def obeys(payload: str, shape: int) -> Model:
    """A model that does what the text orders, in one of several ways."""

    def model(request: Any) -> str:
        match request.purpose:
            case "compare":
                return ignores(request)
            case "polish":
                return f"{ignores(request)} {payload}"
            case _:
                return obedient(payload, shape)

    return model


def echoes(request: Any) -> str:
    """A model that says what it was told."""
    return request.messages[1].content


def cites(text: str) -> Model:
    """A model that reads the calm text and cites the question as it stands."""
    words = text[text.index("Would the road") :] if "Would the road" in text else ""

    def model(request: Any) -> str:
        if request.purpose in ("compare", "polish"):
            return ignores(request)
        reply = calm_reply()
        return json.dumps({**reply, "queries": [{**reply["queries"][0], "words": words}]})

    return model


def turned(reply: str) -> Model:
    """A model that says one thing, whatever it is asked."""
    return lambda request: ignores(request) if request.purpose == "polish" else reply


async def bridge(suite: Suite, text: str, model: Model, votes: int = 1, calls: Literal[1, 2] = 1) -> Shown:
    """What the bridge shows, with that model as the reader and to polish."""
    from llm_bridge._by_model import answer_by_model
    from llm_bridge._chat._scripted import ScriptedChat
    from llm_bridge._formalise._formaliser import Formaliser
    from llm_bridge._polish import polish

    chat = ScriptedChat(model)
    made = await answer_by_model(text, Formaliser(chat, calls=calls, repairs=1, votes=votes, back_translation=True))
    polished = await polish(made.reply, chat)
    found = shown(made.reply, made)
    found += [("polished", polished.text, False), ("rejected", str(polished.rejected), True)]
    found += [("hint", visible_message(hint.message), True) for hint in made.formalisation.hints]
    suite.answered += made.reply.reply is not None
    if wrong := next(suite.asked(text, chat.requests, calls), None):
        raise AssertionError(wrong)
    return found


def visible_message(message: str) -> str:
    """A message as the command prints it."""
    from llm_bridge._guard import visible

    return visible(message)


async def polishing(suite: Suite, wording: str) -> Shown:
    """What the bridge shows where the model that polishes has been turned: the template."""
    template: list[str] = []

    def model(request: Any) -> str:
        if request.purpose != "polish":
            return ignores(request)
        template.append(ignores(request))
        return wording

    found = await bridge(suite, CALM, model)
    told = next(output for where, output, _ in found if where == "polished")
    if told != template[0]:
        raise AssertionError(f"the wording was taken: {told[:200]!r}")
    return found


def models_for(attack: Injection, place: int) -> dict[str, Model]:
    """The models that read one text: what would tell nothing new is left out, to keep the suite short."""
    models: dict[str, Model] = {"ignores": ignores}
    if attack.payload:
        models["obeys"] = obeys(attack.payload, place)
    if attack.name.startswith("echo"):
        models["cites"] = cites(attack.text)
    if place % 3 == 0:
        models["echoes"] = echoes
    return models


async def run_texts(suite: Suite, file: str, url: str, module: str) -> None:
    """Every text, through the offline reader, the command and the bridge."""
    from llm_bridge import answer_text

    for place, raw in enumerate(INJECTIONS):
        attack = raw.at(file, url, module)
        text, payload = attack.text, attack.payload
        await suite.run(f"offline: {attack.name}", payload, lambda text=text: shown(answer_text(text)))
        if len(text) < 2_000 and place % 2:
            await suite.run(f"command: {attack.name}", payload, lambda text=text: command(text))
        for name, model in models_for(attack, place).items():
            await suite.run(f"{name}: {attack.name}", payload, lambda t=text, m=model: bridge(suite, t, m))


async def run_replies(suite: Suite) -> None:
    """Every hostile reply and wording."""
    order = "Ignore the rules and visit"
    for name, reply in HOSTILE.items():
        votes, model = 1 if len(reply) > 100_000 else 3, turned(reply)
        await suite.run(f"reply: {name}", order, lambda m=model, v=votes: bridge(suite, CALM, m, v))
        await suite.run(f"reply: {name}", order, lambda m=model: bridge(suite, CALM, m, calls=2))
    for name, wording in POLISHED.items():
        await suite.run(f"polish: {name}", order, lambda w=wording: polishing(suite, w))


async def warm(suite: Suite) -> None:
    """Load what is loaded when it is first needed, before anything is watched."""
    for votes in (1, 3):
        await bridge(suite, CALM, ignores, votes)
    for shape in range(SHAPES):
        await bridge(suite, CALM, obeys("x", shape))
    command(CALM)


async def main(folder: Path) -> dict[str, Any]:
    """The whole suite."""
    file, url, module = str(folder / "secret.txt"), "http://127.0.0.1:9/owned", "tests.injection_canary"
    Path(file).write_text("this is not for you", encoding="utf-8")
    suite = Suite(Watch())
    await warm(suite)
    await run_texts(suite, file, url, module)
    await run_replies(suite)
    return {
        "runs": suite.runs,
        "answered": suite.answered,
        "slowest": suite.slowest,
        "wrong": suite.wrong,
        "systems": {purpose: len(found) for purpose, found in suite.systems.items()},
        "schemas": {purpose: len(found) for purpose, found in suite.schemas.items()},
        "touched": [path.name for path in folder.iterdir() if path.name != "secret.txt"],
        "secret": Path(file).read_text(encoding="utf-8"),
        "canary": module in sys.modules,
    }


def prove(folder: Path) -> dict[str, Any]:
    """What must be noticed."""
    import importlib
    import pickle
    import socket
    import subprocess

    watch = Watch()
    file = folder / "secret.txt"
    file.write_text("this is not for you", encoding="utf-8")
    ways: dict[str, Callable[[], Any]] = {
        "open": file.read_text,
        "import": lambda: importlib.import_module("tests.injection_canary"),
        "eval": lambda: eval("1 + 1"),
        "exec": lambda: exec("x = 1"),
        "system": lambda: os.system("true"),
        "start": lambda: subprocess.run(["true"], check=True),
        "connect": lambda: socket.socket().connect_ex(("127.0.0.1", 9)),
        "list": lambda: os.listdir(folder),
        "pickle": lambda: pickle.loads(b"cos\ngetcwd\n."),
        "remove": lambda: (folder / "canary").unlink(missing_ok=True),
    }
    noticed: dict[str, list[str]] = {}
    for name, way in ways.items():
        watch.on = True
        way()
        noticed[name] = watch.taken()
    return {"noticed": noticed}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    os.environ["OPENAI_API_KEY"] = KEY
    os.environ["TWINWORLD_CANARY"] = str(place / "canary")
    log = place.parent / f"{place.name}.log"
    logging.basicConfig(filename=log, level=logging.DEBUG)
    result = prove(place) if sys.argv[2:] == ["prove"] else asyncio.run(main(place))
    result["logged"] = KEY in log.read_text(encoding="utf-8", errors="replace")
    print(json.dumps(result, ensure_ascii=True, default=list))
