"""Proxies: which arm's text prepares better for some reference texts, without training a large model.

`contract.py` says what a proxy is; `byte_ngram.py` and `unigram.py` are one each. What they share is beside them: the
reference texts, samples of equal bytes, controls made from the base, the mixture held fixed, and the decisions.
"""
