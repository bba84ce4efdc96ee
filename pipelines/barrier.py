"""The barrier between per-document stages and a decision over the whole corpus.

Documents are spooled where they are (Spool gives a Shard), the decision sees only their packed keys (decide on one
machine, CorpusDecision on an engine that shuffles), and each shard is re-read with what was decided (reread). Text
never crosses a shuffle.
"""

from filters.dedup.clusters import Keys, losers
from pipelines.deciding import Decision, DecisionError, check_against, decide
from pipelines.shuffled import CorpusDecision
from pipelines.spool import Shard, Spool, documents, reread

__all__ = [
    "CorpusDecision",
    "Decision",
    "DecisionError",
    "Keys",
    "Shard",
    "Spool",
    "check_against",
    "decide",
    "documents",
    "losers",
    "reread",
]
