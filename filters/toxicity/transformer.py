"""Judge a text by a text-classification model of Hugging Face transformers in a local folder."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from filters.contracts import ResourceError, Scores, strategy
from filters.document import Document
from filters.needs import need
from filters.toxicity.classifier import Classifier


@strategy
class Transformer(Classifier):
    """Drops texts that a text-classification transformer in a local folder finds toxic.

    The folder holds config.json, a fast tokenizer and weights as safetensors; nothing is downloaded, no code of the
    folder is run, and pickled weights are refused. A text longer than `max_tokens` is scored in pieces, and `toxicity`
    is the highest of them. Models with one label per text (softmax) and with several (sigmoid) are told apart by the
    folder's configuration. Runs on the CPU, in float32.
    """

    model: str = Field(min_length=1, description="folder with config.json, a tokenizer and model.safetensors")
    sha256: str | None = Field(None, description="expected sha256 over the files of the folder, as the plan shows it")
    labels: tuple[str, ...] = Field(("toxic",), min_length=1, description="the labels of toxic texts")
    batch_size: int = Field(16, ge=1, description="pieces of a document that go through the model together")
    max_tokens: int = Field(512, ge=8, description="tokens of a piece, the special ones included")

    def check(self) -> None:
        """Raises ResourceError where the packages or the model are missing or a label is unknown."""
        self._load()

    def resources(self) -> Mapping[str, str]:
        """One sha256 over the names and contents of the folder's files."""
        return {"model": self._hash()}

    def open(self) -> Callable[[Document], Scores]:
        """Scores of shape {"toxicity": p, "toxicity_mean": p}; NaN for an empty text.

        The mean is over pieces at level document, over sentences (of which a long one may be several pieces) else.
        """
        import torch

        from filters.toxicity.preparation import line

        tokenizer, model, wanted = self._load()
        several = model.config.problem_type == "multi_label_classification" or model.config.num_labels == 1
        room = min(self.max_tokens, _positions(model, tokenizer))
        batch_size = self.batch_size

        def score(texts: list[str]) -> list[float]:
            lines = [prepared for prepared in map(line, texts) if prepared]
            if not lines:
                return []
            pieces = tokenizer(lines, truncation=True, max_length=room, return_overflowing_tokens=True)
            pieces.pop("overflow_to_sample_mapping", None)
            values: list[float] = []
            for start in range(0, len(pieces["input_ids"]), batch_size):
                part = {name: rows[start : start + batch_size] for name, rows in pieces.items()}
                batch = tokenizer.pad(part, return_tensors="pt")
                with torch.inference_mode():
                    logits = model(**batch).logits
                shares = logits.sigmoid() if several else logits.softmax(dim=-1)
                chosen = shares[:, wanted]
                values.extend((chosen.max(dim=-1).values if several else chosen.sum(dim=-1)).tolist())
            return [min(1.0, max(0.0, value)) for value in values]

        return self.by_level(score)

    def _hash(self) -> str:
        folder = Path(self.model).expanduser()
        if not (folder / "config.json").is_file():
            raise ResourceError(f"toxicity/transformer: {folder} has no config.json")
        total = hashlib.sha256()
        for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")):
            with path.open("rb") as file:
                total.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return total.hexdigest()

    def _load(self) -> tuple[Any, Any, list[int]]:
        """Tokenizer, model, and the indices of the toxic labels."""
        if (found := self._hash()) != (self.sha256 or found):
            raise ResourceError(f"toxicity/transformer: the folder's sha256 is {found}, not the one given")
        need("torch", "toxicity/transformer")
        transformers = need("transformers", "toxicity/transformer")
        folder = str(Path(self.model).expanduser())
        local = {"local_files_only": True, "trust_remote_code": False}
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            model = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, use_safetensors=True, **local
            )
        except (ImportError, OSError, RuntimeError, ValueError, KeyError) as error:
            raise ResourceError(f"toxicity/transformer: cannot load the model: {error!s:.200}") from error
        model.float().eval()
        index = {name: number for number, name in model.config.id2label.items()}
        missing = sorted(set(self.labels) - set(index))
        if missing:
            raise ResourceError(
                f"toxicity/transformer: the model has no label {missing[0]} (it has: {', '.join(sorted(index))})"
            )
        return tokenizer, model, sorted(index[label] for label in self.labels)


def _positions(model: Any, tokenizer: Any) -> int:
    """The tokens the model can take at once; RoBERTa and its kin use two positions for the padding."""
    positions = getattr(model.config, "max_position_embeddings", None) or 1 << 20
    padding = 2 if "roberta" in model.config.model_type else 0
    return min(positions - padding, tokenizer.model_max_length)
