"""Django's own deployment checks hold with the settings of a node that is reached by https."""

import json
import subprocess
import sys
from pathlib import Path

from tansiq.node import home as homes
from tansiq.node.home import Home, Provider


def test_the_deployment_checks_are_clean(tmp_path: Path) -> None:
    home = homes.create(Home(code="ma", agency="ma.marine", url="https://node.example", path=tmp_path / "ma"))
    command = [sys.executable, "-m", "tansiq.cli", "manage", "--home", str(home.path), "check", "--deploy"]

    done = subprocess.run([*command, "--fail-level", "WARNING"], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_providers_and_languages_come_from_the_home(tmp_path: Path) -> None:
    oidc = Provider(
        id="agency", name="Agency", server_url="https://id.example", client_id="node", client_secret_file="keys/oidc"
    )
    home = homes.create(
        Home(code="es", agency="es.salvamento", url="https://x", languages=("es", "en"), oidc=(oidc,), path=tmp_path)
    )
    (home.keys / "oidc").write_text("between us\n")
    show = (
        "import json; from django.conf import settings as s; "
        "print(json.dumps([s.LANGUAGE_CODE, s.LANGUAGES, s.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0]]))"
    )
    command = [sys.executable, "-m", "tansiq.cli", "manage", "--home", str(home.path), "shell", "--no-imports", "-c"]

    done = subprocess.run([*command, show], capture_output=True, text=True)

    language, languages, app = json.loads(done.stdout)
    assert language == "es"
    assert [code for code, _ in languages] == ["es", "en"]
    assert (app["provider_id"], app["secret"]) == ("agency", "between us")


def test_a_provider_without_its_secret_is_said_in_one_line(tmp_path: Path) -> None:
    oidc = Provider(id="agency", name="A", server_url="https://x", client_id="node", client_secret_file="keys/none")
    home = homes.create(Home(code="es", agency="es.salvamento", url="https://x", oidc=(oidc,), path=tmp_path))
    command = [sys.executable, "-m", "tansiq.cli", "ledger", "verify", "--home", str(home.path)]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "keys/none" in done.stderr
