"""Who signs in at the browser's node."""

import hmac
import struct
from base64 import b32decode

from tansiq.ground import clock
from tansiq.parties.duties import Duty

PASSWORD = "a long night in the Strait"  # of test accounts alone
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WITH_CODE = "with-code"
CLERK = "clerk"
DUTIES = {
    "coordinator": Duty.RESCUE_COORDINATOR,
    "watch": Duty.WATCH_OFFICER,
    "auditor": Duty.AUDITOR,
    "writer": Duty.REPORT_WRITER,
    "administrator": Duty.NODE_ADMINISTRATOR,
    WITH_CODE: Duty.DUTY_OFFICER,
    "chief": Duty.CASE_OFFICER,
    "liaison": Duty.LIAISON_OFFICER,
    "next": Duty.LIAISON_OFFICER,
}


def code(secret: str = SECRET) -> str:
    """The time-based code of now (RFC 6238)."""
    counter = struct.pack(">Q", int(clock.now().timestamp()) // 30)
    mac = hmac.digest(b32decode(secret), counter, "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"
