"""What a proxy is: training texts and reference texts in, a cost for each reference out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

References = Mapping[str, Sequence[str]]  # name -> texts
Costs = dict[str, float]


@dataclass(frozen=True)
class Proxy:
    """A way to ask what reference texts cost a model of some training texts. Less is nearer.

    name    as reports call it
    about   one sentence for reports: what it looks at
    open    gives, for references held fixed, a function from training texts to bits per byte of each reference; the
            same texts give the same figures
    """

    name: str
    about: str
    open: Callable[[References], Callable[[Sequence[str]], Costs]]


def size_of(texts: Sequence[str]) -> int:
    """Bytes of some texts in UTF-8."""
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
