"""Documents whose duplicates are known: each is made of atoms (a sentence, a fact in a slot), and holds what they hold.

Dropping a document is right where all of its atoms stand in the document kept. Copies differ in spacing, case,
punctuation, a few letters or a line around the text, which are no atoms.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from filters.document import Document

_SYLLABLES = {
    "en": [a + b + c for a in "bcdfghjklmnprstvwz" for b in "aeiou" for c in ("", "", "n", "r", "st")],
    "ko": list(
        "가나다라마바사아자차카타파하고노도로모보소오조구누두루무부수우주기니디리미비시이지한국문화경제사회정부시장학교"
    ),
}
_PARTICLES = ["은", "는", "이", "가", "을", "를", "에서", "으로", "의", ""]


@dataclass(frozen=True)
class Planted:
    """A document, the kind of plant, and its atoms."""

    document: Document
    kind: str
    atoms: frozenset[str]


def words_of(chance: random.Random, language: str, count: int = 4000) -> list[str]:
    """Different made-up words; Korean ones bear no particles yet."""
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(chance.choices(_SYLLABLES[language], k=chance.randint(2, 4))))
    return sorted(found)


def sentence(chance: random.Random, language: str, words: Sequence[str]) -> str:
    """A sentence of 6 to 20 words; a few words are frequent, as in any language."""
    picked = [words[min(len(words) - 1, int(chance.paretovariate(0.6)) * 3)] for _ in range(chance.randint(6, 20))]
    if language == "ko":
        return " ".join(word + chance.choice(_PARTICLES) for word in picked) + "다."
    return " ".join(picked).capitalize() + "."


class Maker:
    """Makes planted documents in a language from one seed.

    sentences  a function that gives a new sentence each time; made-up ones by default
    """

    def __init__(self, language: str, seed: int, sentences: Callable[[], str] | None = None) -> None:
        self.chance = random.Random(seed)
        self.language = language
        self.words = words_of(self.chance, language)
        self.new = sentences or (lambda: sentence(self.chance, language, self.words))
        self.made: list[Planted] = []

    def add(self, kind: str, text: str, atoms: Sequence[str]) -> Planted:
        """Add a document."""
        number = len(self.made)
        name = f"{self.language}-{kind}-{number}"
        document = Document(name, text, f"http://{kind}.example/{number}", {"language": self.language})
        self.made.append(Planted(document, kind, frozenset(atoms)))
        return self.made[-1]

    def sentences(self, least: int, most: int) -> list[str]:
        """Some new sentences."""
        return [self.new() for _ in range(self.chance.randint(least, most))]

    def article(self, kind: str, least: int = 8, most: int = 60) -> Planted:
        """An article of its own."""
        atoms = self.sentences(least, most)
        return self.add(kind, " ".join(atoms), atoms)

    def copy(self, of: Planted, kind: str = "copy") -> Planted:
        """A true copy: the same words in another dress."""
        text = of.document.text
        for change in self.chance.sample([self._spacing, self._case, self._line, self._letters, str], k=2):
            text = change(text)
        return self.add(kind, text, sorted(of.atoms))

    def _spacing(self, text: str) -> str:
        return self.chance.choice(["\n", "  ", "\t"]).join(text.split(" "))

    def _case(self, text: str) -> str:
        return text.upper() if self.chance.random() < 0.5 else text.replace(".", "")

    def _line(self, text: str) -> str:
        line = f"{self.chance.randint(1, 28)}.{self.chance.randint(1, 12)}.2024 {self.chance.choice(self.words)}"
        return f"{line}\n{text}" if self.chance.random() < 0.5 else f"{text}\n{line}"

    def _letters(self, text: str) -> str:
        """One word in a hundred with a letter less or more."""
        parts = text.split(" ")
        for _ in range(len(parts) // 100):
            place = self.chance.randrange(len(parts))
            parts[place] = parts[place][1:] or parts[place] * 2
        return " ".join(parts)

    def pages_of_a_template(self, count: int, facts: float) -> None:
        """Pages of the same sentences, in which this share of the words are facts of the page."""
        frame = " ".join(self.sentences(10, 25)).split(" ")
        slots = self.chance.sample(range(len(frame)), max(1, round(facts * len(frame))))
        for _ in range(count):
            parts = list(frame)
            values = []
            for slot in slots:
                value = (
                    self.chance.choice(self.words) if self.chance.random() < 0.6 else str(self.chance.randint(2, 9999))
                )
                parts[slot] = value
                values.append(f"{slot}={value}")
            page = self.add(f"template-{facts:.0%}", " ".join(parts), ["frame", *values])
            if self.chance.random() < 0.2:
                self.copy(page)

    def in_a_frame(self, count: int, share: float) -> None:
        """Texts of their own between the same head and foot, which make up this share of each page."""
        head, foot = self.sentences(8, 12), self.sentences(8, 12)
        size = sum(len(one.split()) for one in (*head, *foot))
        for _ in range(count):
            body: list[str] = []
            while sum(len(one.split()) for one in body) < size * (1 - share) / share:
                body.append(self.new())
            self.add(f"frame-{share:.0%}", " ".join([*head, *body, *foot]), [*head, *body, *foot])

    def quoted(self) -> None:
        """An article and a longer one that holds all of it, and one that holds half of it."""
        article = self.article("quoted", 20, 40)
        atoms = sorted(article.atoms)
        text = article.document.text
        comment = self.sentences(3, 8)
        self.add("quoting", f"{text} {' '.join(comment)}", [*atoms, *comment])
        parts = text.split(". ")
        kept = parts[: len(parts) // 2]
        other = self.sentences(len(kept), len(kept) + 10)
        half = [atom for atom in atoms if any(part in atom for part in kept)]
        self.add("quoting-half", " ".join([*(f"{part}." for part in kept), *other]), [*half, *other])

    def editions(self, count: int, changed: float) -> None:
        """Editions of a chapter: this share of the sentences is another one in each."""
        chapter = self.sentences(30, 60)
        for _ in range(count):
            atoms = [self.new() if self.chance.random() < changed else one for one in chapter]
            self.add(f"edition-{changed:.0%}", " ".join(atoms), atoms)


def planted(language: str, seed: int = 1, size: int = 1, sentences: Callable[[], str] | None = None) -> list[Planted]:
    """All kinds of plants, in an order of their own; size multiplies how many there are."""
    maker = Maker(language, seed, sentences)
    for _ in range(40 * size):
        article = maker.article("article")
        for _ in range(maker.chance.choice([0, 1, 1, 2, 5])):
            maker.copy(article)
    for facts in (0.05, 0.08, 0.12, 0.2, 0.4):
        maker.pages_of_a_template(15 * size, facts)
    for share in (0.5, 0.7, 0.85):
        maker.in_a_frame(12 * size, share)
    for _ in range(8 * size):
        maker.quoted()
    for changed in (0.1, 0.3):
        maker.editions(4 * size, changed)
    maker.chance.shuffle(maker.made)
    return maker.made


def judged(made: Sequence[Planted], lost: dict[str, str]) -> dict[str, float]:
    """Figures of a decision (id dropped -> id kept).

    right   removals by which no atom is lost, and their share (precision)
    copies  documents beyond the first of those with equal atoms, and the share of them dropped (recall)
    """
    known = {one.document.id: one for one in made}
    right = sum(known[gone].atoms <= known[kept].atoms for gone, kept in lost.items())
    groups: dict[frozenset[str], list[str]] = {}
    for one in made:
        groups.setdefault(one.atoms, []).append(one.document.id)
    copies = sum(len(group) - 1 for group in groups.values())
    caught = sum(min(len(group) - 1, sum(name in lost for name in group)) for group in groups.values())
    return {
        "removed": len(lost),
        "precision": right / len(lost) if lost else 1.0,
        "copies": copies,
        "recall": caught / copies if copies else 1.0,
    }
