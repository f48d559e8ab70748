"""What is done in the exchange, split by noun. Each act is one verb, in its caller's transaction where there is one."""

from tansiq.exchange.acts.agreements import (
    end_agreement,
    lift_agreement,
    propose_agreement,
    receive_agreement,
    sign_agreement,
    supersede_agreement,
    suspend_agreement,
)
from tansiq.exchange.acts.attaching import (
    drop_uploads,
    erase_attachments,
    note_blob,
    open_attachment,
    postpone_blob,
    settle_blob,
    take_upload,
    tidy_attachments,
)
from tansiq.exchange.acts.collections import fill_collection, read_collection
from tansiq.exchange.acts.correcting import correct_letter, receive_correction
from tansiq.exchange.acts.delivering import expire, hurry, postpone, receive_receipts, settle
from tansiq.exchange.acts.desks import ask, receive_steering, send_back, steer, take, tell
from tansiq.exchange.acts.exceptions import approve_exception, reject_exception, rekey_officer
from tansiq.exchange.acts.judging import Parcel
from tansiq.exchange.acts.letters import attest, attest_acted, mark_handed, open_letter, send
from tansiq.exchange.acts.log import close_gate, note_witness, record, sign_head, witness_head
from tansiq.exchange.acts.mandates import (
    assign_case,
    end_post,
    hand_over,
    open_post,
    receive_mandate,
    take_over,
    withdraw_case,
)
from tansiq.exchange.acts.partners import add_partner, confirm_partner, issue_card, receive_card
from tansiq.exchange.acts.passing import forward_letter, receive_forward, receive_use
from tansiq.exchange.acts.proving import keep_timestamp, record_export
from tansiq.exchange.acts.recalling import (
    answer_recall,
    erase_recalls,
    recall_letter,
    receive_recall,
    receive_statement,
    take_recall,
)
from tansiq.exchange.acts.receiving import receive
from tansiq.exchange.acts.recovering import recover
from tansiq.exchange.acts.releasing import answer_release, ask_release, receive_release, receive_release_request
from tansiq.exchange.acts.retaining import erase_expired, retain_letter
from tansiq.exchange.acts.rotating import forget_keys, rotate_keys, settle_keys

__all__ = [
    "Parcel",
    "add_partner",
    "answer_recall",
    "answer_release",
    "approve_exception",
    "ask",
    "ask_release",
    "assign_case",
    "attest",
    "attest_acted",
    "close_gate",
    "confirm_partner",
    "correct_letter",
    "drop_uploads",
    "end_agreement",
    "end_post",
    "erase_attachments",
    "erase_expired",
    "erase_recalls",
    "expire",
    "fill_collection",
    "forget_keys",
    "forward_letter",
    "hand_over",
    "hurry",
    "issue_card",
    "keep_timestamp",
    "lift_agreement",
    "mark_handed",
    "note_blob",
    "note_witness",
    "open_attachment",
    "open_letter",
    "open_post",
    "postpone",
    "postpone_blob",
    "propose_agreement",
    "read_collection",
    "recall_letter",
    "receive",
    "receive_agreement",
    "receive_card",
    "receive_correction",
    "receive_forward",
    "receive_mandate",
    "receive_recall",
    "receive_receipts",
    "receive_release",
    "receive_release_request",
    "receive_statement",
    "receive_steering",
    "receive_use",
    "record",
    "record_export",
    "recover",
    "reject_exception",
    "rekey_officer",
    "retain_letter",
    "rotate_keys",
    "send",
    "send_back",
    "settle",
    "settle_blob",
    "settle_keys",
    "sign_agreement",
    "sign_head",
    "steer",
    "supersede_agreement",
    "suspend_agreement",
    "take",
    "take_over",
    "take_recall",
    "take_upload",
    "tell",
    "tidy_attachments",
    "withdraw_case",
    "witness_head",
]
