"""The byte n-gram model as a proxy: it sees spelling, vocabulary and a few bytes of context, and decides."""

from collections.abc import Callable, Sequence

from curate.ablation.proxies.contract import Costs, Proxy, References, size_of
from filters.text.bytelm import ORDER, ByteModel


def _open(references: References) -> Callable[[Sequence[str]], Costs]:
    sizes = {name: size_of(texts) for name, texts in references.items()}

    def costs(training: Sequence[str]) -> Costs:
        model = ByteModel(size_of(training))
        for text in training:
            model.train(text)
        return {name: sum(map(model.bits, texts)) / sizes[name] for name, texts in references.items()}

    return costs


BYTE_NGRAM = Proxy(
    "byte n-gram",
    f"An interpolated Kneser-Ney model over up to {ORDER} bytes of context: it sees spelling, vocabulary and what "
    "is adjacent, but neither grammar nor the order of lines.",
    _open,
)
