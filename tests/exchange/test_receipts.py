"""Receipts in their chain, heads against each other, and evidence of two tongues."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tansiq.exchange import jws, ledger, receipts
from tansiq.exchange.ledger import EntryType
from tansiq.exchange.receipts import Comparison, Hold, Receipt, ReceiptState, SignedHead
from tansiq.ground.errors import Malformed, Untrusted
from tests.exchange.sealed import AGREEMENT, DE, ES, MA, SENT

FIRST = Receipt(
    envelope="e" * 64,
    recipient="es.salvamento",
    n=0,
    prev="",
    state=ReceiptState.ACCEPTED,
    agreement=AGREEMENT,
    at=SENT,
    rules=("rescue.may",),
)
ACCEPTED = receipts.sign_receipt(FIRST, ES.signer)
READ = replace(FIRST, n=1, prev=jws.digest(ACCEPTED), state=ReceiptState.READ)
REFUSED = receipts.sign_receipt(
    replace(FIRST, state=ReceiptState.REFUSED, reason="exchange.reason.forbidden"), ES.signer
)


def token(receipt: Receipt) -> str:
    """The receipt as its recipient signs it."""
    return receipts.sign_receipt(receipt, ES.signer)


def test_receipts_continue_each_other() -> None:
    read = token(READ)
    acted = token(replace(READ, n=2, prev=jws.digest(read), state=ReceiptState.ACTED))

    assert receipts.check_next([], ACCEPTED, ES.signer.verifier) == FIRST
    assert receipts.check_next([ACCEPTED], read, ES.signer.verifier) == READ
    assert receipts.check_next([ACCEPTED, read], acted, ES.signer.verifier).state is ReceiptState.ACTED


STORIES: dict[str, Callable[[], object]] = {
    "a receipt out of turn": lambda: receipts.check_next([], token(READ), ES.signer.verifier),
    "a receipt twice": lambda: receipts.check_next([ACCEPTED], ACCEPTED, ES.signer.verifier),
    "after another one": lambda: receipts.check_next(
        [ACCEPTED], token(replace(READ, prev="0" * 64)), ES.signer.verifier
    ),
    "of another envelope": lambda: receipts.check_next(
        [ACCEPTED], token(replace(READ, envelope="f" * 64)), ES.signer.verifier
    ),
    "of another recipient": lambda: receipts.check_next(
        [ACCEPTED], token(replace(READ, recipient="es.guardia-civil")), ES.signer.verifier
    ),
    "read after a refusal": lambda: receipts.check_next(
        [REFUSED], token(replace(READ, prev=jws.digest(REFUSED))), ES.signer.verifier
    ),
    "signed by another": lambda: receipts.read_receipt(receipts.sign_receipt(FIRST, DE.signer), ES.signer.verifier),
    "signed by the log key": lambda: receipts.read_receipt(receipts.sign_receipt(FIRST, ES.log), ES.signer.verifier),
    "a hold passed off as a receipt": lambda: receipts.read_receipt(
        receipts.sign_hold(HOLD, ES.signer), ES.signer.verifier
    ),
    "a changed payload": lambda: receipts.read_receipt(
        ".".join([ACCEPTED.split(".")[0], REFUSED.split(".")[1], ACCEPTED.split(".")[2]]), ES.signer.verifier
    ),
}
HOLD = Hold(envelope="e" * 64, recipient="es.salvamento", reason="unknown-agreement", retry_ms=60_000, at=SENT)


@pytest.mark.parametrize("story", STORIES)
def test_a_receipt_that_does_not_belong_is_refused(story: str) -> None:
    with pytest.raises((Untrusted, Malformed)):
        STORIES[story]()


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("state", ReceiptState)
def test_the_first_receipt_accepts_or_refuses_and_no_later_one_does(n: int, state: ReceiptState) -> None:
    receipt = replace(READ, n=n, prev="" if n == 0 else "0" * 64, state=state)
    if (n == 0) == (state in {ReceiptState.ACCEPTED, ReceiptState.REFUSED}):
        assert receipts.read_receipt(token(receipt), ES.signer.verifier) == receipt
    else:
        with pytest.raises(Malformed):
            token(receipt)
        with pytest.raises(Malformed):
            receipts.read_receipt(jws.sign(receipt, ES.signer), ES.signer.verifier)


def test_two_first_receipts_are_evidence() -> None:
    evidence = receipts.equivocation(ACCEPTED, REFUSED, ES.signer.verifier)

    assert evidence is not None
    assert (evidence.first, evidence.second) == (ACCEPTED, REFUSED)
    assert receipts.equivocation(ACCEPTED, ACCEPTED, ES.signer.verifier) is None
    assert receipts.equivocation(ACCEPTED, token(READ), ES.signer.verifier) is None
    assert receipts.equivocation(ACCEPTED, token(replace(FIRST, envelope="f" * 64)), ES.signer.verifier) is None
    with pytest.raises(Untrusted):
        receipts.equivocation(ACCEPTED, receipts.sign_receipt(FIRST, DE.signer), ES.signer.verifier)


def test_a_hold_is_signed_and_is_no_receipt() -> None:
    assert receipts.read_hold(receipts.sign_hold(HOLD, ES.signer), ES.signer.verifier) == HOLD


# Receipts given together

MANY = [replace(FIRST, envelope=f"{number:064x}", leaf=number) for number in range(7)]
HEAD = receipts.sign_head(SignedHead(log="es", epoch=1, size=7, root="0" * 64, at=SENT), ES.log)
TOGETHER = receipts.sign_receipts(MANY, head=HEAD, at=SENT, signer=ES.signer)


def test_receipts_given_together_verify_alone_and_cost_one_signature() -> None:
    read = [receipts.read_receipt(each, ES.signer.verifier) for each in TOGETHER]
    assert read == [replace(receipt, head=HEAD) for receipt in MANY]
    assert len({each.split("~")[2] for each in TOGETHER}) == 1
    assert [receipts.unverified(each) for each in TOGETHER] == MANY
    (alone,) = receipts.sign_receipts(MANY[:1], head=HEAD, at=SENT, signer=ES.signer)
    assert receipts.read_receipt(alone, ES.signer.verifier) == read[0]
    assert receipts.sign_receipts([], head=HEAD, at=SENT, signer=ES.signer) == []


def test_more_receipts_than_go_together_take_more_signatures() -> None:
    many = [replace(FIRST, envelope=f"{number:064x}") for number in range(receipts.MOST_TOGETHER + 1)]
    tokens = receipts.sign_receipts(many, head="", at=SENT, signer=ES.signer)
    assert [receipts.read_receipt(each, ES.signer.verifier) for each in (tokens[0], tokens[-1])] == [many[0], many[-1]]
    assert len(tokens) == len(many)


def parts(number: int) -> list[str]:
    """A receipt's payload, path and signed root."""
    return TOGETHER[number].split("~")


def other_root() -> str:
    """The root of the same receipts, signed by another."""
    return receipts.sign_receipts(MANY, head=HEAD, at=SENT, signer=DE.signer)[0].split("~")[2]


TOGETHER_STORIES: dict[str, Callable[[], str]] = {
    "another's payload": lambda: "~".join([parts(1)[0], *parts(0)[1:]]),
    "another's place": lambda: "~".join([parts(0)[0], parts(1)[1], parts(0)[2]]),
    "signed by another": lambda: "~".join([*parts(0)[:2], other_root()]),
    "a head in place of the root": lambda: "~".join([*parts(0)[:2], HEAD]),
    "without a root": lambda: "~".join(parts(0)[:2]),
    "with one part more": lambda: TOGETHER[0] + "~",
    "not in base64": lambda: "~".join(["é", *parts(0)[1:]]),
    "with an empty path": lambda: "~".join([parts(0)[0], "", parts(0)[2]]),
}


@pytest.mark.parametrize("story", TOGETHER_STORIES)
def test_a_receipt_that_was_not_signed_with_the_others_is_refused(story: str) -> None:
    with pytest.raises((Untrusted, Malformed)):
        receipts.read_receipt(TOGETHER_STORIES[story](), ES.signer.verifier)


def test_only_one_recipient_signs_together_and_no_receipt_brings_its_own_head() -> None:
    for odd in (replace(MANY[1], recipient="de.bpol"), replace(MANY[1], head=HEAD)):
        with pytest.raises(Malformed):
            receipts.sign_receipts([MANY[0], odd], head=HEAD, at=SENT, signer=ES.signer)


@given(st.integers(0, 6), st.data())
def test_a_changed_character_is_never_read_as_another_receipt(number: int, data: st.DataObject) -> None:
    token = TOGETHER[number]
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.sampled_from("Aa0-_~.é ")) + token[place + 1 :]
    if changed != token:
        with pytest.raises((Malformed, Untrusted)):
            receipts.read_receipt(changed, ES.signer.verifier)


@given(st.text(alphabet="AaQ0~.-_é", max_size=80))
def test_any_tildes_are_refused(text: str) -> None:
    with pytest.raises((Malformed, Untrusted)):
        receipts.read_receipt(f"{text}~{text}~{text}", ES.signer.verifier)


@given(st.text(max_size=80))
def test_any_text_is_a_receipt_or_refused(text: str) -> None:
    for read in (receipts.read_receipt, receipts.read_hold, receipts.read_head):
        with pytest.raises((Malformed, Untrusted)):
            read(text, ES.signer.verifier)


# Heads

LEAVES = [ledger.hash_leaf(bytes([number])) for number in range(20)]
GET = ledger.getter(LEAVES)
FORKED = ledger.getter([ledger.hash_leaf(b"other"), *LEAVES[1:]])


def head(size: int, *, epoch: int = 1, get: ledger.Get = GET) -> SignedHead:
    """Morocco's head at a size."""
    return SignedHead(log="ma", epoch=epoch, size=size, root=ledger.root(get, size).hex(), at=SENT + size)


HELD = head(8)

HEADS = {
    "the same head": (head(8), Comparison.OK),
    "a log that grew": (head(20), Comparison.OK),
    "a restored backup": (head(5), Comparison.ROLLBACK),
    "an older epoch": (head(9, epoch=1), Comparison.OK),
    "a rewritten log": (head(20, get=FORKED), Comparison.FORK),
    "another log of the same size": (head(8, get=FORKED), Comparison.FORK),
    "a new epoch, smaller": (head(5, epoch=2), Comparison.RECOVERED),
    "a new epoch, larger": (head(20, epoch=2), Comparison.RECOVERED),
}


@pytest.mark.parametrize("story", HEADS)
def test_a_witness_compares_heads(story: str) -> None:
    new, comparison = HEADS[story]
    proof = ledger.consistency(GET, 8, new.size) if new.size >= 8 else []

    assert receipts.compare(HELD, new, proof) is comparison


def test_a_head_of_an_epoch_that_is_over_is_a_rollback() -> None:
    assert receipts.compare(head(8, epoch=2), head(20), []) is Comparison.ROLLBACK


def test_a_log_that_grew_must_prove_it() -> None:
    assert receipts.compare(HELD, head(20), []) is Comparison.FORK
    with pytest.raises(ValueError, match="different logs"):
        receipts.compare(HELD, replace(head(20), log="es"), [])


def test_story_14_two_heads_for_two_partners_meet() -> None:
    for_spain, for_germany = head(12), head(15, get=FORKED)
    honest = ledger.consistency(GET, 12, 15)
    forked = ledger.consistency(FORKED, 12, 15)

    assert receipts.compare(for_spain, for_germany, honest) is Comparison.FORK
    assert receipts.compare(for_spain, for_germany, forked) is Comparison.FORK


def test_heads_are_signed_by_the_log_key_and_cosigned_by_witnesses() -> None:
    signed = receipts.sign_head(HELD, MA.log)
    cosigned = receipts.cosign(signed, witness="es", at=SENT, signer=ES.signer)

    assert receipts.read_head(signed, MA.log.verifier) == HELD
    assert receipts.check_cosignature(cosigned, signed, ES.signer.verifier).witness == "es"
    with pytest.raises(Untrusted):
        receipts.read_head(receipts.sign_head(HELD, MA.signer), MA.log.verifier)
    with pytest.raises(Untrusted, match="another head"):
        receipts.check_cosignature(cosigned, receipts.sign_head(head(9), MA.log), ES.signer.verifier)


def test_a_receipt_proves_its_own_place_in_the_log() -> None:
    signed = receipts.sign_head(replace(head(20), log="es"), ES.log)
    receipt = replace(FIRST, leaf=7, head=signed)
    proof = ledger.inclusion(GET, 7, 20)

    assert receipts.covers(receipt, LEAVES[7], proof, ES.log.verifier)
    assert not receipts.covers(receipt, LEAVES[6], proof, ES.log.verifier)
    assert not receipts.covers(replace(receipt, leaf=6), LEAVES[7], proof, ES.log.verifier)
    assert EntryType.PADDING in set(EntryType)
