"""What the vote form and the answers to it say, in each language.

svc_results shows the form and the routes answer it, so the words are here. None of them says how
the system is made: what an operator needs is in problem details, logs and metrics.
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
    "rank_scale": f"Rank, {RANK_MIN} to {RANK_MAX}",
    "cast": "Vote",
    "cast_again": "Send again",
    "to_the_page": "To the voting page",
    "wrong_name": f"Please write 1 to {TEXT_MAX} ordinary characters.",
    "wrong_album": f"Please write 1 to {TEXT_MAX} ordinary characters.",
    "wrong_year": f"Please give a year from {YEAR_MIN} to {YEAR_MAX}.",
    "wrong_rank": f"Please give a whole number from {RANK_MIN} to {RANK_MAX}.",
    "too_many_albums": "No more albums can be added to this vote. "
    "Please vote for one that is on the list already.",
    "refused": "This vote was not accepted. Please load the page again and vote once more.",
    "foreign": "This vote came from a page of another site, so it was not accepted. "
    "Please vote on the voting page.",
    "not_counted": "Your vote was not accepted",
    "correct_it": "Nothing was counted. Please correct what is marked, then vote.",
    "not_yet": "Your vote has not been taken yet",
    "busy": "Very many votes come from your network right now. "
    "Please wait a moment and send the same vote again; it counts once.",
    "unavailable": "Votes cannot be taken right now. "
    "Please wait a moment and send the same vote again; it counts once.",
}

_ES: Final = {
    "vote": "Vota",
    "name": "Artista o grupo",
    "album": "Disco",
    "year": "Año",
    "rank_scale": f"Puntuación, de {RANK_MIN} a {RANK_MAX}",
    "cast": "Votar",
    "cast_again": "Enviar de nuevo",
    "to_the_page": "Ir a la página de votación",
    "wrong_name": f"Escribe de 1 a {TEXT_MAX} caracteres corrientes.",
    "wrong_album": f"Escribe de 1 a {TEXT_MAX} caracteres corrientes.",
    "wrong_year": f"Escribe un año de {YEAR_MIN} a {YEAR_MAX}.",
    "wrong_rank": f"Escribe un número entero de {RANK_MIN} a {RANK_MAX}.",
    "too_many_albums": "Ya no caben más discos en esta votación. "
    "Vota por uno que ya esté en la lista.",
    "refused": "Este voto no se ha aceptado. Carga la página de nuevo y vota otra vez.",
    "foreign": "Este voto venía de una página de otro sitio, así que no se ha aceptado. "
    "Vota en la página de votación.",
    "not_counted": "Tu voto no se ha aceptado",
    "correct_it": "No se ha contado nada. Corrige lo que está marcado y vota.",
    "not_yet": "Tu voto no se ha recibido todavía",
    "busy": "Ahora mismo llegan muchísimos votos desde tu red. "
    "Espera un momento y envía de nuevo el mismo voto; cuenta una sola vez.",
    "unavailable": "Ahora mismo no se pueden recibir votos. "
    "Espera un momento y envía de nuevo el mismo voto; cuenta una sola vez.",
}

FORM_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"en": _EN, "es": _ES}
