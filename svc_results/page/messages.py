"""The page's words in each language."""

from collections.abc import Mapping
from typing import Final

from voting.pages.form_words import FORM_WORDS
from voting.pages.languages import Language

Messages = Mapping[str, str]

_EN: Final[Messages] = {
    "title": "Album vote, live",
    "lead": "Every vote counts once. The result grows while you watch.",
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
    "show_all": "Show the first {n}",
    "show_less": "Show the first 10 only",
    "rate": "Votes per second",
    "rate_text": "gRPC {grpc}, HTTP {http} votes per second",
    "route": "Route",
    "share": "{percent} of all votes",
    "last_minute": "last 60 seconds",
    "casting": "Sending…",
    "casting_again": "Sending your vote once more; it counts once.",
    "accepted": "Your vote counts.",
    "accepted_by": "Your vote counts. It went by {route}.",
    "accepted_id": "Vote id",
    "no_answer": "No answer yet. Trying again in {seconds} s, same vote.",
    "retrying": "Votes cannot be taken right now. Trying again in {seconds} s, same vote.",
    "retrying_busy": "Very many votes come from your network. "
    "Trying again in {seconds} s, same vote.",
    "waiting_online": "You are offline. Your vote is sent as soon as you are online again.",
    "gave_up": "We do not know yet whether your vote arrived. "
    "Press the button to send the same vote again; it counts once.",
    "must_fill": "Please fill this in.",
    "pick_hint": "Fills in the vote form.",
    "newest": "Newest votes",
    "time": "Time",
    "no_votes": "No votes here.",
    "older": "Older votes",
    "back": "Back to the newest",
    "log_failed": "The votes could not be loaded.",
    "live": "Live",
    "connecting": "Connecting…",
    "lost": "Connection lost. Trying again…",
    "offline": "You are offline",
    "as_of": "As of {time}",
    "tally_away": "The count cannot be shown right now. Votes are kept and will be counted.",
    "log_away": "The newest votes cannot be shown right now.",
    "stale": "What you see is the last known state; it renews itself.",
    "leads": "{album} by {name} leads with {votes} votes.",
    "no_script": "This is the result as of now; live updates need JavaScript. "
    "You can vote without it.",
    "reload": "Reload",
    "other_language": "Español",
    "api": "API description",
}

_ES: Final[Messages] = {
    "title": "Votación de discos, en directo",
    "lead": "Cada voto cuenta una vez. El resultado crece mientras lo miras.",
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
    "rate_text": "gRPC {grpc}, HTTP {http} votos por segundo",
    "route": "Ruta",
    "share": "{percent} de los votos",
    "last_minute": "últimos 60 segundos",
    "casting": "Enviando…",
    "casting_again": "Enviando tu voto otra vez; cuenta una sola vez.",
    "accepted": "Tu voto cuenta.",
    "accepted_by": "Tu voto cuenta. Llegó por {route}.",
    "accepted_id": "Id. del voto",
    "no_answer": "Aún no hay respuesta. Nuevo intento en {seconds} s, mismo voto.",
    "retrying": "Ahora mismo no se pueden recibir votos. Nuevo intento en {seconds} s, mismo voto.",
    "retrying_busy": "Llegan muchísimos votos desde tu red. "
    "Nuevo intento en {seconds} s, mismo voto.",
    "waiting_online": "No tienes conexión. Tu voto se enviará en cuanto vuelvas a tenerla.",
    "gave_up": "Aún no sabemos si tu voto ha llegado. "
    "Pulsa el botón para enviar de nuevo el mismo voto; cuenta una sola vez.",
    "must_fill": "Rellena este campo.",
    "pick_hint": "Rellena el formulario de voto.",
    "newest": "Últimos votos",
    "time": "Hora",
    "no_votes": "Aquí no hay votos.",
    "older": "Votos anteriores",
    "back": "Volver a los últimos",
    "log_failed": "No se pudieron cargar los votos.",
    "live": "En directo",
    "connecting": "Conectando…",
    "lost": "Conexión perdida. Reintentando…",
    "offline": "No tienes conexión",
    "as_of": "A las {time}",
    "tally_away": "El recuento no se puede mostrar ahora mismo. "
    "Los votos se guardan y se contarán.",
    "log_away": "Los últimos votos no se pueden mostrar ahora mismo.",
    "stale": "Ves el último estado conocido; se renueva por sí solo.",
    "leads": "{album}, de {name}, va en cabeza con {votes} votos.",
    "no_script": "Este es el resultado en este momento; para verlo cambiar en directo "
    "hace falta JavaScript. Votar puedes sin él.",
    "reload": "Recargar",
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


def format_number(language: Language, number: float, digits: int = 0) -> str:
    """Return a number as the language writes it, as `Intl.NumberFormat` does in the browser."""
    plain = f"{number:,.{digits}f}"
    if language == "en":
        return plain
    # Spanish groups from five digits on (RAE, Ortografía, "los números de más de cuatro cifras").
    if abs(number) < 10_000:
        plain = plain.replace(",", "")
    return plain.translate(str.maketrans(",.", ".,"))
