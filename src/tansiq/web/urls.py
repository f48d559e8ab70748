"""The addresses of the pages. A route carries the name of its act.

Of django-allauth's pages only those listed here exist; signing up, mail and password resets by mail are no part of a
node.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as openid
from django.urls import URLPattern, path

from tansiq.web import attachments, channels, compose, exchange, home, originator, parties, reporting, rescue, watch

SIGN_IN = [
    path("", home.home, name="home"),
    path("post", home.take_post, name="take_post"),
    path("sign-in", account.login, name="account_login"),
    path("sign-in/second-step", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-in/blocked", account.account_inactive, name="account_inactive"),
    path("sign-in/with/<slug:provider_id>", openid.login, name="openid_connect_login"),
    path("sign-in/with/<slug:provider_id>/callback", openid.callback, name="openid_connect_callback"),
    path("sign-in/with-cancelled", social.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/with-error", social.login_error, name="socialaccount_login_error"),
    path("sign-out", account.logout, name="account_logout"),
    path("account", mfa.index, name="mfa_index"),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/confirm", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("account/confirm/passkey", webauthn.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("account/app", totp.activate_totp, name="mfa_activate_totp"),
    path("account/app/remove", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/passkeys", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("account/passkeys/add", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path("account/passkeys/<int:pk>/remove", webauthn.remove_webauthn, name="mfa_remove_webauthn"),
    path("account/codes", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/new", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
]

ROOMS: list[URLPattern] = [
    path("duty", watch.duty_room, name="duty_room"),
    path("duty/strip", watch.duty_strip, name="duty_strip"),
    path("duty/alerts", watch.duty_alerts, name="duty_alerts"),
    path("duty/log", watch.duty_log, name="duty_log"),
    path("duty/tracks", watch.duty_tracks, name="duty_tracks"),
    path("duty/picture.json", watch.picture, name="picture"),
    path("duty/coast.json", watch.coast, name="coast"),
    path("duty/share", watch.share_picture, name="share_picture"),
    path("alerts/report", watch.report_page, name="report"),
    path("alerts/raise", watch.raise_alert, name="raise_alert"),
    path("alerts/<uuid:alert>", watch.alert_page, name="alert"),
    path("alerts/<uuid:alert>/acknowledge", watch.acknowledge_alert, name="acknowledge_alert"),
    path("alerts/<uuid:alert>/close", watch.close_alert, name="close_alert"),
    path("cases", rescue.cases_page, name="cases"),
    path("cases/new", rescue.open_page, name="new_case"),
    path("cases/open", rescue.open_case, name="open_case"),
    path("cases/<uuid:case>", rescue.case_page, name="case"),
    path("cases/<uuid:case>/picture.json", rescue.case_picture, name="case_picture"),
    path("cases/<uuid:case>/drift.json", rescue.case_drift, name="case_drift"),
    path("cases/<uuid:case>/progress", rescue.case_progress, name="case_progress"),
    path("cases/<uuid:case>/drift", rescue.run_drift, name="run_drift"),
    path("cases/<uuid:case>/search", rescue.plan_search, name="plan_search"),
    path("cases/<uuid:case>/task", rescue.send_task, name="send_task"),
    path("cases/<uuid:case>/sitrep", rescue.send_sitrep, name="send_sitrep"),
    path("cases/<uuid:case>/sitreps/<uuid:sitrep>", rescue.sitrep_page, name="sitrep"),
    path("cases/<uuid:case>/outcome", rescue.record_outcome, name="record_outcome"),
    path("cases/<uuid:case>/close", rescue.close_case, name="close_case"),
    path("tasks/<uuid:task>/answer", rescue.answer_task, name="answer_task"),
    path("exchange", exchange.envelopes_page, name="envelopes"),
    path("exchange/envelopes/<uuid:envelope>", exchange.envelope_page, name="envelope"),
    path("exchange/envelopes/<uuid:envelope>/open", exchange.open_letter, name="open_letter"),
    path("exchange/envelopes/<uuid:envelope>/attest", exchange.attest, name="attest"),
    path("exchange/envelopes/<uuid:envelope>/attachments/<int:place>", attachments.download, name="download"),
    path("exchange/uploads/<uuid:upload>", attachments.upload, name="upload"),
    path("exchange/uploads/<uuid:upload>/drop", attachments.drop_upload, name="drop_upload"),
    path("exchange/envelopes/<uuid:envelope>/release", originator.ask_release, name="ask_release"),
    path("exchange/envelopes/<uuid:envelope>/forward", originator.forward_letter, name="forward_letter"),
    path("exchange/releases", originator.releases_page, name="releases"),
    path("exchange/releases/<int:release>", originator.release_page, name="release"),
    path("exchange/releases/<int:release>/answer", originator.answer_release, name="answer_release"),
    path("exchange/new", compose.new_letter, name="new_letter"),
    path("exchange/new/<slug:kind>/<uuid:draft>", compose.compose_page, name="compose"),
    path("exchange/new/<slug:kind>/<uuid:draft>/keep", compose.keep_letter, name="keep_letter"),
    path("exchange/new/<slug:kind>/<uuid:draft>/send", compose.send_letter, name="send_letter"),
    path("exchange/new/<slug:kind>/<uuid:draft>/drop", compose.drop_letter, name="drop_letter"),
    path("exchange/agreements", exchange.agreements_page, name="agreements"),
    path("exchange/agreements/propose", exchange.propose_agreement, name="propose_agreement"),
    path("exchange/agreements/<slug:agreement>", exchange.agreement_page, name="agreement"),
    path("exchange/agreements/<slug:agreement>/sign", exchange.sign_agreement, name="sign_agreement"),
    path("exchange/agreements/<slug:agreement>/suspend", exchange.suspend_agreement, name="suspend_agreement"),
    path("exchange/agreements/<slug:agreement>/lift", exchange.lift_agreement, name="lift_agreement"),
    path("exchange/agreements/<slug:agreement>/end", exchange.end_agreement, name="end_agreement"),
    path("exchange/partners", exchange.partners_page, name="partners"),
    path("exchange/partners/add", exchange.add_partner, name="add_partner"),
    path("exchange/partners/<slug:node>/confirm", exchange.confirm_partner, name="confirm_partner"),
    path("exchange/channels", channels.channels_page, name="channels"),
    path("exchange/channels/reciprocity.csv", channels.export_reciprocity, name="export_reciprocity"),
    path("ledger", exchange.ledger_page, name="ledger"),
    path("ledger/progress", exchange.ledger_progress, name="ledger_progress"),
    path("ledger/verify", exchange.verify_ledger, name="verify_ledger"),
    path("figures", reporting.figures_page, name="figures"),
    path("figures/export.csv", reporting.export_csv, name="export_csv"),
    path("figures/claim", reporting.send_claims, name="send_claims"),
    path("figures/<slug:indicator>", reporting.records_page, name="records"),
    path("people", parties.people_page, name="people"),
    path("people/add", parties.add_person, name="add_person"),
    path("people/appoint", parties.appoint, name="appoint"),
    path("people/<uuid:person>/block", parties.block_person, name="block_person"),
    path("people/posts/<uuid:post>/relieve", parties.relieve, name="relieve"),
    path("directory", parties.directory_page, name="directory"),
    path("directory/load", parties.load_directory, name="load_directory"),
    path("directory/<str:agency>", parties.agency_page, name="agency"),
    path("directory/<str:agency>/edit", parties.edit_agency, name="edit_agency"),
]

urlpatterns = [*SIGN_IN, *ROOMS]
