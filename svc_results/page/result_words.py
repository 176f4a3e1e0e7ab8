"""How the result of a poll comes about, in words: what classes of voters weigh, and ties."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from svc_results.page.messages import Messages
from svc_results.polls.poll_state import PollState
from voting.pages.languages import Language
from voting.pages.numbers import format_percent
from voting.polls.definition import CLASS_PREFIX, RANK_SUM, VOTES

_EN: Final[Messages] = {
    "weights": "Each group counts as much as shown above, however many votes it casts.",
    "ties": "Ties are decided in this order: {rules}.",
    "ties_one": "Ties are decided by {rules}.",
    "ties_shared": "Ties are decided by {rules}; what is still equal shares a place.",
    "tie": "Tie-break: {rule}",
    "by_rank-sum": "the sum of all ratings",
    "by_votes": "the number of votes",
    "by_class": "the votes of “{name}”",
    "by_order": "the order of the ballot",
    "class_audience": "Audience",
    "class_jury": "Jury",
    "class_press": "Press",
}

_ES: Final[Messages] = {
    "weights": "Cada grupo cuenta lo que se indica arriba, sean cuantos sean sus votos.",
    "ties": "Los empates se deciden en este orden: {rules}.",
    "ties_one": "Los empates se deciden por {rules}.",
    "ties_shared": "Los empates se deciden por {rules}; si persisten, se comparte el puesto.",
    "tie": "Desempate: {rule}",
    "by_rank-sum": "la suma de las puntuaciones",
    "by_votes": "el número de votos",
    "by_class": "los votos de «{name}»",
    "by_order": "el orden de la papeleta",
    "class_audience": "Público",
    "class_jury": "Jurado",
    "class_press": "Prensa",
}

RESULT_CATALOGUE: Final[Mapping[Language, Messages]] = {"en": _EN, "es": _ES}


class WeighedClass(NamedTuple):
    """A class of voters as the page names it, and its part of all weights, as a percentage."""

    label: str
    weight: str


class ResultRules(NamedTuple):
    """What the page says about how a result comes about.

    `classes` is empty unless there are several. `ties` has what is said of an entry that is behind
    another one by a rule.
    """

    classes: list[WeighedClass]
    sentences: list[str]
    ties: dict[str, str]

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script needs of it."""
        return {"classes": [one.label for one in self.classes], "ties": self.ties}


def result_rules(language: Language, poll: PollState) -> ResultRules:
    """Return how a poll's result comes about; empty where votes and rank sums decide."""
    words = RESULT_CATALOGUE[language]
    classes = poll.voters.classes if poll.voters and len(poll.voters.classes) > 1 else []
    if not (classes or poll.ties):
        return ResultRules([], [], {})
    weight = sum(one.weight for one in classes)
    weighed = [
        WeighedClass(class_label(language, one.name), _percent(language, 100 * one.weight / weight))
        for one in classes
    ]
    rules = poll.ties or [RANK_SUM]
    texts = {rule: _rule_text(language, rule, poll) for rule in rules}
    return ResultRules(
        weighed,
        [*([words["weights"]] if classes else []), _sentence(words, poll, list(texts.values()))],
        {rule: words["tie"].format(rule=text) for rule, text in texts.items()},
    )


def class_label(language: Language, name: str) -> str:
    """Return the name of a class as people read it: the usual ones in their language."""
    words = name.replace("-", " ")
    return RESULT_CATALOGUE[language].get(f"class_{name}", words[0].upper() + words[1:])


def _sentence(words: Messages, poll: PollState, texts: Sequence[str]) -> str:
    key = "ties_shared" if not poll.ties else "ties_one" if len(texts) == 1 else "ties"
    return words[key].format(rules="; ".join(texts))


def _rule_text(language: Language, rule: str, poll: PollState) -> str:
    words = RESULT_CATALOGUE[language]
    if rule.startswith(CLASS_PREFIX):
        name = class_label(language, rule.removeprefix(CLASS_PREFIX))
        return words["by_class"].format(name=name)
    if rule == RANK_SUM and poll.rank_min == poll.rank_max:
        rule = VOTES  # where one picks, nobody rates
    return words[f"by_{rule}"]


def _percent(language: Language, percent: float) -> str:
    return format_percent(language, percent, 0 if percent == round(percent) else 1)
