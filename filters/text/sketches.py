"""Sketches of sets of shingles, and how much of one set stands in another.

A sketch is the upper 32 bits of the SKETCH smallest hashes of a set, ascending. Two sets are compared on the hashes
below the smaller of their bounds, where both sketches are complete: a sample of either set that is chosen by the hashes
alone (Cohen and Kaplan 2007). Sets of up to SKETCH hashes are compared exactly.
"""

import numpy as np
from numba import njit

SKETCH = 1024
PROBES = 64  # the smallest hashes of a document, by which the survivors that resemble it are looked up
CROWDED = 32  # survivors that share a hash beyond which the hash tells nothing about which of them to compare with
_UPPER = np.uint64(32)
_LAST = np.uint32(0xFFFFFFFF)


def smallest(hashes: np.ndarray, count: int = SKETCH) -> np.ndarray:
    """The upper halves of the `count` smallest different hashes, ascending: uint32, at most count of them."""
    if len(hashes) > 2 * count:  # sorting all takes many times as long
        found = _ascending(hashes[hashes < np.uint64(int(1.5 * count / len(hashes) * (1 << 64)))])
        if len(found) >= count:
            return found[:count]
    return _ascending(hashes)[:count]


def _ascending(hashes: np.ndarray) -> np.ndarray:
    values = (hashes >> _UPPER).astype(np.uint32)
    values.sort()
    if not len(values):
        return values
    different = np.empty(len(values), dtype=bool)
    different[0] = True
    np.not_equal(values[1:], values[:-1], out=different[1:])
    return values[different]


@njit(cache=True)
def _shared(a, b, count):  # type: ignore[no-untyped-def]
    """(values of a, values of b, values in both) below the smaller bound of two sketches."""
    bound = _LAST
    if len(a) == count:
        bound = min(bound, a[-1])
    if len(b) == count:
        bound = min(bound, b[-1])
    i, j, both = 0, 0, 0
    while i < len(a) and j < len(b) and a[i] <= bound and b[j] <= bound:
        first, second = a[i], b[j]
        both += first == second
        i += first <= second
        j += second <= first
    while i < len(a) and a[i] <= bound:
        i += 1
    while j < len(b) and b[j] <= bound:
        j += 1
    return i, j, both


@njit(cache=True)
def containment(a, b, count=SKETCH):  # type: ignore[no-untyped-def]
    """The share of the set sketched as a that stands in the set sketched as b; 0 for an empty a."""
    mine, _, both = _shared(a, b, count)
    return both / mine if mine else 0.0


@njit(cache=True)
def jaccard(a, b, count=SKETCH):  # type: ignore[no-untyped-def]
    """The Jaccard similarity of two sketched sets; 0 where both are empty."""
    mine, theirs, both = _shared(a, b, count)
    union = mine + theirs - both
    return both / union if union else 0.0


@njit(cache=True)
def test_clusters(values, bounds, lengths, clusters, groups, starts, limits, most, kept, found):  # type: ignore[no-untyped-def]
    """Test each member of some clusters against survivors of its cluster; kept and found are filled.

    values, bounds  sketches: the words of member m are values[bounds[m, 0]:bounds[m, 1]], its characters end at
                    bounds[m, 2]
    lengths         words of each member
    clusters        int64, shape (c + 1,): where the members of each cluster begin; they are in the order of survivors
    groups, starts  the number of the group of members that share a probe, int32 of shape (m, PROBES); where the places
                    of each group begin, int64 of shape (g + 1,)
    limits          (containment, Jaccard similarity) from which on a member goes; above 1 where there is no such test
    most            survivors that a member is compared with
    kept            int64, shape (m,): the survivor for which a member goes, -1 where it survives
    found           float64, shape (m, 2): the figure that decided, and the Jaccard similarity to that survivor
    """
    posted = np.empty(starts[-1], np.int32)  # the survivors of each group, in order
    filled = np.zeros(len(starts) - 1, np.int32)
    score = np.zeros(len(lengths), np.int32)
    touched = np.empty(groups.shape[1] * CROWDED, np.int32)
    chosen = np.empty(most, np.int64)
    first = np.empty(most, np.int64)
    for number in range(len(clusters) - 1):
        survivors = 0
        for member in range(clusters[number], clusters[number + 1]):
            count = 0
            for probe in range(groups.shape[1]):
                group = groups[member, probe]
                if group < 0 or filled[group] > CROWDED:
                    continue
                for place in range(starts[group], starts[group] + filled[group]):
                    other = posted[place]
                    if score[other] == 0:
                        touched[count] = other
                        count += 1
                    score[other] += 1
            taken = 0
            while taken < min(most, count):  # those that share most probes; of equals, the one that comes first
                best = -1
                for place in range(count):
                    other = touched[place]
                    if score[other] > 0 and (
                        best < 0 or score[other] > score[best] or (score[other] == score[best] and other < best)
                    ):
                        best = other
                score[best] = -1
                chosen[taken] = best
                taken += 1
            for place in range(min(survivors, most)):  # else the first survivors of the cluster
                if taken < most and score[first[place]] >= 0:
                    chosen[taken] = first[place]
                    taken += 1
            for place in range(count):
                score[touched[place]] = 0
            kept[member] = -1
            for place in range(taken):
                other = chosen[place]
                similar = jaccard(
                    values[bounds[member, 1] : bounds[member, 2]], values[bounds[other, 1] : bounds[other, 2]]
                )
                decides = similar
                if similar < limits[1] and lengths[other] >= lengths[member]:
                    decides = containment(
                        values[bounds[member, 0] : bounds[member, 1]], values[bounds[other, 0] : bounds[other, 1]]
                    )
                    if decides < limits[0]:
                        continue
                elif similar < limits[1]:
                    continue
                kept[member] = other
                found[member, 0], found[member, 1] = decides, similar
                break
            if kept[member] < 0:
                if survivors < most:
                    first[survivors] = member
                survivors += 1
                for probe in range(groups.shape[1]):
                    group = groups[member, probe]
                    if group >= 0:
                        posted[starts[group] + filled[group]] = member
                        filled[group] += 1
