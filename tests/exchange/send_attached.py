"""Sends a letter with a file attached, or opens what came attached, at a node's home, in a process of its own.

    python -m tests.exchange.send_attached send HOME FILE AGREEMENT TO
    python -m tests.exchange.send_attached open HOME

Prints a JSON object: the digest of the file as handed in or as opened, and the most memory that the process took (KiB).
"""

import hashlib
import json
import sys
from pathlib import Path
from uuid import UUID

from tansiq.cli import django as node


def send(home: Path, file: Path, agreement: str, to: str) -> str:
    """Hand a file in, seal it and send it."""
    found = node.setup(home)
    from tansiq.exchange import acts, reads
    from tansiq.exchange.attaching import Ready
    from tansiq.exchange.kinds import Kind
    from tansiq.exchange.values import Sent, Upload
    from tansiq.ground import clock
    from tansiq.parties.duties import Duty
    from tansiq.parties.values import Officer
    from tests import neighbour as neighbours

    by, upload = Officer("officer", found.agency, Duty.LIAISON_OFFICER, UUID(int=7)), UUID(int=8)
    size, offset, hashed = file.stat().st_size, 0, hashlib.sha256()
    with file.open("rb") as data:
        while part := data.read(2 << 20):
            hashed.update(part)
            came = acts.take_upload(
                upload=upload, name=file.name, size=size, offset=offset, data=part, by=by, now=clock.now()
            )  # fmt: skip
            assert isinstance(came, Upload), came
            offset = came.came
    ready = reads.seal_uploads(
        uploads=(upload,), agreement=agreement, to=(to,), urgency="routine", by=by, now=clock.now()
    )
    assert isinstance(ready, Ready), ready
    sent = acts.send(
        kind=Kind.INFORMATION, letter=neighbours.information(), agreement=agreement, to=(to,), by=by, now=clock.now(),
        topic="smuggling", purpose="prevention", urgency="routine", ready=ready,
    )  # fmt: skip
    assert isinstance(sent, Sent), sent
    acts.drop_uploads(uploads=(upload,), by=by)
    return hashed.hexdigest()


def opened(home: Path) -> str:
    """Open the attachment of the newest letter that came."""
    found = node.setup(home)
    from tansiq.exchange import acts
    from tansiq.exchange.models import Blob
    from tansiq.exchange.values import OpenedAttachment
    from tansiq.ground import clock
    from tansiq.parties.duties import Duty
    from tansiq.parties.values import Officer

    by = Officer("officer", found.agency, Duty.LIAISON_OFFICER, UUID(int=7))
    row = Blob.objects.select_related("envelope").filter(direction="in").order_by("-id")[0]
    answer = acts.open_attachment(envelope=row.envelope.ref, place=row.place, reason="test", by=by, now=clock.now())
    assert isinstance(answer, OpenedAttachment), answer
    hashed = hashlib.sha256()
    for part in answer.parts:
        hashed.update(part)
    return hashed.hexdigest()


def main() -> None:
    """Do what the arguments say."""
    verb, home, *rest = sys.argv[1:]
    digest = send(Path(home), Path(rest[0]), rest[1], rest[2]) if verb == "send" else opened(Path(home))
    print(json.dumps({"digest": digest, "memory": peak()}))


def peak() -> int:
    """The most memory that this process took, in KiB; 0 where the system does not say.

    Not `ru_maxrss`: that counts the moment before the program was loaded too, as a copy of who started it.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


if __name__ == "__main__":
    main()
