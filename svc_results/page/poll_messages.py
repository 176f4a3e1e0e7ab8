"""The texts of a poll's page and screen in each language."""

from collections.abc import Mapping
from typing import Final

from svc_results.page.messages import CATALOGUE, Messages
from voting.pages.languages import Language

_SHARED: Final = (
    "votes",
    "one_vote",
    "average",
    "casting",
    "casting_again",
    "accepted",
    "accepted_id",
    "receipt",
    "no_answer",
    "retrying",
    "retrying_busy",
    "waiting_online",
    "gave_up",
    "live",
    "connecting",
    "lost",
    "offline",
    "reload",
    "other_language",
    "cast",
    "show_less",
)
"""Texts that the page of the open poll has, too."""

_EN: Final[Messages] = {
    "rehearsal": "Rehearsal: these votes do not count for the show.",
    "rehearsal_short": "Rehearsal",
    "not_open": "Voting is not open yet",
    "opens_in": "Voting opens in",
    "opens_at": "Voting opens at",
    "opens_by_hand": "Voting opens soon. This page opens by itself.",
    "open": "Voting is open",
    "closes_in": "Voting closes in",
    "closes_at": "Voting closes at",
    "closed": "Voting has closed",
    "days": "{days} d {hours} h",
    "choose": "Tap what you vote for",
    "entries": "What you can vote for",
    "choose_first": "Please choose one first.",
    "your_rating": "Your rating",
    "scale": "from {low} to {high}",
    "find": "Find",
    "none_found": "Nothing found.",
    "rated": "Your rating: {rank}",
    "vote_again": "Vote again",
    "result": "Result",
    "so_far": "Result so far",
    "counting": "The last votes are being counted.",
    "final": "Final result",
    "excluded": "Of {counted} votes, {excluded} do not count.",
    "excluded_why": "Why they do not count",
    "excluded_soon": "being left out",
    "excluded_short": "{n} more do not count",
    "signed": "This result is signed and stands for good. With the program verify-result anybody "
    "can count the votes again and check it.",
    "signed_document": "The result as a document",
    "signed_note": "its signature",
    "signed_key": "the public key",
    "result_live": "The result is shown here as soon as voting is open.",
    "result_follows": "The result follows when voting has closed.",
    "result_soon": "The result follows in a moment.",
    "result_released": "The result will be announced.",
    "show_all": "Show all {n}",
    "poll_closed": "Voting has closed. This vote was not counted.",
    "poll_closed_unsure": "Voting has closed. "
    "We could not confirm that your vote arrived in time; if it did, it counts.",
    "poll_not_open": "Voting is not open yet. This vote was not counted.",
    "entry_gone": "This can no longer be voted for. Please reload the page.",
    "refused": "This vote was not accepted. Please reload the page and vote again.",
    "not_current": "This page may be out of date for the moment. It will update automatically.",
    "not_counted_now": "The result cannot be updated right now. Votes are saved and will count.",
    "no_script": "Countdown and live result need JavaScript. You can vote without it.",
    "vote_at": "Vote at",
    "more": "and {n} more",
    "no_poll": "There is no such poll",
    "no_poll_text": "Please check the address.",
    "polls_away": "Polls are unavailable right now",
    "polls_away_text": "Please reload the page in a moment.",
    "to_the_page": "Go to the start page",
}

_ES: Final[Messages] = {
    "rehearsal": "Ensayo: estos votos no cuentan para la gala.",
    "rehearsal_short": "Ensayo",
    "not_open": "La votación aún no está abierta",
    "opens_in": "La votación se abre en",
    "opens_at": "La votación se abre a las",
    "opens_by_hand": "La votación se abre pronto. Esta página se actualiza sola.",
    "open": "La votación está abierta",
    "closes_in": "La votación se cierra en",
    "closes_at": "La votación se cierra a las",
    "closed": "La votación está cerrada",
    "days": "{days} d {hours} h",
    "choose": "Toca lo que quieras votar",
    "entries": "Lo que se puede votar",
    "choose_first": "Elige primero una opción.",
    "your_rating": "Tu puntuación",
    "scale": "de {low} a {high}",
    "find": "Buscar",
    "none_found": "No se ha encontrado nada.",
    "rated": "Tu puntuación: {rank}",
    "vote_again": "Votar otra vez",
    "result": "Resultado",
    "so_far": "Resultado provisional",
    "counting": "Se están contando los últimos votos.",
    "final": "Resultado final",
    "excluded": "De {counted} votos, {excluded} no cuentan.",
    "excluded_why": "Por qué no cuentan",
    "excluded_soon": "se están quitando",
    "excluded_short": "{n} más no cuentan",
    "signed": "Este resultado está firmado y queda para siempre. Con el programa verify-result "
    "cualquiera puede contar los votos de nuevo y comprobarlo.",
    "signed_document": "El resultado como documento",
    "signed_note": "su firma",
    "signed_key": "la clave pública",
    "result_live": "El resultado se mostrará aquí en cuanto se abra la votación.",
    "result_follows": "El resultado se mostrará cuando se cierre la votación.",
    "result_soon": "El resultado se mostrará en un momento.",
    "result_released": "El resultado se anunciará.",
    "show_all": "Ver los {n}",
    "poll_closed": "La votación se ha cerrado. Este voto no se ha contado.",
    "poll_closed_unsure": "La votación se ha cerrado. No hemos podido confirmar "
    "que tu voto haya llegado a tiempo; si llegó, cuenta.",
    "poll_not_open": "La votación aún no está abierta. Este voto no se ha contado.",
    "entry_gone": "Esta opción ya no se puede votar. Recarga la página.",
    "refused": "Este voto no se ha aceptado. Recarga la página y vota de nuevo.",
    "not_current": "Puede que esta página no esté al día en este momento. "
    "Se actualizará automáticamente.",
    "not_counted_now": "El resultado no se puede actualizar ahora mismo. "
    "Los votos se guardan y contarán.",
    "no_script": "La cuenta atrás y el resultado en directo necesitan JavaScript. "
    "Puedes votar sin él.",
    "vote_at": "Vota en",
    "more": "y {n} más",
    "no_poll": "Esta votación no existe",
    "no_poll_text": "Comprueba la dirección.",
    "polls_away": "Ahora mismo no hay acceso a las votaciones",
    "polls_away_text": "Recarga la página en un momento.",
    "to_the_page": "Ir a la página de inicio",
}

POLL_CATALOGUE: Final[Mapping[Language, Messages]] = {
    "en": {**{key: CATALOGUE["en"][key] for key in _SHARED}, **_EN},
    "es": {**{key: CATALOGUE["es"][key] for key in _SHARED}, **_ES},
}

_VOTERS_EN: Final[Messages] = {
    "ticket_needed": "You need the link or the code on your ticket to vote",
    "ticket_code": "Code on your ticket",
    "ticket_use": "Use this code",
    "ticket_other": "Use another ticket",
    "ticket_instead": "Use a ticket instead",
    "one_ticket": "One ticket, one ballot:",
    "one_code": "One code, one ballot:",
    "one_open": "One browser, one ballot:",
    "one_identity": "One account, one ballot:",
    "kept": "yours is kept in this browser.",
    "kept_here": "yours is kept until you leave this page.",
    "preparing": "Preparing your ballot…",
    "checking_code": "Checking your code…",
    "checking_identity": "Checking your account…",
    "ballot_busy": "Many people are coming in right now. Trying again in {seconds} s.",
    "ballot_retrying": "This takes longer than usual. Trying again in {seconds} s.",
    "ballot_offline": "You are offline. This goes on as soon as you are online again.",
    "ballot_failed": "Your ballot could not be prepared. Please try again.",
    "try_again": "Try again",
    "identity_needed": "To vote here, sign in with the organisers and follow their link.",
    "bad_identity": "This link is not complete. Please sign in with the organisers again.",
    "identity_invalid": "Your account could not be confirmed, or your sign-in has expired. "
    "Please sign in with the organisers again.",
    "identity_refused": "Your account is not admitted to this poll, so your vote was not counted. "
    "Please sign in with the organisers again.",
    "open_refused": "This browser’s ballot is not valid any more, so your vote was not counted. "
    "Please try again.",
    "code_invalid": "This code is not valid here. Please check it and enter it again.",
    "code_unchecked": "Your code could not be checked right now. Please look at it and try again.",
    "bad_short_code": "This is not the code of a ticket. "
    "A code has 16 letters and digits; you can also paste the whole link.",
    "other_polls": "You are admitted to other polls, but not to this one.",
    "revoked": "The organisers have taken back what you vote with. "
    "Please ask them how you can vote.",
    "ticket_revoked": "The organisers have taken back what you vote with, so your vote was not "
    "counted. Please ask them how you can vote.",
    "scan": "Scan the code",
    "scan_stop": "Stop",
    "not_a_ticket": "This is not the code of a ticket.",
    "camera_refused": "The camera may not be used. "
    "Allow it in the browser’s settings, or enter the code.",
    "camera_failed": "The camera cannot be used right now. Please enter the code.",
    "bad_link": "This link is not complete, so you cannot vote with it. "
    "Please open the link on your ticket again, or enter its code.",
    "bad_code": "This is not the code of a ticket. "
    "A code has 52 characters; you can also paste the whole link.",
    "ticket_invalid": "This ticket is not valid, so your vote was not counted. "
    "Please check the link or the code.",
    "ticket_other_polls": "This ticket is for other polls, so your vote was not counted.",
    "vote_of": "Vote {n} of {votes}",
    "votes_used": "{n} of {votes} votes used.",
    "one_each": "You have one vote for each entry.",
    "all_in": "All your votes are in",
    "own_vote": "Your vote",
    "voted_before": "You have voted already, {when}; the first vote counts.",
    "slot_before": "Vote {n} was cast already, {when}; the first vote counts.",
    "entry_before": "You have voted on this already, {when}; the first vote counts.",
    "at_time": "at {time}",
    "on_day": "on {day} at {time}",
    "unsettled": "We do not know yet whether your vote for “{album}” arrived. "
    "Please send that one again first.",
    "not_sent": "Your vote could not be sent. Please reload the page and vote again.",
    "no_script_voters": "Voting here needs JavaScript, as do the countdown and the live result: "
    "without it, this page cannot get your ballot.",
}

_VOTERS_ES: Final[Messages] = {
    "ticket_needed": "Para votar necesitas el enlace o el código de tu entrada",
    "ticket_code": "Código de tu entrada",
    "ticket_use": "Usar este código",
    "ticket_other": "Usar otra entrada",
    "ticket_instead": "Usar una entrada",
    "one_ticket": "Una entrada, una papeleta:",
    "one_code": "Un código, una papeleta:",
    "one_open": "Un navegador, una papeleta:",
    "one_identity": "Una cuenta, una papeleta:",
    "kept": "la tuya se guarda en este navegador.",
    "kept_here": "la tuya se guarda hasta que salgas de esta página.",
    "preparing": "Preparando tu papeleta…",
    "checking_code": "Comprobando tu código…",
    "checking_identity": "Comprobando tu cuenta…",
    "ballot_busy": "Está entrando mucha gente a la vez. Nuevo intento en {seconds} s.",
    "ballot_retrying": "Está tardando más de lo normal. Nuevo intento en {seconds} s.",
    "ballot_offline": "No tienes conexión. Esto seguirá en cuanto vuelvas a tenerla.",
    "ballot_failed": "No se ha podido preparar tu papeleta. Inténtalo de nuevo.",
    "try_again": "Intentar de nuevo",
    "identity_needed": "Para votar aquí, inicia sesión con los organizadores y sigue su enlace.",
    "bad_identity": "Este enlace está incompleto. Inicia sesión otra vez con los organizadores.",
    "identity_invalid": "No se ha podido confirmar tu cuenta o tu sesión ha caducado. "
    "Inicia sesión otra vez con los organizadores.",
    "identity_refused": "Tu cuenta no está admitida en esta votación, así que tu voto no se ha "
    "contado. Inicia sesión otra vez con los organizadores.",
    "open_refused": "La papeleta de este navegador ya no es válida, así que tu voto no se ha "
    "contado. Inténtalo de nuevo.",
    "code_invalid": "Este código no es válido aquí. Compruébalo y escríbelo otra vez.",
    "code_unchecked": "Ahora mismo no se ha podido comprobar tu código. "
    "Míralo otra vez e inténtalo de nuevo.",
    "bad_short_code": "Este no es el código de una entrada. "
    "Un código tiene 16 letras y cifras; también puedes pegar el enlace entero.",
    "other_polls": "Puedes votar en otras votaciones, pero no en esta.",
    "revoked": "Los organizadores han anulado aquello con lo que votas. "
    "Pregúntales cómo puedes votar.",
    "ticket_revoked": "Los organizadores han anulado aquello con lo que votas, así que tu voto no "
    "se ha contado. Pregúntales cómo puedes votar.",
    "scan": "Escanear el código",
    "scan_stop": "Parar",
    "not_a_ticket": "Este no es el código de una entrada.",
    "camera_refused": "No se puede usar la cámara. "
    "Permítela en los ajustes del navegador o escribe el código.",
    "camera_failed": "La cámara no se puede usar ahora mismo. Escribe el código.",
    "bad_link": "Este enlace está incompleto y no sirve para votar. "
    "Abre de nuevo el enlace de tu entrada o escribe su código.",
    "bad_code": "Este no es el código de una entrada. "
    "Un código tiene 52 caracteres; también puedes pegar el enlace entero.",
    "ticket_invalid": "Esta entrada no es válida, así que tu voto no se ha contado. "
    "Comprueba el enlace o el código.",
    "ticket_other_polls": "Esta entrada es para otras votaciones, así que tu voto no se ha "
    "contado.",
    "vote_of": "Voto {n} de {votes}",
    "votes_used": "{n} de {votes} votos usados.",
    "one_each": "Tienes un voto para cada opción.",
    "all_in": "Ya has usado todos tus votos",
    "own_vote": "Tu voto",
    "voted_before": "Ya has votado, {when}; cuenta el primer voto.",
    "slot_before": "El voto {n} ya se había enviado, {when}; cuenta el primer voto.",
    "entry_before": "Ya has votado esta opción, {when}; cuenta el primer voto.",
    "at_time": "a las {time}",
    "on_day": "el {day} a las {time}",
    "unsettled": "Aún no sabemos si ha llegado tu voto por «{album}». Envía ese de nuevo primero.",
    "not_sent": "No se ha podido enviar tu voto. Recarga la página y vota de nuevo.",
    "no_script_voters": "Para votar aquí hace falta JavaScript, igual que para la cuenta atrás y "
    "el resultado en directo: sin él, esta página no puede obtener tu papeleta.",
}

VOTER_CATALOGUE: Final[Mapping[Language, Messages]] = {"en": _VOTERS_EN, "es": _VOTERS_ES}
"""More texts of the page of a poll whose votes need the token of a ticket."""
