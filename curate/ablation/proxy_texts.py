"""The proxy of an ablation: which texts its model is trained on for each arm, and the figures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.ablation import controls, proxy
from curate.ablation.arms import Ablation
from curate.ablation.decide import DecidedArm
from curate.ablation.scored import Scored, StoredTexts
from filters.document import RawPage
from pipelines.reading import read
from pipelines.reading.units import Piece, expand


def figures(
    ablation: Ablation, scored: Scored, decided: Mapping[str, DecidedArm], stored: StoredTexts
) -> dict[str, Any] | None:
    """Bits per byte of every arm, trained on equal bytes of each; None where the ablation asks for no proxy."""
    if ablation.proxy is None:
        return None
    reference = proxy.Reference(_reference_texts(ablation.proxy.reference))
    available = [int(scored.bytes(one.node)[one.kept].sum()) for one in decided.values()]
    most = min([ablation.proxy.bytes, *(size for size in available if size)])
    arms: dict[str, Callable[[int], Iterable[str]]] = {}
    for name, one in decided.items():
        if one.kept.any():
            arms[name] = _Training(scored, stored, one, most).kept
    base = decided[ablation.base.name]
    if "random-removal" in ablation.controls:
        for name, one in decided.items():
            if one is not base and one.group == base.group and one.kept.any():
                arms[f"{name} (random removal)"] = _Training(scored, stored, one, most).after_random_removal
    if ablation.base.name not in arms:
        return {"why": "the base keeps nothing", "arms": [], "caveat": proxy.CAVEAT}
    return proxy.compare(arms, ablation.base.name, reference, most, ablation.proxy.seeds)


@dataclass(frozen=True)
class _Training:
    """Texts of an arm's final text path to train on, by seed. most: bytes to train on."""

    scored: Scored
    stored: StoredTexts
    arm: DecidedArm
    most: int

    def kept(self, seed: int) -> list[str]:
        """Texts that the arm keeps."""
        return self._texts(self.arm.kept, seed)

    def after_random_removal(self, seed: int) -> list[str]:
        """Texts that are left when random ones go until as many bytes are left as the arm keeps."""
        node = self.arm.node
        ids, sizes = self.scored.pages(node).ids, self.scored.bytes(node)
        left = int(sizes[self.arm.kept].sum())
        return self._texts(controls.budget(ids, sizes, self.scored.reached(node), left, seed, "removal"), seed)

    def _texts(self, mask: np.ndarray, seed: int) -> list[str]:
        node = self.arm.node
        order = proxy.training_order(self.scored.pages(node).ids, self.scored.bytes(node), mask, self.most, seed)
        found = self.stored(node, order)
        return [found[row] for row in order if row in found]


def _reference_texts(inputs: Sequence[str]) -> list[str]:
    texts = []
    for path in expand(list(inputs)):
        for event in read(Piece(path)):
            if isinstance(event, RawPage) and event.media_type == "text/plain":
                texts.append(event.body.decode("utf-8", "replace"))
    return texts
