"""The texts of the page of a receipt, in each language."""

from collections.abc import Mapping
from typing import Final

from voting.pages.languages import Language

_EN: Final = {
    "title": "Receipt of a vote",
    "counted": "Your vote is number {number} of {of} in part {part} of the record: counted.",
    "counted_soon": "Your vote is counted.",
    "not_counted": "This vote does not count: it came after the end, or for what cannot be "
    "voted for.",
    "excluded": "Your vote is number {number} of {of} in part {part} of the record, and does not "
    "count: the organisers excluded it by ruling {ruling}.",
    "excluded_soon": "Your vote is recorded and does not count: the organisers excluded it by "
    "ruling {ruling}.",
    "reason": "Their reason",
    "excluded_hint": "No vote is deleted: it stays in the record. The final result lists each "
    "ruling, who proposed and who approved it, and how many votes it excludes.",
    "not_there": "No vote with this id is in the record.",
    "not_there_hint": "If it was sent a moment ago, load this page again in a few seconds.",
    "wrong_id": "This is not the id of a vote. Please check the address.",
    "unavailable": "The record cannot be read right now. Please load this page again soon.",
    "soon_hint": "Its proof follows within seconds: load this page again.",
    "rank": "Rank",
    "id": "Vote ID",
    "short_id": "The same, shorter",
    "recorded": "What is recorded",
    "how": "How anybody can check it",
    "how_file": "The receipt as a file has the record of this vote, a proof, and a checkpoint.",
    "how_proof": "From record and proof follows a number, the root. The checkpoint must have the "
    "same root: then the vote is in the record, and can neither be changed nor taken out of it.",
    "how_key": "The checkpoint must be signed with the public key of the organisers.",
    "how_others": "Everybody must see the same checkpoints, and each must continue the one before. "
    "They are public.",
    "unsigned": "The organisers have not set a key, so the checkpoint is not signed.",
    "file": "Receipt as a file",
    "checkpoint": "Newest checkpoint",
    "not": "It does not prove that voters are people, or that nobody was paid. Whoever has the "
    "address of this page sees this vote, so keep it to yourself.",
    "reload": "Reload",
    "other_language": "Español",
    "to_the_page": "Go to the voting page",
}

_ES: Final = {
    "title": "Recibo de un voto",
    "counted": "Tu voto es el número {number} de {of} en la parte {part} del registro: contado.",
    "counted_soon": "Tu voto está contado.",
    "not_counted": "Este voto no cuenta: llegó después del cierre, o era para algo que no se puede "
    "votar.",
    "excluded": "Tu voto es el número {number} de {of} en la parte {part} del registro y no "
    "cuenta: la organización lo excluyó con la resolución {ruling}.",
    "excluded_soon": "Tu voto está registrado y no cuenta: la organización lo excluyó con la "
    "resolución {ruling}.",
    "reason": "Su motivo",
    "excluded_hint": "No se borra ningún voto: sigue en el registro. El resultado definitivo "
    "enumera cada resolución, quién la propuso y quién la aprobó, y cuántos votos excluye.",
    "not_there": "En el registro no hay ningún voto con este ID.",
    "not_there_hint": "Si se envió hace un momento, recarga esta página dentro de unos segundos.",
    "wrong_id": "Este no es el ID de un voto. Comprueba la dirección.",
    "unavailable": "Ahora mismo no se puede leer el registro. Recarga esta página dentro de poco.",
    "soon_hint": "La prueba llegará en unos segundos: recarga esta página.",
    "rank": "Puntuación",
    "id": "ID del voto",
    "short_id": "Lo mismo, más corto",
    "recorded": "Lo que consta",
    "how": "Cómo puede comprobarlo cualquiera",
    "how_file": "El recibo en un archivo contiene el registro de este voto, una prueba y un punto "
    "de control.",
    "how_proof": "Del registro y de la prueba se obtiene un número, la raíz. El punto de control "
    "debe tener la misma raíz: entonces el voto consta en el registro, y no se puede cambiar ni "
    "retirar.",
    "how_key": "El punto de control debe estar firmado con la clave pública de la organización.",
    "how_others": "Todo el mundo debe ver los mismos puntos de control, y cada uno debe continuar "
    "el anterior. Son públicos.",
    "unsigned": "La organización no ha configurado ninguna clave, así que el punto de control no "
    "está firmado.",
    "file": "Recibo en un archivo",
    "checkpoint": "Último punto de control",
    "not": "No demuestra que quienes votan sean personas, ni que nadie haya cobrado por su voto. "
    "Quien tenga la dirección de esta página ve este voto: no la compartas.",
    "reload": "Recargar",
    "other_language": "English",
    "to_the_page": "Ir a la página de votación",
}

RECEIPT_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {"en": _EN, "es": _ES}
