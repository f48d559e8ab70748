"""Tells which services answer on their usual local ports, so that the tests that use them run, or say that they do not.

python -m tools.services                a line each
python -m tools.services --postgresql   the URL of a PostgreSQL that lets us make databases, or nothing
"""

import getpass
import socket
import sys

PORTS = {"PostgreSQL": 5432, "NATS": 4222, "MQTT": 1883, "Redis": 6379}


def answers(port: int) -> bool:
    """Whether something listens on this local port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def postgresql() -> str:
    """The URL of a local PostgreSQL where databases may be made, or nothing."""
    if not answers(PORTS["PostgreSQL"]):
        return ""
    import psycopg

    for user in dict.fromkeys([getpass.getuser(), "postgres"]):
        url = f"postgresql://{user}@127.0.0.1:5432/postgres"
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute("select rolcreatedb or rolsuper from pg_roles where rolname = current_user")
                if row.fetchone() == (True,):
                    return f"postgresql://{user}@127.0.0.1:5432/tansiq"
        except psycopg.OperationalError:
            continue
    return ""


def main() -> None:
    """Print what was found."""
    if sys.argv[1:] == ["--postgresql"]:
        print(postgresql())
        return
    for name, port in PORTS.items():
        print(
            f"{name}: {'answers' if answers(port) else 'does not answer, what needs it is left out'} (127.0.0.1:{port})"
        )


if __name__ == "__main__":
    main()
