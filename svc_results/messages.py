"""The page's words in each language, and the choice of the language."""

import re
from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "es"]
Messages = Mapping[str, str]

# The first one speaks when a browser asks for none of them.
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
    "album": "Album",
    "name": "Artist or band",
    "year": "Year",
    "rank": "Rank",
    "rank_scale": "Rank, 1 to 100",
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
    "vote": "Cast your vote",
    "cast": "Vote",
    "casting": "Sending…",
    "accepted": "Your vote counts. It went by {route}.",
    "accepted_id": "Vote id",
    "retrying": "The service cannot take votes now. Trying again in {seconds} s, same vote.",
    "gave_up": "Your vote was not taken. Press the button to send the same vote again.",
    "refused": "Not accepted: {detail}",
    "must_fill": "Please fill this in.",
    "must_be_between": "Must be {min} to {max}.",
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
    "as_of": "As of {time}",
    "tally_away": "The count cannot be read now: Redis does not answer. "
    "Votes are kept and will be counted.",
    "log_away": "The newest votes cannot be read now: MongoDB does not answer.",
    "stale": "What you see is the last known state; it renews itself.",
    "leads": "{album} by {name} leads with {votes} votes.",
    "no_script": "Live updates and voting need JavaScript. This is the result as of now.",
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
    "album": "Disco",
    "name": "Artista o grupo",
    "year": "Año",
    "rank": "Puntuación",
    "rank_scale": "Puntuación, de 1 a 100",
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
    "vote": "Vota",
    "cast": "Votar",
    "casting": "Enviando…",
    "accepted": "Tu voto cuenta. Llegó por {route}.",
    "accepted_id": "Id. del voto",
    "retrying": "El servicio no acepta votos ahora. Nuevo intento en {seconds} s, mismo voto.",
    "gave_up": "Tu voto no se pudo entregar. Pulsa el botón para enviar de nuevo el mismo voto.",
    "refused": "No aceptado: {detail}",
    "must_fill": "Rellena este campo.",
    "must_be_between": "Debe ser de {min} a {max}.",
    "pick_hint": "Rellena el formulario de voto.",
    "newest": "Últimos votos",
    "time": "Hora",
    "no_votes": "Aquí no hay votos.",
    "older": "Votos anteriores",
    "back": "Volver a los últimos",
    "log_failed": "No se pudieron cargar los votos.",
    "live": "En directo",
    "connecting": "Conectando…",
    "lost": "Sin conexión. Reintentando…",
    "as_of": "A las {time}",
    "tally_away": "El recuento no se puede leer ahora: Redis no responde. "
    "Los votos se guardan y se contarán.",
    "log_away": "Los últimos votos no se pueden leer ahora: MongoDB no responde.",
    "stale": "Ves el último estado conocido; se renueva por sí solo.",
    "leads": "{album}, de {name}, va en cabeza con {votes} votos.",
    "no_script": "Para votar y ver los cambios en directo hace falta JavaScript. "
    "Este es el resultado en este momento.",
    "reload": "Recargar",
    "other_language": "English",
    "api": "Descripción de la API",
}

CATALOGUE: Final[Mapping[Language, Messages]] = {"en": _EN, "es": _ES}

# Languages of one header that are looked at, the first ones; browsers send a handful.
RANGES_MAX: Final = 20
_QVALUE: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")  # RFC 9110, section 12.4.2


def choose_language(accept_language: str | None) -> Language:
    """Return the language of ours that an `Accept-Language` header (RFC 9110) prefers."""
    best: Language = "en"
    best_quality = 0.0
    for part in (accept_language or "").split(",", RANGES_MAX)[:RANGES_MAX]:
        tag, _, parameter = part.partition(";")
        quality = _quality(parameter)
        for language in CATALOGUE:
            if quality > best_quality and tag.strip().lower().partition("-")[0] == language:
                best, best_quality = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    return float(value) if _QVALUE.fullmatch(value.strip()) else 0.0


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
