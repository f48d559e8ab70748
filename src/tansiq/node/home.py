"""The home of a node: one folder with its settings (`node.toml`), database, keys and forcing.

    HOME/node.toml         what this node is and where it listens; written by `tansiq node init`, edited by hand
    HOME/tansiq.sqlite3    the database, unless node.toml names a PostgreSQL one
    HOME/keys/             the node's keys, encrypted
    HOME/anchor.json       the ledger's last head, kept outside the database on purpose
    HOME/forcing/          CF NetCDF files of current (current*.nc) and wind (wind*.nc)
    HOME/logs/             dead letters of the feeds

Reading a home needs no database and no Django.
"""

import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Meta, Struct

from tansiq.ground.errors import Malformed, Unready

FILE = "node.toml"

Language = Literal["ar", "fr", "es", "en"]
"""A language that pages are written in."""


class Feed(Struct, frozen=True, forbid_unknown_fields=True):
    """One source of observations: `source` is tcp://host:port, udp://host:port, file:PATH or stdin:."""

    name: str
    kind: str
    source: str


class Provider(Struct, frozen=True, forbid_unknown_fields=True):
    """An OpenID Connect provider that people of this node may sign in with."""

    id: str
    name: str
    server_url: str
    client_id: str
    client_secret_file: str


class Stamping(Struct, frozen=True, forbid_unknown_fields=True):
    """A timestamp authority (RFC 3161): its address, and the file in the home with its root certificates (PEM)."""

    url: str
    roots: str
    minutes: Annotated[int, Meta(ge=1, le=10_080)] = 60


class Home(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a node is: `url` is where partners reach it, `listen` where it binds.

    `database` is a PostgreSQL URL, or empty for SQLite in the home; its password stands in `keys/`. `secure` says
    that it is reached by https alone; `proxies` are the addresses or networks of proxies that are believed on clients.
    """

    code: str
    agency: str
    url: str
    listen: str = "127.0.0.1:8000"
    database: str = ""
    exercise: str = ""
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = ("en", "ar", "fr", "es")
    hosts: tuple[str, ...] = ("localhost", "127.0.0.1")
    timezone: str = "UTC"
    secure: bool = True
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    feeds: tuple[Feed, ...] = ()
    oidc: tuple[Provider, ...] = ()
    timestamps: tuple[Stamping, ...] = ()
    path: Path = Path()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port to bind."""
        host, _, port = self.listen.rpartition(":")
        return host, int(port)

    @property
    def keys(self) -> Path:
        """Where the node's keys stand."""
        return self.path / "keys"

    @property
    def database_password(self) -> Path:
        """Where the password of the database stands, if it has one and it is not in PGPASSWORD or ~/.pgpass."""
        return self.keys / "database.password"

    @property
    def anchor(self) -> Path:
        """Where the last head of the ledger stands, outside the database."""
        return self.path / "anchor.json"

    def forcing(self, what: str) -> tuple[Path, ...]:
        """The forcing files of the node: `what` is "current" or "wind"; the newest name first."""
        return tuple(sorted((self.path / "forcing").glob(f"{what}*.nc"), reverse=True))


def load(path: Path) -> Home:
    """The home in a folder.

    Raises `Unready` when there is none, and `Malformed` when its settings cannot be read.
    """
    file = path / FILE
    if not file.is_file():
        raise Unready(f"There is no node in {path}.", "Make one with `tansiq node init --home DIR --code CODE`.")
    try:
        found: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        home = msgspec.convert(found, Home)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise Malformed(f"{file} cannot be read: {error}.", "Mend that line and try again.") from error
    _check(home, file)
    return msgspec.structs.replace(home, path=path.resolve())


def create(home: Home) -> Home:
    """Write a new home into its folder, readable by its owner alone. Raises `Unready` when a node is there already."""
    file = home.path / FILE
    if file.exists():
        raise Unready(f"{home.path} already holds a node.", "Choose another folder.")
    _check(home, file)
    for folder in ("", "keys", "forcing", "logs"):
        (home.path / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        (home.path / folder).chmod(0o700)  # a folder that was there keeps its mode, and the database stands in it
    save(home)
    return load(home.path)


def _check(home: Home, file: Path) -> None:
    name = home.exercise
    if not (name.isascii() and name.isprintable() and len(name) <= 60):
        raise Malformed(f"{file}: the exercise's name goes on every label.", "Write at most 60 plain letters (ASCII).")
    for proxy in home.proxies:
        try:
            ip_network(proxy)
        except ValueError as error:
            raise Malformed(
                f"{file}: {proxy} is no address of a proxy.", "Write an address or a network like 10.0.0.0/28."
            ) from error
    if holds_password(home.database):
        raise Malformed(f"{file}: a password stands in `database`.", "Move it into keys/database.password, mode 0600.")


def holds_password(database: str) -> bool:
    """Whether a database's URL holds a password, which belongs into a file of its own."""
    parts = urlsplit(database)
    return bool(parts.password) or any(name == "password" for name, _ in parse_qsl(parts.query))


def keep_password(home: Home, password: str) -> None:
    """Write the password of the database into its file, readable by its owner alone."""
    file = home.database_password
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(password + "\n", encoding="utf-8")


def save(home: Home) -> None:
    """Write the settings of a home."""
    fields = msgspec.to_builtins(home, enc_hook=str)
    del fields["path"]
    lines = ["# The settings of one node. Times are UTC; see docs/settings.md for every key.", ""]
    tables = {key: fields.pop(key) for key in ("feeds", "oidc", "timestamps")}
    lines += [f"{key} = {_toml(value)}" for key, value in fields.items()]
    for key, rows in tables.items():
        for row in rows:
            lines += ["", f"[[{key}]]", *(f"{name} = {_toml(value)}" for name, value in row.items())]
    file = home.path / FILE
    draft = file.with_suffix(".new")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(file)


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")  # TOML escapes it, JSON need not
