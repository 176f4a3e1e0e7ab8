"""The texts of the vote form and of the answers to it, in each language.

svc_results shows the form and the routes answer it, so the texts are here. None of them reveals
how the system is built: what an operator needs is in problem details, logs and metrics.
"""

from collections.abc import Mapping
from typing import Final

from voting.domain.vote import RANK_MAX, RANK_MIN, TEXT_MAX, YEAR_MAX, YEAR_MIN
from voting.pages.languages import Language

_EN: Final = {
    "vote": "Cast your vote",
    "name": "Artist or band",
    "album": "Album",
    "year": "Year",
    "rank_scale": f"Rank ({RANK_MIN} to {RANK_MAX})",
    "cast": "Vote",
    "cast_again": "Send again",
    "to_the_page": "Go to the voting page",
    "wrong_name": f"Please enter 1 to {TEXT_MAX} visible characters.",
    "wrong_album": f"Please enter 1 to {TEXT_MAX} visible characters.",
    "wrong_year": f"Please enter a year from {YEAR_MIN} to {YEAR_MAX}.",
    "wrong_rank": f"Please enter a whole number from {RANK_MIN} to {RANK_MAX}.",
    "too_many_albums": "No more albums can be added. "
    "Please vote for one that is already on the list.",
    "refused": "This vote was not accepted. Please reload the page and vote again.",
    "poll_not_open": "Voting is not open yet. Please go back to the voting page.",
    "poll_closed": "Voting has closed. If you had sent this vote before and got no answer, "
    "the first one may count.",
    "poll_gone": "This can no longer be voted for. Please go back to the voting page.",
    "voter_missing": "You need the link or the code on your ticket to vote. "
    "Please open the voting page with it.",
    "voter_invalid": "This ticket is not valid. "
    "Please open the voting page with the link or the code on your ticket.",
    "voter_of_other_polls": "This ticket is for other polls.",
    "voter_revoked": "This ticket was taken back. Please ask the organisers.",
    "voted_before": "You have voted already",
    "voted_at": "You have voted already, at {time} UTC; the first vote counts.",
    "foreign": "This vote was sent from another site, so it was not accepted. "
    "Please vote on the voting page.",
    "not_counted": "Your vote was not accepted",
    "correct_it": "Nothing was counted. Please correct the marked entry and vote again.",
    "not_yet": "Your vote is not confirmed yet",
    "busy": "Too many votes are coming from your network right now. "
    "Please wait a moment and send the same vote again; it will count only once.",
    "unavailable": "Voting is unavailable right now. "
    "Please wait a moment and send the same vote again; it will count only once.",
}

_ES: Final = {
    "vote": "Vota",
    "name": "Artista o grupo",
    "album": "Disco",
    "year": "Año",
    "rank_scale": f"Puntuación (de {RANK_MIN} a {RANK_MAX})",
    "cast": "Votar",
    "cast_again": "Enviar de nuevo",
    "to_the_page": "Ir a la página de votación",
    "wrong_name": f"Escribe de 1 a {TEXT_MAX} caracteres visibles.",
    "wrong_album": f"Escribe de 1 a {TEXT_MAX} caracteres visibles.",
    "wrong_year": f"Escribe un año entre {YEAR_MIN} y {YEAR_MAX}.",
    "wrong_rank": f"Escribe un número entero entre {RANK_MIN} y {RANK_MAX}.",
    "too_many_albums": "Ya no se pueden añadir más discos. Vota por uno que ya esté en la lista.",
    "refused": "Este voto no se ha aceptado. Recarga la página y vota de nuevo.",
    "poll_not_open": "La votación aún no está abierta. Vuelve a la página de votación.",
    "poll_closed": "La votación se ha cerrado. Si ya habías enviado este voto sin obtener "
    "respuesta, puede que el primero cuente.",
    "poll_gone": "Esta opción ya no se puede votar. Vuelve a la página de votación.",
    "voter_missing": "Para votar necesitas el enlace o el código de tu entrada. "
    "Abre con él la página de votación.",
    "voter_invalid": "Esta entrada no es válida. "
    "Abre la página de votación con el enlace o el código de tu entrada.",
    "voter_of_other_polls": "Esta entrada es para otras votaciones.",
    "voter_revoked": "Esta entrada ha sido anulada. Consulta a la organización.",
    "voted_before": "Ya has votado",
    "voted_at": "Ya has votado, a las {time} UTC; cuenta el primer voto.",
    "foreign": "Este voto se envió desde otro sitio, así que no se ha aceptado. "
    "Vota en la página de votación.",
    "not_counted": "Tu voto no se ha aceptado",
    "correct_it": "No se ha contado nada. Corrige el campo marcado y vota de nuevo.",
    "not_yet": "Tu voto aún no está confirmado",
    "busy": "Ahora mismo llegan demasiados votos desde tu red. "
    "Espera un momento y envía el mismo voto de nuevo; solo contará una vez.",
    "unavailable": "Ahora mismo no se puede votar. "
    "Espera un momento y envía el mismo voto de nuevo; solo contará una vez.",
}

FORM_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"en": _EN, "es": _ES}
