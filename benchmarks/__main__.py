"""`make bench`: ours beside the peers, in one run on one machine, written to benchmarks/RESULTS.md.

    python -m benchmarks [NAME ...]     drift, ais, exchange, scale; all of them where none is named
    python -m benchmarks [NAME ...]     drift, ais, exchange, taxii; all of them where none is named

Each benchmark is a module that prints one JSON object on standard output: {"title": str, "rows": [{column: value}],
"notes": [str]}. Absolute figures drift with the machine; what holds is the ratio of two figures of the same run.
"""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAMES = ("drift", "ais", "exchange", "scale")
NAMES = ("drift", "ais", "exchange", "taxii")
PACKAGES = ("numpy", "numba", "pyais", "cryptography", "cedarpy", "django", "starlette", "uvicorn", "aiohttp")


def machine() -> list[str]:
    """What the figures were measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"Machine: {os.cpu_count()} cores ({model}), {platform.system()} {platform.machine()}.",
        f"Python {platform.python_version()}; {packages}.",
    ]


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Rows of equal columns as Markdown."""
    if not rows:
        return ["No figures."]
    heads = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return lines + ["| " + " | ".join(_shown(row.get(column, "")) for column in heads) + " |" for row in rows]


def main(names: list[str]) -> int:
    """Run the benchmarks and write their results down."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {unknown[0]}; there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    store = Path(__file__).with_name("results")
    store.mkdir(exist_ok=True)
    for name in names or NAMES:
        print(f"measuring {name} ...", file=sys.stderr)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            print(f"{name} failed with status {done.returncode}", file=sys.stderr)
            return 1
        (store / f"{name}.json").write_text(done.stdout)
    lines = ["# Results", "", "`make bench` writes this page. Medians; ratios are of figures of the same run.", ""]
    lines += machine()
    for name in NAMES:
        file = store / f"{name}.json"
        if file.exists():
            found = json.loads(file.read_text())
            lines += ["", f"## {found['title']}", "", *table(found["rows"]), "", *found.get("notes", [])]
    (Path(__file__).with_name("RESULTS.md")).write_text("\n".join(lines).rstrip() + "\n")
    print("written to benchmarks/RESULTS.md", file=sys.stderr)
    return 0


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _shown(value: object) -> str:
    return (
        f"{value:,.3g}"
        if isinstance(value, float) and abs(value) < 1000
        else f"{value:,.0f}"
        if isinstance(value, float)
        else str(value)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
