"""Every permission by name, and the duties that hold it.

A permission is written `room.thing.action`. The act that uses it, the event that records it, the form that offers it
and the test that guards it all carry this one name. A permission that no duty holds is one that only a partner's
letter, a feed or the node itself can use.
"""

from enum import StrEnum


class Permission(StrEnum):
    """What may be done."""

    # parties
    DIRECTORY_VIEW = "parties.directory.view"
    AGENCY_EDIT = "parties.agency.edit"
    DIRECTORY_LOAD = "parties.directory.load"
    PEOPLE_VIEW = "parties.people.view"
    PERSON_ADD = "parties.person.add"
    PERSON_BLOCK = "parties.person.block"
    POST_APPOINT = "parties.post.appoint"
    POST_RELIEVE = "parties.post.relieve"
    TOKEN_ISSUE = "parties.token.issue"
    TOKEN_REVOKE = "parties.token.revoke"
    TOKEN_REFUSE = "parties.token.refuse"

    # exchange
    ENVELOPE_VIEW = "exchange.envelope.view"
    ENVELOPE_RECEIVE = "exchange.envelope.receive"
    ENVELOPE_REFUSE = "exchange.envelope.refuse"
    LETTER_OPEN = "exchange.letter.open"
    LETTER_SEND = "exchange.letter.send"
    LETTER_ATTEST = "exchange.letter.attest"
    LETTER_FORWARD = "exchange.letter.forward"
    FORWARD_RECEIVE = "exchange.forward.receive"
    USE_RECEIVE = "exchange.use.receive"
    LETTER_ERASE = "exchange.letter.erase"
    LETTER_RECALL = "exchange.letter.recall"
    LETTER_CORRECT = "exchange.letter.correct"
    LETTER_RETAIN = "exchange.letter.retain"
    CORRECTION_RECEIVE = "exchange.correction.receive"
    RECALL_VIEW = "exchange.recall.view"
    RECALL_ANSWER = "exchange.recall.answer"
    RECALL_RECEIVE = "exchange.recall.receive"
    RELEASE_VIEW = "exchange.release.view"
    RELEASE_ASK = "exchange.release.ask"
    RELEASE_ANSWER = "exchange.release.answer"
    RELEASE_RECEIVE = "exchange.release.receive"
    COLLECTION_VIEW = "exchange.collection.view"
    COLLECTION_READ = "exchange.collection.read"
    ATTACHMENT_ADD = "exchange.attachment.add"
    ATTACHMENT_OPEN = "exchange.attachment.open"
    ATTACHMENT_RECEIVE = "exchange.attachment.receive"
    ATTACHMENT_REFUSE = "exchange.attachment.refuse"
    ATTACHMENT_ERASE = "exchange.attachment.erase"
    EXCEPTION_VIEW = "exchange.exception.view"
    EXCEPTION_ASK = "exchange.exception.ask"
    EXCEPTION_APPROVE = "exchange.exception.approve"
    EXCEPTION_REJECT = "exchange.exception.reject"
    EXCEPTION_REKEY = "exchange.exception.rekey"
    AGREEMENT_VIEW = "exchange.agreement.view"
    AGREEMENT_PROPOSE = "exchange.agreement.propose"
    AGREEMENT_SIGN = "exchange.agreement.sign"
    AGREEMENT_RECEIVE = "exchange.agreement.receive"
    AGREEMENT_SUSPEND = "exchange.agreement.suspend"
    AGREEMENT_LIFT = "exchange.agreement.lift"
    AGREEMENT_END = "exchange.agreement.end"
    AGREEMENT_SUPERSEDE = "exchange.agreement.supersede"
    PARTNER_VIEW = "exchange.partner.view"
    PARTNER_ADD = "exchange.partner.add"
    PARTNER_CONFIRM = "exchange.partner.confirm"
    CHANNELS_VIEW = "exchange.channels.view"
    CHANNELS_EXPORT = "exchange.channels.export"
    LEDGER_VIEW = "exchange.ledger.view"
    LEDGER_VERIFY = "exchange.ledger.verify"
    LEDGER_ALARM = "exchange.ledger.alarm"
    LEDGER_RECOVER = "exchange.ledger.recover"
    KEY_ROTATE = "exchange.key.rotate"
    HEAD_WITNESS = "exchange.head.witness"
    HEAD_STAMP = "exchange.head.stamp"
    PROOF_EXPORT = "exchange.proof.export"
    LOG_VIEW = "exchange.log.view"
    DESK_VIEW = "exchange.desk.view"
    DESK_TAKE = "exchange.desk.take"
    DESK_STEER = "exchange.desk.steer"
    DESK_ASK = "exchange.desk.ask"
    DESK_RETURN = "exchange.desk.return"
    DESK_TELL = "exchange.desk.tell"
    STEERING_RECEIVE = "exchange.steering.receive"
    LIAISON_VIEW = "exchange.liaison.view"
    LIAISON_OPEN = "exchange.liaison.open"
    LIAISON_END = "exchange.liaison.end"
    LIAISON_ASSIGN = "exchange.liaison.assign"
    LIAISON_WITHDRAW = "exchange.liaison.withdraw"
    LIAISON_HAND_OVER = "exchange.liaison.hand-over"
    LIAISON_TAKE_OVER = "exchange.liaison.take-over"
    MANDATE_RECEIVE = "exchange.mandate.receive"

    # correspondence
    OFFER_VIEW = "correspondence.offer.view"
    OFFER_RECEIVE = "correspondence.offer.receive"
    OFFER_TAKE = "correspondence.offer.take"
    OFFER_DISCARD = "correspondence.offer.discard"
    REQUEST_VIEW = "correspondence.request.view"
    REQUEST_ASK = "correspondence.request.ask"
    REQUEST_REMIND = "correspondence.request.remind"
    REQUEST_ESCALATE = "correspondence.request.escalate"
    REQUEST_WITHDRAW = "correspondence.request.withdraw"
    REQUEST_TAKE = "correspondence.request.take"
    REQUEST_ANSWER = "correspondence.request.answer"
    REQUEST_REFUSE = "correspondence.request.refuse"
    REQUEST_RECEIVE = "correspondence.request.receive"

    # watch
    PICTURE_VIEW = "watch.picture.view"
    PICTURE_SHARE = "watch.picture.share"
    PICTURE_RECEIVE = "watch.picture.receive"
    ALERT_VIEW = "watch.alert.view"
    ALERT_RAISE = "watch.alert.raise"
    ALERT_RECEIVE = "watch.alert.receive"
    ALERT_ACKNOWLEDGE = "watch.alert.acknowledge"
    ALERT_CLOSE = "watch.alert.close"
    ALERT_EXPORT = "watch.alert.export"

    # rescue
    CASE_VIEW = "rescue.case.view"
    CASE_OPEN = "rescue.case.open"
    CASE_CLOSE = "rescue.case.close"
    DRIFT_RUN = "rescue.drift.run"
    SEARCH_PLAN = "rescue.search.plan"
    TASK_SEND = "rescue.task.send"
    TASK_RECEIVE = "rescue.task.receive"
    TASK_ANSWER = "rescue.task.answer"
    SITREP_SEND = "rescue.sitrep.send"
    SITREP_RECEIVE = "rescue.sitrep.receive"
    OUTCOME_RECORD = "rescue.outcome.record"
    OUTCOME_RECEIVE = "rescue.outcome.receive"

    # reporting
    FIGURE_VIEW = "reporting.figure.view"
    FIGURE_EXPORT = "reporting.figure.export"
    RECORDS_VIEW = "reporting.records.view"
    CLAIM_SEND = "reporting.claim.send"
    CLAIM_RECEIVE = "reporting.claim.receive"


class Duty(StrEnum):
    """What a person is on duty as."""

    DUTY_OFFICER = "duty-officer"
    WATCH_OFFICER = "watch-officer"
    PATROL_COMMANDER = "patrol-commander"
    RESCUE_COORDINATOR = "rescue-coordinator"
    LIAISON_OFFICER = "liaison-officer"
    BUREAU_CLERK = "bureau-clerk"
    SERVICE_OFFICER = "service-officer"
    CASE_OFFICER = "case-officer"
    PROTECTION_OFFICER = "protection-officer"
    COMMITTEE_SECRETARY = "committee-secretary"
    PROGRAMME_MANAGER = "programme-manager"
    REPORT_WRITER = "report-writer"
    AUDITOR = "auditor"
    NODE_ADMINISTRATOR = "node-administrator"
    EXTERNAL_CLIENT = "external-client"


_P = Permission
_SEES_THE_SEA = {_P.PICTURE_VIEW, _P.ALERT_VIEW, _P.CASE_VIEW, _P.LOG_VIEW, _P.DIRECTORY_VIEW}
_WATCHES = {_P.ALERT_RAISE, _P.ALERT_ACKNOWLEDGE, _P.ALERT_CLOSE, _P.ALERT_EXPORT}
_RESCUES = {
    _P.CASE_OPEN, _P.CASE_CLOSE, _P.DRIFT_RUN, _P.SEARCH_PLAN, _P.TASK_SEND, _P.TASK_ANSWER, _P.SITREP_SEND,
    _P.OUTCOME_RECORD,
}  # fmt: skip
_EXCHANGES = {
    _P.ENVELOPE_VIEW, _P.AGREEMENT_VIEW, _P.PARTNER_VIEW, _P.CHANNELS_VIEW, _P.DIRECTORY_VIEW, _P.REQUEST_VIEW,
}  # fmt: skip
_WRITES_LETTERS = {
    _P.EXCEPTION_VIEW, _P.EXCEPTION_APPROVE, _P.EXCEPTION_REJECT, _P.EXCEPTION_REKEY,
    _P.LETTER_OPEN, _P.LETTER_SEND, _P.LETTER_ATTEST, _P.LETTER_FORWARD, _P.RELEASE_VIEW, _P.RELEASE_ASK,
    _P.RELEASE_ANSWER, _P.ATTACHMENT_ADD, _P.ATTACHMENT_OPEN, _P.DESK_TELL, _P.OFFER_VIEW, _P.OFFER_TAKE,
    _P.OFFER_DISCARD, _P.PROOF_EXPORT, _P.REQUEST_ASK, _P.REQUEST_REMIND, _P.REQUEST_ESCALATE, _P.REQUEST_WITHDRAW,
    _P.REQUEST_TAKE, _P.REQUEST_ANSWER, _P.REQUEST_REFUSE,
}  # fmt: skip
_WRITES_LETTERS |= {_P.LETTER_RECALL, _P.RECALL_VIEW, _P.RECALL_ANSWER, _P.LETTER_CORRECT, _P.LETTER_RETAIN}
_LIAISES = {_P.LIAISON_VIEW, _P.LIAISON_ASSIGN, _P.LIAISON_WITHDRAW}
_STEERS = {_P.DESK_VIEW, _P.DESK_TAKE, _P.DESK_STEER, _P.DESK_ASK, _P.DESK_RETURN}

HELD: dict[Duty, frozenset[Permission]] = {
    Duty.DUTY_OFFICER: frozenset(
        _SEES_THE_SEA
        | _WATCHES
        | _EXCHANGES
        | _WRITES_LETTERS
        | {_P.CASE_OPEN, _P.TASK_ANSWER, _P.PICTURE_SHARE, _P.LEDGER_VIEW, _P.FIGURE_VIEW, _P.RECORDS_VIEW}
    ),
    Duty.WATCH_OFFICER: frozenset(_SEES_THE_SEA | _WATCHES | {_P.PICTURE_SHARE}),
    Duty.PATROL_COMMANDER: frozenset(_SEES_THE_SEA | {_P.TASK_ANSWER, _P.ALERT_RAISE}),
    Duty.RESCUE_COORDINATOR: frozenset(
        _SEES_THE_SEA
        | _WATCHES
        | _RESCUES
        | _EXCHANGES
        | _WRITES_LETTERS
        | {_P.FIGURE_VIEW, _P.RECORDS_VIEW, _P.LEDGER_VIEW}
    ),
    Duty.LIAISON_OFFICER: frozenset(
        _EXCHANGES | _WRITES_LETTERS | {_P.LIAISON_VIEW, _P.LIAISON_HAND_OVER, _P.LIAISON_TAKE_OVER}
    ),
    Duty.BUREAU_CLERK: frozenset(_STEERS | {_P.AGREEMENT_VIEW, _P.PARTNER_VIEW, _P.DIRECTORY_VIEW}),
    Duty.SERVICE_OFFICER: frozenset(_EXCHANGES | _WRITES_LETTERS | _LIAISES),
    Duty.CASE_OFFICER: frozenset(_EXCHANGES | _WRITES_LETTERS | _LIAISES),
    Duty.PROTECTION_OFFICER: frozenset({_P.DIRECTORY_VIEW}),
    Duty.COMMITTEE_SECRETARY: frozenset({_P.DIRECTORY_VIEW, _P.AGREEMENT_VIEW}),
    Duty.PROGRAMME_MANAGER: frozenset({_P.DIRECTORY_VIEW, _P.FIGURE_VIEW}),
    Duty.REPORT_WRITER: frozenset(
        {
            _P.DIRECTORY_VIEW,
            _P.FIGURE_VIEW,
            _P.FIGURE_EXPORT,
            _P.RECORDS_VIEW,
            _P.CLAIM_SEND,
            _P.AGREEMENT_VIEW,
            _P.CHANNELS_VIEW,
            _P.CHANNELS_EXPORT,
        }
    ),
    Duty.AUDITOR: frozenset(
        {
            _P.DIRECTORY_VIEW,
            _P.PEOPLE_VIEW,
            _P.LIAISON_VIEW,
            _P.ENVELOPE_VIEW,
            _P.RELEASE_VIEW,
            _P.RECALL_VIEW,
            _P.AGREEMENT_VIEW,
            _P.PARTNER_VIEW,
            _P.CHANNELS_VIEW,
            _P.CHANNELS_EXPORT,
            _P.PROOF_EXPORT,
            _P.LEDGER_VIEW,
            _P.LEDGER_VERIFY,
            _P.LEDGER_RECOVER,
            _P.LOG_VIEW,
            _P.FIGURE_VIEW,
            _P.FIGURE_EXPORT,
            _P.RECORDS_VIEW,
        }
    ),
    Duty.NODE_ADMINISTRATOR: frozenset(
        {
            _P.DIRECTORY_VIEW,
            _P.LIAISON_VIEW,
            _P.LIAISON_OPEN,
            _P.LIAISON_END,
            _P.DIRECTORY_LOAD,
            _P.AGENCY_EDIT,
            _P.PEOPLE_VIEW,
            _P.PERSON_ADD,
            _P.PERSON_BLOCK,
            _P.POST_APPOINT,
            _P.POST_RELIEVE,
            _P.TOKEN_ISSUE,
            _P.TOKEN_REVOKE,
            _P.PARTNER_VIEW,
            _P.KEY_ROTATE,
            _P.PARTNER_ADD,
            _P.PARTNER_CONFIRM,
            _P.CHANNELS_VIEW,
            _P.AGREEMENT_VIEW,
            _P.AGREEMENT_PROPOSE,
            _P.AGREEMENT_SIGN,
            _P.AGREEMENT_SUSPEND,
            _P.AGREEMENT_LIFT,
            _P.AGREEMENT_END,
            _P.AGREEMENT_SUPERSEDE,
            _P.LEDGER_VIEW,
            _P.LEDGER_VERIFY,
            _P.LEDGER_RECOVER,
        }
    ),
    Duty.EXTERNAL_CLIENT: frozenset({_P.COLLECTION_VIEW, _P.COLLECTION_READ, _P.OFFER_RECEIVE}),
}
"""What each duty may do. A duty that is missing here may do nothing."""

OVERSEERS = frozenset({Duty.AUDITOR, Duty.NODE_ADMINISTRATOR})
"""The duties that look after the node for all the agencies that share it: what they may see, they see of each."""
