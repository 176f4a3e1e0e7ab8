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
    "ticket_kept": "Your ticket is kept in this browser.",
    "ticket_kept_here": "Your ticket is kept until you leave this page.",
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
    "without it, this page cannot read the link or the code on your ticket.",
}

_VOTERS_ES: Final[Messages] = {
    "ticket_needed": "Para votar necesitas el enlace o el código de tu entrada",
    "ticket_code": "Código de tu entrada",
    "ticket_use": "Usar este código",
    "ticket_other": "Usar otra entrada",
    "ticket_kept": "Tu entrada se guarda en este navegador.",
    "ticket_kept_here": "Tu entrada se guarda hasta que salgas de esta página.",
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
    "el resultado en directo: sin él, esta página no puede leer el enlace ni el código "
    "de tu entrada.",
}

VOTER_CATALOGUE: Final[Mapping[Language, Messages]] = {"en": _VOTERS_EN, "es": _VOTERS_ES}
"""More texts of the page of a poll whose votes need the token of a ticket."""
