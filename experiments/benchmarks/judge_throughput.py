"""Calls to judge models per second: `farm.calls` against the bare `openai` client, on the same server, interleaved.

    python experiments/benchmarks/judge_throughput.py
    python experiments/benchmarks/judge_throughput.py --alpaca-eval VENV/bin/python

The server (tests/calls/server.py) runs in a process of its own, answers every request after a fixed latency, and shares
the machine's cores with the clients. `openai` is `AsyncOpenAI().chat.completions.create` in a loop with one client and
nothing around it; `farm` is `Session.ask` with everything: keys, cache on disk, retries, budget, ledger. Each
measurement is a fresh process that has sent one request before the clock starts. Prompts are 2,000 characters. With
`--alpaca-eval`, alpaca-eval and `farm annotate` label the same pairs with the same evaluator folder, as whole commands.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

PROMPT = "A sentence of forty characters, or so... " * 49
MODEL = "scripted"
PEER = """
import json, sys
from alpaca_eval.annotators import PairwiseAnnotator
pairs = json.load(open(sys.argv[1]))
judge = PairwiseAnnotator(annotators_config="weighted_alpaca_eval_gpt4_turbo", caching_path=sys.argv[2])
print(sum(row["preference"] is not None for row in judge.annotate_pairs(pairs)))
"""


class Setting(NamedTuple):
    """A server and a load."""

    latency: float
    at_once: int
    n: int


class Measured(NamedTuple):
    """One measurement."""

    per_second: float
    cpu_ms: float
    """CPU time of the client per call."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Calls to judge models per second")
    parser.add_argument("--pairs", type=int, default=3, help="measurements of each side")
    parser.add_argument("--alpaca-eval", type=Path, help="a Python that has alpaca-eval installed")
    parser.add_argument("--child", nargs=5, metavar=("SIDE", "URL", "AT_ONCE", "N", "CACHE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        side, url, at_once, n, cache = options.child
        _child(side, url, int(at_once), int(n), Path(cache))
        return
    for setting in (Setting(0.05, 64, 2000), Setting(1.0, 256, 2560)):
        _compare(setting, options.pairs)
    _two_processes(Setting(0.05, 64, 2000), options.pairs)
    if options.alpaca_eval:
        _against_alpaca_eval(options.alpaca_eval)


def _compare(setting: Setting, pairs: int) -> None:
    ideal = setting.at_once / setting.latency
    print(f"latency {setting.latency:g} s, {setting.at_once} at once, {setting.n} calls (ideal {ideal:.0f}/s)")
    ratios = []
    for _ in range(pairs):
        bare, ours = (_measure(side, setting, n_processes=1) for side in ("openai", "farm"))
        ratios.append(ours.per_second / bare.per_second)
        print(
            f"  openai {bare.per_second:6.1f}/s {bare.cpu_ms:.2f} ms   farm {ours.per_second:6.1f}/s "
            f"{ours.cpu_ms:.2f} ms   {ratios[-1]:.2f}x, {ours.per_second / ideal:.1%} of the ideal",
            flush=True,
        )
    print(f"  median ratio {median(ratios):.2f}")


def _two_processes(setting: Setting, pairs: int) -> None:
    print(f"one and two processes on one cache, latency {setting.latency:g} s, {setting.at_once} at once in each")
    ratios = []
    for _ in range(pairs):
        one, two = (_measure("farm", setting, n_processes=n) for n in (1, 2))
        ratios.append(two.per_second / one.per_second)
        print(f"  one {one.per_second:6.1f}/s   two {two.per_second:6.1f}/s   {ratios[-1]:.2f}x", flush=True)
    print(f"  median ratio {median(ratios):.2f}")


def _measure(side: str, setting: Setting, *, n_processes: int) -> Measured:
    """All processes together; each sends n calls of its own."""
    from tests.calls.server import judge_server_process

    with ExitStack() as stack:
        server = stack.enter_context(judge_server_process(latency=setting.latency))
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        load = [str(setting.at_once), str(setting.n), str(Path(folder) / "calls.sqlite")]
        command = [sys.executable, __file__, "--child", side, server.base_url, *load]
        children = [
            stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            for _ in range(n_processes)
        ]
        for child in children:
            assert _line(child) == "ready"
        start = time.perf_counter()
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        cpu_seconds = sum(float(_line(child)) for child in children)
        seconds = time.perf_counter() - start
        n = setting.n * n_processes
        assert server.n_requests() == n + n_processes
        return Measured(n / seconds, 1000 * cpu_seconds / n)


def _line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def _child(side: str, url: str, at_once: int, n: int, cache: Path) -> None:
    """Send one call, say so, wait for the word, send the others."""
    run = _openai(url, at_once, n) if side == "openai" else _farm(url, at_once, n, cache)
    next(run)
    print("ready", flush=True)
    sys.stdin.readline()
    before = _cpu_seconds()
    next(run)
    print(_cpu_seconds() - before, flush=True)


def _openai(url: str, at_once: int, n: int) -> Iterator[None]:
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    http_client = openai.DefaultAsyncHttpxClient(limits=limits)
    client = openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http_client)

    async def ask(i: int) -> None:
        message = {"role": "user", "content": f"{i} {PROMPT}"}
        reply = await client.chat.completions.create(
            model=MODEL,
            messages=[message],
            temperature=0,
            max_tokens=10,  # type: ignore[list-item]
        )
        assert reply.choices[0].message.content

    async def ask_all() -> None:
        numbers = iter(range(n))

        async def work() -> None:
            for i in numbers:
                await ask(i)

        await asyncio.gather(*(work() for _ in range(at_once)))

    with asyncio.Runner() as runner:
        runner.run(ask(-1))
        yield
        runner.run(ask_all())
        yield


def _farm(url: str, at_once: int, n: int, cache: Path) -> Iterator[None]:
    from farm.calls.request import Decoding, Message, ModelSlot, Request
    from farm.calls.session import open_calls
    from tests.calls.asking import settings

    where = ModelSlot(model=MODEL, kind="endpoint", base_url=url, api_key_variable="NONE")

    def request(i: int) -> Request:
        # The process is in the prompt, so that two of them on one cache have different work.
        message = Message("user", f"{os.getpid()} {i} {PROMPT}")
        return Request(slot=where, messages=(message,), decoding=Decoding(temperature=0, max_tokens=10))

    with open_calls(settings(cache, concurrency=at_once, timeout_seconds=60)) as calls:
        calls.ask([request(-1)])
        yield
        replies = calls.ask([request(i) for i in range(n)])
        assert not any(reply.failure for reply in replies)
        yield


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _against_alpaca_eval(python: Path) -> None:
    """Whole commands on 1,000 pairs, 50 ms, its published judge; then farm again, from its cache."""
    from tests.calls.server import judge_server_process

    code = "import alpaca_eval, pathlib; print(pathlib.Path(alpaca_eval.__file__).parent)"
    package = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    evaluator = package / "evaluators_configs" / "weighted_alpaca_eval_gpt4_turbo"
    with tempfile.TemporaryDirectory() as name, judge_server_process(latency=0.05, rule="letter") as server:
        folder = Path(name)
        rows = [
            {
                "instruction": f"Write about number {i}.",
                "input": "",
                "output_1": "One sentence. " * (i % 40 + 1),
                "output_2": "Another sentence. " * (i % 37 + 1),
                "generator_1": "first",
                "generator_2": "second",
            }
            for i in range(1000)
        ]
        pairs = folder / "pairs.json"
        pairs.write_text(json.dumps(rows))
        environment = os.environ | {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"}
        farm = ["annotate", f"input={pairs}", f"output={folder / 'labels.json'}", "annotator=alpaca_eval"]
        farm += [f"evaluator={evaluator}", f"root={folder / 'runs'}", "calls.concurrency=64"]
        ours = [sys.executable, "-c", "from farm.commands.main import main; main()", *farm]
        theirs = [str(python), "-c", PEER, str(pairs), str(folder / "cache.json")]
        print("1,000 pairs, latency 0.05 s, AlpacaEval's published judge, whole commands")
        for label, command, at_once in (
            ("alpaca-eval, 64 at once", theirs, "64"),
            ("farm, 64 at once", ours, "64"),
            ("alpaca-eval again, cached", theirs, "64"),
            ("farm again, cached", ours, "64"),
        ):
            print(f"  {label}: {_timed(command, environment | {'OPENAI_MAX_CONCURRENCY': at_once}):.1f} s", flush=True)
        print(f"  the server got {server.n_requests()} requests")


def _timed(command: Sequence[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
