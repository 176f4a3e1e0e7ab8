"""The page's texts in each language."""

from collections.abc import Mapping
from typing import Final

from voting.pages.form_words import FORM_WORDS
from voting.pages.languages import Language
from voting.pages.numbers import format_number

Messages = Mapping[str, str]

_EN: Final[Messages] = {
    "title": "Album vote",
    "lead": "Every vote counts once. Results update as you watch.",
    "votes": "votes",
    "one_vote": "vote",
    "albums": "albums",
    "one_album": "album",
    "per_second": "votes per second",
    "leaderboard": "Leaderboard",
    "place": "Place",
    "rank": "Rank",
    "average_rank": "Average rank",
    "average": "avg.",
    "no_albums": "No votes yet. Yours can be the first.",
    "show_all": "Show top {n}",
    "show_less": "Show top 10 only",
    "rate": "Votes per second",
    "route": "Route",
    "last_minute": "last 60 seconds",
    "casting": "Sending…",
    "casting_again": "Sending your vote again. It will count only once.",
    "accepted": "Your vote is in.",
    "accepted_by": "Your vote is in, via {route}.",
    "accepted_id": "Vote ID",
    "receipt": "It is in the record: see its receipt",
    "no_answer": "No response yet. Sending the same vote again in {seconds} s.",
    "retrying": "Voting is unavailable right now. Sending the same vote again in {seconds} s.",
    "retrying_busy": "Too many votes are coming from your network. "
    "Sending the same vote again in {seconds} s.",
    "waiting_online": "You are offline. Your vote will be sent when you are back online.",
    "gave_up": "We could not confirm that your vote arrived. "
    "Press the button to send the same vote again; it will count only once.",
    "must_fill": "Please fill this in.",
    "pick_hint": "Fills in the voting form.",
    "newest": "Latest votes",
    "time": "Time",
    "no_votes": "No votes to show.",
    "older": "Older votes",
    "back": "Back to the latest",
    "log_failed": "The votes could not be loaded. Please try again.",
    "live": "Live",
    "connecting": "Connecting…",
    "lost": "Connection lost. Reconnecting…",
    "offline": "You are offline",
    "as_of": "As of {time}",
    "tally_away": "Results are unavailable right now. Votes are saved and will be counted.",
    "log_away": "The latest votes are unavailable right now.",
    "stale": "You are seeing the last known data; it will update automatically.",
    "leads": "{album} by {name} leads with {votes} votes.",
    "no_script": "These are the results as of page load; live updates need JavaScript. "
    "You can vote without it.",
    "reload": "Reload",
    "polls_on": "Polls",
    "open_now": "open now",
    "opens_on": "opens at",
    "other_language": "Español",
    "api": "API description",
}

_ES: Final[Messages] = {
    "title": "Votación de discos",
    "lead": "Cada voto cuenta una sola vez. Resultados en directo.",
    "votes": "votos",
    "one_vote": "voto",
    "albums": "discos",
    "one_album": "disco",
    "per_second": "votos por segundo",
    "leaderboard": "Clasificación",
    "place": "Puesto",
    "rank": "Puntuación",
    "average_rank": "Puntuación media",
    "average": "media",
    "no_albums": "Aún no hay votos. El tuyo puede ser el primero.",
    "show_all": "Ver los {n} primeros",
    "show_less": "Ver solo los 10 primeros",
    "rate": "Votos por segundo",
    "route": "Vía",
    "last_minute": "últimos 60 segundos",
    "casting": "Enviando…",
    "casting_again": "Enviando tu voto de nuevo. Solo contará una vez.",
    "accepted": "Tu voto ha quedado registrado.",
    "accepted_by": "Tu voto ha quedado registrado (vía {route}).",
    "accepted_id": "ID del voto",
    "receipt": "Consta en el registro: mira su recibo",
    "no_answer": "Aún no hay respuesta. Enviaremos el mismo voto de nuevo en {seconds} s.",
    "retrying": "Ahora mismo no se puede votar. Enviaremos el mismo voto de nuevo en {seconds} s.",
    "retrying_busy": "Llegan demasiados votos desde tu red. "
    "Enviaremos el mismo voto de nuevo en {seconds} s.",
    "waiting_online": "No tienes conexión. Enviaremos tu voto en cuanto la recuperes.",
    "gave_up": "No hemos podido confirmar que tu voto haya llegado. "
    "Pulsa el botón para enviar el mismo voto de nuevo; solo contará una vez.",
    "must_fill": "Rellena este campo.",
    "pick_hint": "Rellena el formulario de votación.",
    "newest": "Últimos votos",
    "time": "Hora",
    "no_votes": "No hay votos que mostrar.",
    "older": "Votos anteriores",
    "back": "Volver a los últimos",
    "log_failed": "No se han podido cargar los votos. Inténtalo de nuevo.",
    "live": "En directo",
    "connecting": "Conectando…",
    "lost": "Conexión perdida. Reconectando…",
    "offline": "No tienes conexión",
    "as_of": "A las {time}",
    "tally_away": "Los resultados no están disponibles ahora mismo. "
    "Los votos se guardan y se contarán.",
    "log_away": "Los últimos votos no están disponibles ahora mismo.",
    "stale": "Estás viendo los últimos datos disponibles; se actualizarán automáticamente.",
    "leads": "{album}, de {name}, va en cabeza con {votes} votos.",
    "no_script": "Estos son los resultados al cargar la página; "
    "para verlos en directo hace falta JavaScript. Puedes votar sin él.",
    "reload": "Recargar",
    "polls_on": "Votaciones",
    "open_now": "abierta",
    "opens_on": "se abre a las",
    "other_language": "English",
    "api": "Descripción de la API",
}

CATALOGUE: Final[Mapping[Language, Messages]] = {
    "en": {**FORM_WORDS["en"], **_EN},
    "es": {**FORM_WORDS["es"], **_ES},
}


def format_speed(language: Language, rate: float | None) -> str:
    """Return votes per second: small ones with a decimal, unknown ones as a dash."""
    return "–" if rate is None else format_number(language, rate, 1 if 0 < rate < 9.95 else 0)
